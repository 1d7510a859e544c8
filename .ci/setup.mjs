// What `npm start` and `npm test` need before they can begin, from a bare clone: packages, binaries, the build.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { binaries } from './binaries.mjs';
import { command } from './command.mjs';
import { fingerprint, forgetBuild, isBuilt, noteBuild } from './fingerprint.mjs';
import { announce, SetupError, step } from './progress.mjs';

export const root = resolve(import.meta.dirname, '..');

/** Does the set-up, a line for each step. */
export async function setUp({ signal, build = true } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11))
    throw new SetupError(`Node.js 20.11 or newer is needed, this is ${process.versions.node}`);
  await step('packages', () => packages(signal));
  await step('binaries', () => binaries(root, { signal }));
  if (build) await step('build', () => buildAll(signal));
}

async function buildAll(signal) {
  const sources = fingerprint(root);
  if (isBuilt(root, sources)) return 'unchanged';
  forgetBuild(root);
  await command(root, 'build', [join('node_modules', '.bin', 'nx'), 'run-many', '-t', 'build', '--outputStyle=static'], {
    signal,
  });
  noteBuild(root, sources);
  return undefined;
}

async function packages(signal) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return 'unchanged';
  announce('packages', 'npm ci');
  await command(root, 'npm-ci', ['npm', 'ci'], { signal });
  return 'npm ci';
}
