import type { Problem } from '@keelson/core/problems';
import type { Logger } from '@keelson/edge/service';
import type { CallLog } from './calls';

const quietMs = 60_000;
const kept = 1_000;

/** Says once a minute what would otherwise be said with each request. */
export class QuietCallLog implements CallLog {
  private readonly said = new Map<string, number>();

  constructor(
    private readonly log: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  unevaluated = (title: string, message: string): void => {
    if (this.isNew(`${title} ${message}`)) this.log.warn({ object: title, reason: message }, 'could not be evaluated');
  };

  unreadable = (problems: readonly Problem[]): void => {
    for (const { field, message } of problems)
      if (this.isNew(`${field ?? ''} ${message}`))
        this.log.warn({ attribute: field, reason: message }, 'an attribute of a request counts as absent');
  };

  private isNew(text: string): boolean {
    const now = this.now();
    if (now - (this.said.get(text) ?? -Infinity) < quietMs) return false;
    this.said.delete(text);
    this.said.set(text, now);
    for (const oldest of this.said.keys()) {
      if (this.said.size <= kept) break;
      this.said.delete(oldest);
    }
    return true;
  }
}
