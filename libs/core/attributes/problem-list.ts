import type { Problem } from '@keelson/core/problems';

const maxProblems = 16;

/** Problems of one message, as many as a log can bear: a message of a thousand bad entries makes no thousand of them. */
export class ProblemList {
  #problems: Problem[] | undefined;

  /** @param problem makes it, unless there are enough */
  add(problem: () => Problem): void {
    const problems = (this.#problems ??= []);
    if (problems.length < maxProblems) problems.push(problem());
  }

  get list(): readonly Problem[] {
    return this.#problems ?? [];
  }

  clear(): void {
    this.#problems = undefined;
  }
}
