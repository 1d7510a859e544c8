import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { launcherMark } from './marked-processes';

/**
 * Ends what was started if the launcher itself dies without doing so (SIGKILL): a small process of its own, which holds the
 * other end of a pipe and knows the process groups. What was started in the very moment of the death, before its group could
 * be told, is known by the mark in its environment.
 */
export class Guard {
  private readonly watchdog: ChildProcess;
  private readonly mark = randomUUID();

  constructor() {
    this.watchdog = spawn(process.execPath, [join(__dirname, 'watchdog.js'), this.mark], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.watchdog.unref();
    // A watchdog that was killed is no reason to end the mesh.
    this.watchdog.on('error', () => undefined);
    this.watchdog.stdin?.on('error', () => undefined);
  }

  /** The environment of a process that must not outlive the launcher. */
  marked(env: Readonly<Record<string, string>>): Record<string, string> {
    return { ...env, [launcherMark]: this.mark };
  }

  /** A process group that must not outlive the launcher. */
  add(group: number): void {
    this.watchdog.stdin?.write(`+${group}\n`);
  }

  /** A process group that has ended. */
  remove(group: number): void {
    this.watchdog.stdin?.write(`-${group}\n`);
  }

  /** Everything was stopped in order. */
  async dismiss(): Promise<void> {
    if (this.watchdog.exitCode !== null || this.watchdog.signalCode !== null) return;
    this.watchdog.ref();
    const ended = new Promise((resolve) => this.watchdog.once('exit', resolve));
    this.watchdog.stdin?.end();
    await ended;
  }
}
