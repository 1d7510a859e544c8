// Programs that only some tests need, and that a machine may lack: those tests are then skipped, and say why. From PATH, else
// from the machine's Debian packages, unpacked into .cache. Also runs alone.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { step } from './progress.mjs';

const tools = [{ name: 'prometheus', package: 'prometheus', path: 'usr/bin/prometheus' }];

/** Fetches what is not there; tells what there is, and what is missing for which reason. */
export function testTools(root) {
  return tools.map((tool) => `${tool.name} ${present(root, tool) ?? fetched(root, tool)}`).join(', ');
}

function present(root, { name }) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  if (folders.some((folder) => isExecutable(join(folder, name)))) return 'from PATH';
  return isExecutable(join(root, '.cache', 'bin', name)) ? 'unpacked' : undefined;
}

function fetched(root, { name, package: debian, path }) {
  const target = join(root, '.cache', `deb-${debian}`);
  const staging = `${target}.${process.pid}`;
  try {
    mkdirSync(staging, { recursive: true });
    const quietly = { cwd: staging, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 };
    execFileSync('apt-get', ['download', '-q', debian], quietly);
    const file = readdirSync(staging).find((each) => each.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', file, '.'], quietly);
    execFileSync(join(staging, path), ['--version'], quietly);
    rmSync(target, { recursive: true, force: true });
    renameSync(staging, target);
    const bin = join(root, '.cache', 'bin');
    mkdirSync(bin, { recursive: true });
    rmSync(join(bin, name), { force: true });
    symlinkSync(relative(bin, join(target, path)), join(bin, name));
    return 'from the Debian package';
  } catch (error) {
    return `is missing, and its test is skipped: ${String(error.message).split('\n').slice(0, 2).join(' ')}`;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) await step('test tools', () => testTools(resolve(import.meta.dirname, '..')));
