import type { Findings } from '../findings';

/** Tells each value that was seen before, at its field. */
export class Repeated {
  private readonly seen = new Set<string | number>();

  constructor(
    private readonly findings: Findings,
    private readonly what: string,
  ) {}

  check(field: string, value: string | number | undefined): void {
    if (value === undefined || value === '') return;
    if (this.seen.has(value)) this.findings.add(field, `${this.what} ${String(value)} is there already`, 'duplicate');
    this.seen.add(value);
  }
}
