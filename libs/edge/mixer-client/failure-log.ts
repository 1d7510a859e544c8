import { status } from '@grpc/grpc-js';
import type { GrpcError, Logger } from '@keelson/edge/service';

const outages: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);

/** Whether a status says that nobody was there to answer, so that another attempt may help. */
export function isOutage({ code }: Pick<GrpcError, 'code'>): boolean {
  return outages.has(code);
}

/**
 * Logs that checks fail, without a line for each request: an outage once, until an answer ends it, and any other failure
 * once, until there is one for another reason.
 */
export class FailureLog {
  readonly #log: Logger;
  #away = false;
  #reason = '';

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether an outage goes on. */
  get away(): boolean {
    return this.#away;
  }

  failed(error: GrpcError): void {
    const reason = error.message;
    if (isOutage(error)) {
      if (!this.#away) this.#log.warn({ reason }, 'Mixer does not answer checks');
      this.#away = true;
    } else if (reason !== this.#reason) {
      this.#reason = reason;
      this.#log.warn({ reason }, 'Mixer could not decide on a request');
    }
  }

  answered(): void {
    if (this.#away) this.#log.info('Mixer answers again');
    this.#away = false;
  }
}
