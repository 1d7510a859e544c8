import { ProblemError, type Problem } from '@keelson/core/problems';
import { objectKey, type NameScope } from '@keelson/core/config';
import { refOf, watchDocuments, type FolderState } from '@keelson/edge/config-log';
import type { Health, Logger } from '@keelson/edge/service';
import type { Configuration } from '../configuration';
import { problemLine } from '../api/documents';
import { planFolder } from './folder-plan';

export interface FolderSourceOptions {
  dir: string;
  /** `folder:<id>` */
  owner: string;
  configuration: Configuration;
  scope: NameScope;
  log: Logger;
  health: Health;
  signal: AbortSignal;
}

const retryMs = 1_000;

/** Keeps the log at what a folder holds, as the owner of those objects. */
export class FolderSource {
  private state: FolderState | undefined;
  private due = new Set<string>();
  private readonly withheld = new Set<string>();
  private everythingDue = true;
  private running = false;
  private refused: readonly Problem[] = [];
  private unsound: readonly Problem[] = [];
  private told = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FolderSourceOptions) {
    const { dir, log, scope, health, configuration, signal } = options;
    health.set('config-dir', false, `${dir} was not read yet`);
    const watch = watchDocuments({
      dir,
      log,
      scope,
      onChange: (state, { put, remove }, problems) => {
        this.state = state;
        this.unsound = problems;
        for (const checked of put) this.due.add(objectKey(refOf(checked)));
        for (const ref of remove) this.due.add(objectKey(ref));
        // What was not known to be gone may be now.
        for (const key of this.withheld) this.due.add(key);
        void this.run();
      },
    });
    configuration.follower.listen({
      // What was refused for a reference may be fine now.
      onCommit: () => {
        if (this.refused.length > 0) this.later(200);
      },
      onLoaded: () => {
        this.later(0);
      },
    });
    signal.addEventListener('abort', () => {
      clearTimeout(this.timer);
      watch.stop();
    });
  }

  /** What is wrong with the folder now. */
  get problems(): readonly Problem[] {
    return [...this.unsound, ...this.refused];
  }

  private later(ms: number): void {
    this.everythingDue = true;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.run();
    }, ms);
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (this.state && (this.everythingDue || this.due.size > 0)) await this.commit(this.state);
    } finally {
      this.running = false;
    }
    this.tell();
  }

  private async commit(state: FolderState): Promise<void> {
    const { configuration, owner, log, health, signal } = this.options;
    const keys = this.everythingDue ? 'all' : [...this.due];
    this.everythingDue = false;
    this.due.clear();
    let problems: readonly Problem[] = [];
    try {
      const { committed, revision } = await configuration.writer.write({
        changes: (snapshot) => {
          const plan = planFolder(snapshot, state, owner, keys, configuration.adapters);
          problems = plan.problems;
          // At once: the folder may change again while this is being committed.
          if (keys === 'all') this.withheld.clear();
          else for (const key of keys) this.withheld.delete(key);
          for (const key of plan.withheld) this.withheld.add(key);
          return plan.requested;
        },
        owner,
        author: owner,
        reason: 'the folder changed',
        source: owner,
      });
      if (committed) log.info({ revision, owner }, 'the folder was committed');
      if (keys === 'all' || problems.length > 0) this.refused = problems;
      health.set('config-dir', true);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof ProblemError ? error.message : String(error);
      log.warn({ owner, reason }, 'the folder could not be committed; trying again');
      this.later(retryMs);
      this.everythingDue = false;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      this.everythingDue = true;
    }
  }

  private tell(): void {
    const lines = this.problems.map(problemLine);
    if (lines.join('\n') === this.told) return;
    this.told = lines.join('\n');
    for (const problem of this.problems) this.options.log.warn(problem, 'something of the folder is not in force');
  }
}
