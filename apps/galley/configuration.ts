import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemError } from '@keelson/core/problems';
import type { ConfigLog, NameScope } from '@keelson/core/config';
import type { AdapterTable } from '@keelson/core/policy';
import {
  CommitWriter,
  JetStreamLog,
  MemoryLog,
  SnapshotFollower,
  type FoldListener,
  type ReadMark,
} from '@keelson/edge/config-log';
import { writePrivateFile, type Health, type Logger, type NatsLink } from '@keelson/edge/service';
import { History } from './history';
import { knownCommit } from './keyed-commits';

export interface ConfigurationOptions {
  /** Without one the log is in memory. */
  link: NatsLink | undefined;
  /** Where it is remembered how far the log was read; not needed in memory. */
  dataDir: string | undefined;
  replicas: number;
  scope: NameScope;
  /** The adapters that Mixers have. */
  adapters: AdapterTable;
  listeners: readonly FoldListener[];
  log: Logger;
  health: Health;
  /** The fold has stopped for good. */
  onBroken: () => void;
  signal: AbortSignal;
}

/** The log as this Galley has it: its fold, its history, and the way to write. */
export class Configuration {
  private constructor(
    readonly follower: SnapshotFollower,
    readonly history: History,
    readonly writer: CommitWriter,
    readonly adapters: AdapterTable,
  ) {}

  /** Opens the log and starts to follow it; resolves when everything in it is folded. */
  static async open(options: ConfigurationOptions): Promise<Configuration> {
    const { scope, listeners, log, health, signal } = options;
    const configLog = await openLog(options);
    const follower = new SnapshotFollower({ log: configLog, scope, logger: log, health });
    const history = new History();
    const writer = new CommitWriter({
      log: configLog,
      follower,
      adapters: options.adapters,
      known: (id, changes) => knownCommit(history, id, changes),
    });
    follower.listen({
      onCommit: (folded) => {
        history.add(folded);
      },
      onReplaced: () => {
        history.clear();
      },
    });
    for (const listener of listeners) follower.listen(listener);
    const loaded = new Promise<void>((resolve) => {
      follower.listen({
        onLoaded: () => {
          resolve();
        },
      });
    });
    const running = follower.run(signal).catch((error: unknown) => {
      // A fold that stopped half-way cannot be trusted: this process ends, and starts anew from the log.
      log.fatal({ err: error }, 'the log cannot be followed any more');
      options.onBroken();
    });
    await Promise.race([loaded, running]);
    return new Configuration(follower, history, writer, options.adapters);
  }

  /** Throws ProblemError while the log is read anew. */
  ensureLoaded(): void {
    if (!this.follower.loaded) throw problemError('unavailable', 'the log is being read; try again in a moment');
  }
}

async function openLog({ link, dataDir, replicas, log, health, signal }: ConfigurationOptions): Promise<ConfigLog> {
  if (!link) return new MemoryLog();
  const file = dataDir === undefined ? undefined : join(dataDir, 'read-mark.json');
  const jetstream = await JetStreamLog.open(
    {
      link,
      log,
      replicas,
      remembered: file === undefined ? undefined : readMarkIn(file),
      markFile: file,
      onWaiting: (reason) => {
        health.set('config-log', false, reason);
      },
    },
    signal,
  );
  if (file !== undefined) keepReadMark(jetstream, file, signal);
  return jetstream;
}

function readMarkIn(file: string): ReadMark | undefined {
  try {
    const { epoch, seq, id } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ReadMark>;
    return typeof epoch === 'string' && typeof seq === 'number' && typeof id === 'string'
      ? { epoch, seq, id }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A mark that is a few seconds old does its work as well: it only has to be of the history that was read. */
function keepReadMark(jetstream: JetStreamLog, file: string, signal: AbortSignal): void {
  let written = 0;
  const write = (): void => {
    const mark = jetstream.readMark;
    if (!mark || mark.seq === written) return;
    written = mark.seq;
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    writePrivateFile(file, `${JSON.stringify({ version: 1, ...mark })}\n`);
  };
  const timer = setInterval(write, 5_000);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    write();
  });
}
