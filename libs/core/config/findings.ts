import type { Problem, ProblemCode } from '@keelson/core/problems';

/** Collects what is wrong with one object, and what is only worth telling. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];

  constructor(private readonly object: string) {}

  add(field: string, message: string, code: ProblemCode = 'invalid-value'): void {
    this.problems.push({ code, message, object: this.object, field });
  }

  /** A field or value that the API has and that is not served yet. */
  unsupported(field: string, what = ''): void {
    this.add(field, what === '' ? 'not supported yet' : `${what} is not supported yet`, 'not-supported');
  }

  warn(field: string, message: string): void {
    this.warnings.push({ code: 'invalid-value', message, object: this.object, field });
  }
}
