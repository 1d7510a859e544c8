import type { Commit } from './commit';

/** A commit at its place in the log. */
export interface LogEntry {
  seq: number;
  commit: Commit;
}

/** Where commits live, in one order for all. */
export interface ConfigLog {
  /** Which life of the stream this is: sequences of different epochs do not compare. */
  readonly epoch: string;
  /** The sequence of the newest commit; 0 in an empty log. */
  last(): Promise<number>;
  /**
   * Puts a commit behind `expectedSeq` and returns its sequence. Throws ProblemError `conflict` if somebody was faster,
   * `unavailable` if it cannot be known; a commit whose `id` is in the log already is not written twice.
   */
  append(commit: Commit, expectedSeq: number): Promise<number>;
  /** Every commit from `fromSeq` on, then new ones as they come, until the signal. */
  read(fromSeq: number, signal?: AbortSignal): AsyncIterable<LogEntry>;
}
