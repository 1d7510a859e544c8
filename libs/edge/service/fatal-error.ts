/** A failure that the user can mend; its message is the one line that is printed, and the exit code is 1. */
export class FatalError extends Error {}
