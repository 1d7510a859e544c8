/**
 * What can be wrong with what a user asked for. Each code becomes one HTTP status, one gRPC status and one exit code,
 * at the edge.
 */
export type ProblemCode =
  | 'malformed' // not YAML, not JSON, not decodable
  | 'unknown-kind'
  | 'unknown-field'
  | 'invalid-value'
  | 'not-supported' // known to the API, not served yet
  | 'bad-reference' // points at an object that does not exist
  | 'duplicate'
  | 'owned-by-other'
  | 'too-large'
  | 'not-found'
  | 'conflict'
  | 'unauthenticated'
  | 'forbidden'
  | 'unavailable';

/** One thing that is wrong, in the user's terms. */
export interface Problem {
  code: ProblemCode;
  message: string;
  /** The object as users name it: `VirtualService default/reviews`. */
  object?: string;
  /** The path of the field: `spec.http[0].route[1].weight`. */
  field?: string;
  /** Where it stands in the input, counted from 1. */
  line?: number;
}

/** Carries problems up to the edge that tells the user. */
export class ProblemError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(describe).join('\n'));
    this.name = 'ProblemError';
  }

  /** The code of the first problem, by which a status is chosen. */
  get code(): ProblemCode {
    return this.problems[0]?.code ?? 'invalid-value';
  }
}

function describe(problem: Problem): string {
  return [problem.object, problem.field, problem.message].filter((part) => part !== undefined).join(': ');
}

/** An error of a single problem. */
export function problemError(
  code: ProblemCode,
  message: string,
  where: Omit<Problem, 'code' | 'message'> = {},
): ProblemError {
  return new ProblemError([{ code, message, ...where }]);
}
