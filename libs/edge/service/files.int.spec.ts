import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary } from './binaries';
import { lockDir, LockError } from './dir-lock';
import { makePrivateDir, writePrivateFile } from './private-file';

describe('files and folders', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'files-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('writes a file that only its owner can read, whole or not at all', () => {
    const path = join(dir, 'key.pem');
    writeFileSync(path, 'old', { mode: 0o644 });
    writePrivateFile(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    mkdirSync(join(dir, 'taken'));
    expect(() => {
      writePrivateFile(join(dir, 'taken'), 'x');
    }).toThrow();
    expect(readdirSync(dir).sort()).toEqual(['key.pem', 'taken']);
  });

  it('refuses a folder of state that others can enter', () => {
    makePrivateDir(join(dir, 'state'));
    expect(statSync(join(dir, 'state')).mode & 0o777).toBe(0o700);
    chmodSync(join(dir, 'state'), 0o755);
    expect(() => {
      makePrivateDir(join(dir, 'state'));
    }).toThrow('can be read by others (mode 755)');
  });

  it('gives a folder to one process at a time', () => {
    const unlock = lockDir(join(dir, 'state'));
    expect(() => lockDir(join(dir, 'state'))).toThrow(LockError);
    expect(() => lockDir(join(dir, 'state'))).toThrow(`is in use by process ${process.pid}`);
    unlock();
    lockDir(join(dir, 'state'))();
    expect(readdirSync(join(dir, 'state'))).toEqual([]);
  });

  it('takes over the lock of a process that died, or whose id another has now', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    mkdirSync(join(dir, 'state'), { mode: 0o700 });
    for (const stale of [`${child.pid ?? 0} 1 x\n`, `${process.pid} 1 x\n`, 'nonsense', '']) {
      writeFileSync(join(dir, 'state', 'lock'), stale);
      const unlock = lockDir(join(dir, 'state'));
      expect(readFileSync(join(dir, 'state', 'lock'), 'utf8')).toContain(`${process.pid} `);
      unlock();
    }
  });

  it('finds programs by variable, then on PATH, then in the cache of the clone', () => {
    const program = join(dir, 'envoy');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    expect(findBinary('envoy', { ENVOY_BIN: program })).toBe(program);
    expect(findBinary('envoy', { PATH: `/nowhere:${dir}` })).toBe(program);
    expect(existsSync(findBinary('nats-server', { PATH: '', NATS_SERVER_BIN: '' }))).toBe(true);
    expect(() => findBinary('nats-server', { NATS_SERVER_BIN: join(dir, 'none') })).toThrow('NATS_SERVER_BIN: ');
  });
});
