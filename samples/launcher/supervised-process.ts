import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Guard } from './guard';
import { LaunchError } from './launch-error';

export interface ProcessSpec {
  name: string;
  command: readonly [string, ...string[]];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Its standard output and error. */
  logFile: string;
  /** Whether it does its work; asked again until it says so. */
  ready: () => Promise<boolean>;
  readyWithinMs: number;
}

const stopLimitMs = 12_000;
const hurryLimitMs = 3_000;
const firstDelayMs = 500;
const lastDelayMs = 30_000;
/** A process that ran this long starts again without having to wait for its earlier failures. */
const steadyMs = 60_000;

/** A process that is kept running: started again, with growing delays, when it ends by itself. */
export class SupervisedProcess {
  private child: ChildProcess | undefined;
  private wanted = false;
  private delayMs = firstDelayMs;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    readonly spec: ProcessSpec,
    private readonly guard: Guard,
    private readonly report: (line: string) => void,
  ) {}

  /** Starts it and waits until it is ready; an early end is an error that shows the end of its log. */
  async start(signal: AbortSignal): Promise<void> {
    this.wanted = true;
    keepPrevious(this.spec.logFile);
    const child = this.launch();
    const deadline = Date.now() + this.spec.readyWithinMs;
    while (!(await this.spec.ready())) {
      signal.throwIfAborted();
      if (this.child !== child) throw new LaunchError(`${this.spec.name} ended while it started${this.logTail()}`);
      if (Date.now() > deadline)
        throw new LaunchError(
          `${this.spec.name} is not ready after ${this.spec.readyWithinMs / 1000} s${this.logTail()}`,
        );
      await pause(50, undefined, { signal });
    }
    child.once('exit', () => {
      this.restartLater();
    });
    if (this.child !== child) this.restartLater();
  }

  /** Ends it: SIGTERM, after a while again for haste, and SIGKILL for what does not heed either. */
  async stop(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.restart);
    const { child } = this;
    if (child?.pid === undefined) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    });
    sendToProcess(child.pid, 'SIGTERM');
    const late = setTimeout(() => {
      this.report(`${this.spec.name} did not stop within ${stopLimitMs / 1000} s`);
      this.hurry();
    }, stopLimitMs);
    await ended;
    clearTimeout(late);
  }

  /** Ends it at once: a second signal makes the components drop what they still wait for. */
  hurry(): void {
    this.wanted = false;
    clearTimeout(this.restart);
    const pid = this.child?.pid;
    if (pid === undefined) return;
    sendToProcess(pid, 'SIGTERM');
    setTimeout(() => {
      if (this.child?.pid === pid) sendToGroup(pid, 'SIGKILL');
    }, hurryLimitMs).unref();
  }

  private launch(): ChildProcess {
    const { command, cwd, env, logFile, name } = this.spec;
    const [file, ...args] = command;
    const log = openSync(logFile, 'a', 0o600);
    // A process group of its own: Ctrl-C in the terminal reaches the launcher alone, which stops all in order.
    const child = spawn(file, args, { cwd, env: this.guard.marked(env), stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.child = child;
    const group = child.pid;
    if (group !== undefined) this.guard.add(group);
    const ended = (): void => {
      if (this.child === child) this.child = undefined;
      if (group === undefined) return;
      // What it started and left behind would hold its ports.
      sendToGroup(group, 'SIGKILL');
      this.guard.remove(group);
    };
    child.once('error', (error) => {
      this.report(`${name}: ${error.message}`);
      ended();
    });
    child.once('exit', ended);
    return child;
  }

  private restartLater(): void {
    if (!this.wanted) return;
    const delay = this.delayMs;
    this.report(
      `${this.spec.name} ended by itself; it is started again in ${delay / 1000} s (see ${this.spec.logFile})`,
    );
    this.delayMs = Math.min(delay * 2, lastDelayMs);
    this.restart = setTimeout(() => {
      const started = Date.now();
      const child = this.launch();
      const again = (): void => {
        if (Date.now() - started > steadyMs) this.delayMs = firstDelayMs;
        this.restartLater();
      };
      child.once(child.pid === undefined ? 'error' : 'exit', again);
    }, delay);
  }

  private logTail(): string {
    const lines = readFileSync(this.spec.logFile, 'utf8').trimEnd().split('\n').slice(-12);
    return `; the end of ${this.spec.logFile}:\n${lines.map((line) => line.slice(0, 500)).join('\n')}`;
  }
}

/** Begins a new log; the one of the run before stays beside it. */
function keepPrevious(logFile: string): void {
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
}

function sendToGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid !== undefined) sendToProcess(-pid, signal);
}

function sendToProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
