import { writePrivateFile } from '@keelson/edge/service';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** What is written down of a process, so that a later agent knows it again. */
interface ProcessRecord {
  format: 1;
  pid: number;
  /** Start in the kernel's ticks: ids are used again. */
  start: number;
  boot: string;
  /** What it was started for; another purpose means another process. */
  purpose: string;
}

/** How a process ended; unknown where it was not our child. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const pollMs = 500;

/** A process that outlives the agent that started it, and is taken up by the next one. */
export class LongProcess {
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  private isRunning = true;

  private constructor(
    readonly pid: number,
    readonly adopted: boolean,
    private readonly recordFile: string,
    ended: Promise<Exit>,
  ) {
    this.exited = ended.then((exit) => {
      this.isRunning = false;
      rmSync(this.recordFile, { force: true });
      return exit;
    });
  }

  /** The process that an earlier agent wrote down, if it still runs and is for the same purpose; another is ended. */
  static async adopt(recordFile: string, purpose: string): Promise<LongProcess | undefined> {
    const record = readRecord(recordFile);
    if (!record) return undefined;
    if (!runs(record)) {
      rmSync(recordFile, { force: true });
      return undefined;
    }
    const found = new LongProcess(record.pid, true, recordFile, watch(record));
    if (record.purpose === purpose) return found;
    await found.stop('SIGTERM', 5_000);
    return undefined;
  }

  /** Starts a process in a session of its own, so that signals to the agent's group do not reach it. */
  static async start(
    recordFile: string,
    purpose: string,
    command: string,
    args: readonly string[],
    options: Pick<SpawnOptions, 'stdio' | 'cwd' | 'env'>,
  ): Promise<LongProcess> {
    const child = spawn(command, args, { ...options, detached: true });
    const ended = exitOf(child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const pid = child.pid ?? 0;
    const start = startOf(pid);
    if (start !== undefined) {
      const record: ProcessRecord = { format: 1, pid, start, boot: bootId(), purpose };
      writePrivateFile(recordFile, `${JSON.stringify(record)}\n`);
    }
    return new LongProcess(pid, false, recordFile, ended);
  }

  get running(): boolean {
    return this.isRunning;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended this moment; whoever waits for it hears of that.
    }
  }

  /** Asks the process to end, and ends it after the given time. */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<Exit> {
    this.signal(signal);
    const kill = setTimeout(() => {
      this.signal('SIGKILL');
    }, graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(kill);
    }
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => {
      resolve({ code: 127, signal: null });
    });
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

/** Waits for the end of a process that is nobody's child here. */
async function watch(record: ProcessRecord): Promise<Exit> {
  while (runs(record)) await new Promise((resolve) => setTimeout(resolve, pollMs).unref());
  return { code: null, signal: null };
}

function runs(record: ProcessRecord): boolean {
  return record.boot === bootId() && startOf(record.pid) === record.start;
}

function readRecord(file: string): ProcessRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessRecord> | null;
    return value?.format === 1 && Number.isInteger(value.pid) && (value.pid ?? 0) > 1
      ? (value as ProcessRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** When a process started, undefined where none of this id runs (a zombie does not). */
function startOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The program's name stands in parentheses and may hold anything: fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}
