import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from './fatal-error';
import { makePrivateDir } from './private-file';

/** A folder that another process of ours holds; the message is the one line that the user sees. */
export class LockError extends FatalError {}

/**
 * Takes a folder for this process alone, making it (0700) if need be; returns what gives it back. A lock whose holder has
 * died is taken over: the holder is known by its process id and its start, since ids are used again.
 */
export function lockDir(path: string): () => void {
  makePrivateDir(path);
  const lock = join(path, 'lock');
  const mine = `${process.pid} ${startOf(process.pid) ?? 0} ${randomBytes(6).toString('hex')}\n`;
  const draft = `${lock}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, mine, { flag: 'wx', mode: 0o600 });
  try {
    for (let tries = 0; tries < 10; tries++) {
      try {
        // A link appears whole or not at all, so nobody reads a lock that is half written.
        linkSync(draft, lock);
        return () => {
          if (textOf(lock) === mine) rmSync(lock, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const held = textOf(lock);
      if (held === undefined) continue;
      const [pid, start] = held.trim().split(' ').map(Number);
      if (pid !== undefined && alive(pid, start)) throw new LockError(`${path} is in use by process ${pid}`);
      const aside = `${lock}.${randomBytes(6).toString('hex')}`;
      try {
        renameSync(lock, aside);
      } catch {
        continue;
      }
      // Between reading and renaming somebody else may have taken it over: then it is given back.
      if (textOf(aside) !== held) renameSync(aside, lock);
      else rmSync(aside, { force: true });
    }
    throw new LockError(`${path} cannot be locked`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function alive(pid: number, start: number | undefined): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const since = startOf(pid);
  return since === undefined || !start || since === start;
}

/** When a process started, in the kernel's ticks; undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name of the program stands in parentheses and may hold anything, so fields are counted from the last one.
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isFinite(ticks) ? ticks : undefined;
}
