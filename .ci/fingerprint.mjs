// Whether what was built is of the sources as they are: nx puts its outputs in place anew each time it is asked, and what runs
// from them meanwhile would miss files.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['apps', 'libs', 'protos', 'samples'];
const files = ['.swcrc', 'nx.json', 'package-lock.json', 'tsconfig.base.json', join('.ci', 'build.mjs')];
const outputs = ['dist', join('libs', 'api', 'gen', 'image.binpb')];
const made = /(^|\/)(gen|\.staging|node_modules)(\/|$)/;

const stampOf = (root) => join(root, 'dist', '.sources');

/** A hash over everything that the build reads. */
export function fingerprint(root) {
  const hash = createHash('sha256').update(process.version);
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
      .filter((file) => !made.test(file)),
  );
  for (const file of [...sources, ...files].sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Whether the build of these sources ended well, and what it made is there. */
export function isBuilt(root, sources) {
  return (
    outputs.every((output) => existsSync(join(root, output))) &&
    existsSync(stampOf(root)) &&
    readFileSync(stampOf(root), 'utf8') === sources
  );
}

export function forgetBuild(root) {
  rmSync(stampOf(root), { force: true });
}

export function noteBuild(root, sources) {
  writeFileSync(stampOf(root), sources);
}
