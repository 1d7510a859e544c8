import { makePrivateDir } from '@keelson/edge/service';
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The kernel's limit, its closing zero included. */
const limit = 108;

/**
 * Where a socket for Envoy is: in the agent's folder, or, where its path would be too long for the kernel, in a private
 * folder below the temporary one that is named for it. The same folder gives the same path: a running Envoy dials it.
 */
export function socketPath(folder: string, name: string): string {
  const path = join(resolve(folder), name);
  if (Buffer.byteLength(path) < limit) return path;
  const short = join(tmpdir(), `keelson-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12)}`);
  makePrivateDir(short);
  const owner = lstatSync(short);
  if (!owner.isDirectory() || owner.uid !== process.getuid?.())
    throw new Error(`${short} belongs to somebody else: use a shorter --data-dir`);
  return join(short, name);
}
