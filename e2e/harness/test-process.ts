import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { until } from './until';

/** The clone. */
export const root = resolve(__dirname, '..', '..');

const stopLimitMs = 15_000;
let watchdog: ChildProcess | undefined;

/** Ends the process groups of this test process should it be killed before it does so itself. */
function guard(line: string): void {
  if (watchdog === undefined) {
    watchdog = spawn(process.execPath, [join(root, 'e2e', 'harness', 'watchdog.mjs')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
  }
  watchdog.stdin?.write(`${line}\n`);
}

export interface TestProcessOptions {
  name: string;
  command: readonly string[];
  folder: string;
  env?: Record<string, string | undefined>;
  /** Whether it does its work. */
  ready: () => Promise<boolean>;
}

/** A process of the mesh under test, which scenarios stop, kill and start again. */
export class TestProcess {
  readonly logFile: string;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: TestProcessOptions) {
    this.logFile = join(options.folder, `${options.name}.log`);
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    const { child } = this;
    if (child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return child.pid;
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  /** Starts it and waits until it is ready. */
  async start(withinMs = 20_000): Promise<this> {
    this.launch();
    await until(`${this.name} ready`, withinMs, async () => {
      if (!this.running) return 'ended';
      return (await this.options.ready()) && 'ready';
    }).then((state) => {
      if (state === 'ended') throw new Error(`${this.name} ended while it started:\n${this.logTail()}`);
    });
    return this;
  }

  /** Starts it without waiting. */
  launch(): void {
    const { command, env, folder } = this.options;
    const [file, ...args] = command;
    if (file === undefined) throw new Error('a command is needed');
    const log = openSync(this.logFile, 'a');
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...process.env, JEST_WORKER_ID: undefined, NODE_ENV: undefined, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.child = child;
    const group = child.pid;
    if (group !== undefined) guard(String(group));
    this.ended = new Promise((resolve) => {
      const done = (): void => {
        if (this.child === child) this.child = undefined;
        if (group !== undefined) guard(`-${group}`);
        resolve();
      };
      child.once('exit', done);
      child.once('error', done);
    });
  }

  /** Ends it as an operator would; one that does not end in time is an error. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child?.pid === undefined) return;
    const { pid } = child;
    process.kill(pid, 'SIGTERM');
    const late = setTimeout(() => {
      killGroup(pid);
    }, stopLimitMs);
    const started = Date.now();
    await this.ended;
    clearTimeout(late);
    // What it leaves behind is its fault, and would disturb the next scenario.
    if (killGroup(pid)) throw new Error(`${this.name} left processes behind`);
    if (Date.now() - started >= stopLimitMs)
      throw new Error(`${this.name} did not stop within ${stopLimitMs / 1000} s:\n${this.logTail()}`);
  }

  /** Ends it by SIGKILL, as a crash would, and nothing else: what it started goes on. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.ended;
  }

  logTail(lines = 30): string {
    if (!existsSync(this.logFile)) return '(no log)';
    const all = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return `--- ${this.name}, the last lines of ${all.length}:\n${all
      .slice(-lines)
      .map((line) => line.slice(0, 600))
      .join('\n')}`;
  }
}

/** Whether there was anything to kill. */
export function killGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 'SIGKILL');
  } catch {
    return false;
  }
}
