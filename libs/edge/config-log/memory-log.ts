import { randomBytes } from 'node:crypto';
import { problemError } from '@keelson/core/problems';
import type { Commit, ConfigLog, LogEntry } from '@keelson/core/config';

/** A name for the life of a log that no other life has. */
export function newEpoch(): string {
  return randomBytes(4).toString('hex');
}

/** A log in this process's memory: for one Galley without NATS, and for tests. */
export class MemoryLog implements ConfigLog {
  readonly epoch: string;
  private readonly entries: LogEntry[] = [];
  private waiting: (() => void)[] = [];

  constructor(epoch = newEpoch()) {
    this.epoch = epoch;
  }

  last(): Promise<number> {
    return Promise.resolve(this.entries.length);
  }

  append(commit: Commit, expectedSeq: number): Promise<number> {
    const own = this.entries.find((entry) => entry.commit.id === commit.id);
    if (own) return Promise.resolve(own.seq);
    if (expectedSeq !== this.entries.length)
      return Promise.reject(
        problemError('conflict', `the log is at ${this.entries.length}, no longer at ${expectedSeq}`),
      );
    const seq = this.entries.push({ seq: expectedSeq + 1, commit });
    for (const wake of this.waiting.splice(0)) wake();
    return Promise.resolve(seq);
  }

  async *read(fromSeq: number, signal?: AbortSignal): AsyncGenerator<LogEntry> {
    const wakeAll = (): void => {
      for (const wake of this.waiting.splice(0)) wake();
    };
    signal?.addEventListener('abort', wakeAll, { once: true });
    for (let next = fromSeq; !(signal?.aborted ?? false); ) {
      const entry = this.entries[next - 1];
      if (entry) {
        next++;
        yield entry;
      } else await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}
