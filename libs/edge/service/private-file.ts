import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FatalError } from './fatal-error';

/** Writes a file so that after a crash it holds the old text or the new, and only its owner can ever read it. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const file = openSync(draft, 'wx', 0o600);
  try {
    // The umask may have taken bits from the mode that open was given; a wider one cannot be.
    fchmodSync(file, 0o600);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Makes a folder that only its owner can enter, and refuses one that others can. */
export function makePrivateDir(path: string): void {
  try {
    makeDir(path);
  } catch (error) {
    throw new FatalError(
      `the folder ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0)
    throw new FatalError(`${path} can be read by others (mode ${(mode & 0o777).toString(8)}); make it 0700`);
}

// Not mkdir's own recursion: in Node 20 it never returns where a file system denies that a folder's parent exists.
function makeDir(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || existsSync(parent)) throw error;
    makeDir(parent);
    mkdirSync(path, { mode: 0o700 });
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
