import { revisionName, Snapshot, type Commit, type ConfigLog, type NameScope } from '@keelson/core/config';
import type { Health, Logger } from '@keelson/edge/service';
import { LogReplacedError } from './jetstream-log';

/** A commit that was folded. */
export interface FoldedCommit {
  seq: number;
  revision: string;
  commit: Commit;
  before: Snapshot;
  after: Snapshot;
}

export interface FollowerOptions {
  log: ConfigLog;
  scope?: NameScope;
  logger: Logger;
  health?: Health | undefined;
}

/** Listens to what a follower folds. */
export interface FoldListener {
  /** A commit was folded; also called for those of the past, while the log is first read. */
  onCommit?(folded: FoldedCommit): void;
  /** Everything in the log was folded, at the start or after the log was replaced by another. */
  onLoaded?(snapshot: Snapshot): void;
  /** The log was replaced: what was folded before is history of another epoch. */
  onReplaced?(): void;
}

/** Folds the log into the newest snapshot, for ever. */
export class SnapshotFollower {
  private current: Snapshot;
  private folded = 0;
  private complete = false;
  private readonly listeners: FoldListener[] = [];
  private waiting: { seq: number; done: () => void }[] = [];

  constructor(private readonly options: FollowerOptions) {
    this.current = Snapshot.empty(options.log.epoch, options.scope);
    options.health?.set('config-log', false, 'the log was not read yet');
  }

  /** The newest snapshot; before `loaded` only a part of the log. */
  get snapshot(): Snapshot {
    return this.current;
  }

  /** The sequence of the last commit in the snapshot. */
  get position(): number {
    return this.folded;
  }

  /** Everything that was in the log when it was opened is in the snapshot. */
  get loaded(): boolean {
    return this.complete;
  }

  listen(listener: FoldListener): void {
    this.listeners.push(listener);
  }

  /** Resolves when the snapshot holds the commit of this sequence, or when the log was replaced. */
  async reached(seq: number): Promise<void> {
    if (this.folded >= seq) return;
    await new Promise<void>((done) => this.waiting.push({ seq, done }));
  }

  /** Reads the log until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.followOnce(signal);
      } catch (error) {
        if (isAborted(signal)) return;
        if (!(error instanceof LogReplacedError)) throw error;
        this.options.logger.error({ reason: error.message }, 'the log was replaced; folding the new one');
        this.startOver();
      }
    }
  }

  private async followOnce(signal: AbortSignal): Promise<void> {
    const { log } = this.options;
    const goal = await this.untilKnown(() => log.last(), signal);
    if (goal === undefined) return;
    if (goal <= this.folded) this.finishLoading();
    for await (const { seq, commit } of log.read(this.folded + 1, signal)) {
      this.fold(seq, commit);
      if (!this.complete && seq >= goal) this.finishLoading();
    }
  }

  private async untilKnown<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        return await ask();
      } catch (error) {
        this.options.health?.set('config-log', false, `the log cannot be read: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
    return undefined;
  }

  private fold(seq: number, commit: Commit): void {
    if (commit.changes.length > 0) {
      const before = this.current;
      // The commit's own epoch, not the stream's: a commit keeps its name when the stream is restored into a new epoch.
      const revision = revisionName(commit.epoch, seq);
      this.current = before.fold(commit, revision);
      for (const listener of this.listeners)
        listener.onCommit?.({ seq, revision, commit, before, after: this.current });
    }
    this.folded = seq;
    this.wake(({ seq: wanted }) => wanted <= seq);
  }

  private finishLoading(): void {
    if (this.complete) return;
    this.complete = true;
    this.options.health?.set('config-log', true);
    for (const listener of this.listeners) listener.onLoaded?.(this.current);
  }

  private startOver(): void {
    const { log, scope, health } = this.options;
    this.current = Snapshot.empty(log.epoch, scope);
    this.folded = 0;
    this.complete = false;
    health?.set('config-log', false, 'the log was replaced and is being read');
    for (const listener of this.listeners) listener.onReplaced?.();
    this.wake(() => true);
  }

  private wake(due: (waiter: { seq: number }) => boolean): void {
    const ready = this.waiting.filter(due);
    if (ready.length === 0) return;
    this.waiting = this.waiting.filter((waiter) => !due(waiter));
    for (const { done } of ready) done();
  }
}

/** Read through a function, for the compiler takes a property that was false to stay so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
