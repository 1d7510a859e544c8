/** What the exit codes of meshctl mean; scripts rely on them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** The server refused what was asked, or a proxy refused (NACK) what came of it. */
  refused: 3,
  timeout: 4,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with a message for the user. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.failed,
  ) {
    super(message);
  }
}

/** The command line itself is wrong. */
export function usageError(message: string): Failure {
  return new Failure(message, exitCodes.usage);
}
