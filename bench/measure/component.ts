import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@keelson/edge/service/testing';
import type { PartContext } from '../part';

/** A component as it was built, in a process of its own. */
export interface Component {
  readonly pid: number;
  stop(): Promise<void>;
}

const stopLimitMs = 5_000;

/**
 * Starts a component and waits until it is ready, 30 seconds at most unless told otherwise. Its standard output goes nowhere;
 * its log is kept for the error, should it not become ready.
 */
export async function startComponent(
  name: 'galley' | 'mixer' | 'pilot',
  flags: Readonly<Record<string, string | number | boolean>>,
  { root, folder, signal }: PartContext,
  readyWithinMs = 30_000,
): Promise<Component> {
  const monitoringPort = await freePort();
  const all = { ...flags, 'data-dir': join(folder, name), 'log-level': 'warn', 'monitoring-port': monitoringPort };
  const args = Object.entries(all).map(([flag, value]) => `--${flag}=${String(value)}`);
  const child = spawn(process.execPath, [join(root, 'dist', 'apps', name, 'main.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  // Should this process end before it has stopped what it started.
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-4_000)));
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      reject(new Error(`${name} ended\n${log}`));
    });
  });
  // It is asked again, or awaited, while it starts; an end that is later is seen by whoever uses the component.
  failed.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(late);
  };
  const deadline = Date.now() + readyWithinMs;
  while (!(await Promise.race([isReady(monitoringPort), failed]))) {
    if (Date.now() > deadline) {
      await stop();
      throw new Error(`${name} is not ready after ${readyWithinMs / 1000} s\n${log}`);
    }
    await Promise.race([pause(50), failed]);
  }
  if (child.pid === undefined) throw new Error(`${name} has no process`);
  return { pid: child.pid, stop };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}
