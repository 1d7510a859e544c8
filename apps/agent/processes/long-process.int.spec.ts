import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LongProcess } from './long-process';

let folder: string;
let record: string;
const started: LongProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'));
  record = join(folder, 'process.json');
});

afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL', 0);
  rmSync(folder, { recursive: true, force: true });
});

async function sleeper(purpose = 'sleep'): Promise<LongProcess> {
  const made = await LongProcess.start(record, purpose, 'sleep', ['60'], { stdio: 'ignore' });
  started.push(made);
  return made;
}

describe('a process that outlives its agent', () => {
  test('is taken up for the same purpose, and its end is noticed', async () => {
    const first = await sleeper();
    const next = await LongProcess.adopt(record, 'sleep');
    expect(next?.pid).toBe(first.pid);
    expect(next?.adopted).toBe(true);
    expect(await next?.stop('SIGTERM', 5_000)).toEqual({ code: null, signal: null });
    expect(await first.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(statSync(record, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('is ended where its purpose is another', async () => {
    const first = await sleeper();
    expect(await LongProcess.adopt(record, 'something else')).toBeUndefined();
    expect((await first.exited).signal).toBe('SIGTERM');
  });

  test('is not mistaken for another process of the same id', async () => {
    const first = await sleeper();
    const written = JSON.parse(readFileSync(record, 'utf8')) as { start: number; boot: string };
    writeFileSync(record, JSON.stringify({ ...written, start: written.start - 1 }));
    expect(await LongProcess.adopt(record, 'sleep')).toBeUndefined();
    writeFileSync(record, JSON.stringify({ ...written, boot: 'an earlier one' }));
    expect(await LongProcess.adopt(record, 'sleep')).toBeUndefined();
    expect(first.running).toBe(true);
  });

  test('a record that cannot be read is none', async () => {
    writeFileSync(record, '{"format":1,"pid":1');
    expect(await LongProcess.adopt(record, 'sleep')).toBeUndefined();
    writeFileSync(record, '{"format":1,"pid":-1,"start":1,"boot":"x","purpose":"sleep"}');
    expect(await LongProcess.adopt(record, 'sleep')).toBeUndefined();
  });

  test('one that does not listen is killed after its time', async () => {
    const deaf = await LongProcess.start(record, 'deaf', 'sh', ['-c', 'trap "" TERM; echo; sleep 60'], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    started.push(deaf);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await deaf.stop('SIGTERM', 200)).signal).toBe('SIGKILL');
  });

  test('a program that is not there is an error', async () => {
    await expect(LongProcess.start(record, 'x', join(folder, 'nothing'), [], { stdio: 'ignore' })).rejects.toThrow(
      'ENOENT',
    );
  });
});
