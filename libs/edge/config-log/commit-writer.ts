import { randomUUID } from 'node:crypto';
import { ProblemError, problemError, type Problem } from '@keelson/core/problems';
import {
  planCommit,
  type Commit,
  type ConfigLog,
  type PlannedResult,
  type RequestedChange,
  type Snapshot,
} from '@keelson/core/config';
import type { AdapterTable } from '@keelson/core/policy';
import type { SnapshotFollower } from './snapshot-follower';

/** What somebody wants to be changed. */
export interface WriteRequest {
  /** What is asked for, perhaps in the light of what is there; asked again after a conflict. */
  changes: (snapshot: Snapshot) => readonly RequestedChange[];
  owner: string;
  author: string;
  reason: string;
  source: string;
  /** Names the commit, and what is asked for: the same id is committed once, whoever tries again. */
  id?: string;
  dryRun?: boolean;
  traceparent?: string | undefined;
}

export interface WriteResult {
  /** The revision that holds what was asked for: that of the commit, or the newest one if nothing had to change. */
  revision: string;
  committed: boolean;
  results: readonly PlannedResult[];
  warnings: readonly Problem[];
}

export interface CommitWriterOptions {
  log: ConfigLog;
  follower: SnapshotFollower;
  /** The adapters that Mixers have: configuration for Mixer is judged with them. */
  adapters?: AdapterTable | undefined;
  now?: () => Date;
  /** How often a commit is validated anew because somebody else was faster. */
  attempts?: number;
  /**
   * What became of this request if it was committed before. Asked whenever the log has grown, right before a commit; throws
   * ProblemError if what the id is made of named another request.
   */
  known?: (id: string, changes: readonly RequestedChange[]) => Pick<WriteResult, 'revision' | 'results'> | undefined;
}

/** How long a writer waits for the fold of what is in the log already. */
const foldMs = 5_000;

/** Turns requests into commits: plans against the newest snapshot, publishes behind it, and plans again on a conflict. */
export class CommitWriter {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: CommitWriterOptions) {}

  /** Throws ProblemError if the request cannot be: nothing was committed then, but for the code `unavailable`. */
  write(request: WriteRequest): Promise<WriteResult> {
    // Writers of one process do not race each other; those of other replicas are met at the log.
    const result = this.queue.then(() => this.writeNow(request));
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async writeNow(request: WriteRequest): Promise<WriteResult> {
    const { log, follower, attempts = 50 } = this.options;
    const id = request.id ?? randomUUID();
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (!follower.loaded) throw problemError('unavailable', 'the log was not read completely yet');
      const { snapshot, position } = follower;
      const changes = request.changes(snapshot);
      const known = request.id === undefined ? undefined : this.options.known?.(request.id, changes);
      if (known && !request.dryRun) return { ...known, committed: true, warnings: [] };
      const plan = planCommit(snapshot, changes, request.owner, this.options.adapters);
      const done = { results: plan.results, warnings: plan.warnings };
      if (request.dryRun || plan.changes.length === 0)
        return { revision: snapshot.revision, committed: false, ...done };
      const commit = this.commitOf(id, plan.changes, request);
      try {
        const seq = await log.append(commit, position);
        await this.folded(seq);
        return { revision: `${commit.epoch}-${seq}`, committed: true, ...done };
      } catch (error) {
        if (!(error instanceof ProblemError) || error.code !== 'conflict') throw error;
        await this.catchUp(position);
      }
    }
    throw problemError('conflict', `${attempts} times somebody else was faster; try again`);
  }

  /** Waits until the commits are folded that stood in the way. */
  private async catchUp(position: number): Promise<void> {
    const { log } = this.options;
    const last = await log.last().catch((error: unknown) => {
      throw problemError('unavailable', `the log cannot be read: ${String(error)}`);
    });
    await this.folded(Math.max(last, position + 1));
  }

  private async folded(seq: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, foldMs)));
    await Promise.race([this.options.follower.reached(seq), late]);
    clearTimeout(timer);
  }

  private commitOf(id: string, changes: Commit['changes'], request: WriteRequest): Commit {
    const { author, reason, source, traceparent } = request;
    const time = (this.options.now?.() ?? new Date()).toISOString();
    const commit: Commit = { format: 1, id, epoch: this.options.log.epoch, changes, author, reason, source, time };
    return traceparent === undefined ? commit : { ...commit, traceparent };
  }
}
