// Runs a command of the set-up quietly; its output goes to a file, and its end is shown when it fails.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './progress.mjs';

/** The set-up's own log files. */
const logs = join('.cache', 'logs');

/** Runs `command` in `root`; a failure is a SetupError with the last lines of what it wrote. `signal` ends it and all it started. */
export async function command(root, name, [file, ...args], { signal, env = process.env } = {}) {
  mkdirSync(join(root, logs), { recursive: true });
  const log = join(root, logs, `${name}.log`);
  const output = openSync(log, 'w');
  // A process group of its own: Ctrl-C reaches it once, by the signal below.
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', output, output], detached: true });
  closeSync(output);
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended already.
    }
  };
  signal?.addEventListener('abort', end, { once: true });
  const outcome = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, by) => resolve(code === 0 ? undefined : `ended with ${by ?? `code ${code}`}`));
  });
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
  if (outcome === undefined) return;
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  throw new SetupError(`${[file, ...args].join(' ')} ${outcome}; the end of ${join(logs, `${name}.log`)}:\n${tail}`);
}
