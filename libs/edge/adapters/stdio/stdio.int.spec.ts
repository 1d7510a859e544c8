import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Handler, Instance } from '@keelson/core/policy';
import { instance, openAdapter, TestLog } from '../testing/open-adapter';
import { FileOutput, type Rotation } from './file-output';
import { LineWriter } from './line-writer';
import { stdioAdapter } from './stdio';

const name = 'accesslog.logentry.istio-system';
const dayMs = 24 * 3600 * 1000;

describe('log files', () => {
  let dir: string;
  let now = Date.UTC(2020, 0, 31, 23, 59, 59);
  const adapter = stdioAdapter({ stdout: process.stdout, stderr: process.stderr, wallClock: () => now });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'keelson-stdio-'));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  function open(params: object): Handler {
    return openAdapter(adapter, params, {
      instances: [instance(name, 'logentry', { variables: { n: 'INT64' } })],
    });
  }

  function entries(from: number, to: number): Instance[] {
    return Array.from({ length: to - from }, (_, i) => ({
      name,
      template: 'logentry',
      values: { variables: { n: from + i } },
    }));
  }

  function numbers(path: string): number[] {
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { n: number }).n]));
  }

  const range = (to: number): number[] => Array.from({ length: to }, (_, i) => i);

  it('S45: are written to at their end, whole lines in order, by all handlers that have the same one', async () => {
    const outputPath = join(dir, 'access.log');
    writeFileSync(outputPath, '{"n":0}\n');
    const handlers = [
      open({ logStream: 'FILE', outputPath }),
      open({ logStream: 'FILE', outputPath: `${dir}/./access.log` }),
    ];
    for (let i = 1; i < 1000; i++) await handlers[i % 2]?.report?.(entries(i, i + 1));
    for (const handler of handlers) await handler.close?.();
    expect(numbers(outputPath)).toEqual(range(1000));
  });

  it('S45: are rotated as the last of those asked who still use them', async () => {
    const outputPath = join(dir, 'access.log');
    const rotated = open({ logStream: 'ROTATED_FILE', outputPath, maxMegabytesBeforeRotation: 1 });
    const [plain, more] = [open({ logStream: 'FILE', outputPath }), open({ logStream: 'FILE', outputPath })];
    const written = async (lines: number): Promise<void> => {
      while (readFileSync(outputPath, 'utf8').split('\n').length <= lines) await delay(5);
    };
    // More than 1 MB.
    await more.report?.(entries(0, 12_000));
    await written(12_000);
    await more.close?.();
    await rotated.report?.(entries(12_000, 12_001));
    await written(12_001);
    expect(readdirSync(dir)).toEqual(['access.log']);
    await plain.close?.();
    await rotated.report?.(entries(12_001, 12_002));
    await rotated.close?.();
    expect(readdirSync(dir)).toHaveLength(2);
    expect(numbers(outputPath)).toEqual([12_001]);
  });

  it('cannot be opened where there is no folder, or a folder', () => {
    expect(() => open({ logStream: 'FILE', outputPath: join(dir, 'none', 'a.log') })).toThrow(/ENOENT.*none/);
    expect(() => open({ logStream: 'FILE', outputPath: dir })).toThrow(/EISDIR/);
  });

  it('S45: make their folder when they are rotated, and are for their owner only', async () => {
    const outputPath = join(dir, 'a', 'b', 'access.log');
    const handler = open({ logStream: 'ROTATED_FILE', outputPath });
    await handler.report?.(entries(0, 1));
    await handler.close?.();
    expect(numbers(outputPath)).toEqual([0]);
    expect(statSync(outputPath).mode & 0o777).toBe(0o600);
  });

  function writer(rotation: Rotation, log = new TestLog()): LineWriter {
    const output = new FileOutput(join(dir, 'access.log'), rotation, log, () => now);
    return new LineWriter(output, { log: new TestLog() });
  }

  it('S45: are put aside when they are full, no line torn or lost, and the oldest are removed', async () => {
    now = Date.UTC(2020, 0, 31, 23, 59, 59);
    const lines = writer({ maxBytes: 100, maxAgeMs: 0, maxFiles: 3 });
    for (let i = 0; i < 50; i++) {
      lines.write(`{"n":${1000 + i}}\n`);
      await lines.flush();
      if (i % 3 === 0) now += 1000;
    }
    await lines.close();
    const names = readdirSync(dir).sort();
    expect(names).toHaveLength(4);
    expect(names[0]).toMatch(/^access-2020-02-01T00-00-0\d\.000\.log$/);
    expect(names[3]).toBe('access.log');
    for (const file of names) expect(statSync(join(dir, file)).size).toBeLessThanOrEqual(100);
    const kept = names.flatMap((file) => numbers(join(dir, file)));
    expect(kept).toEqual(
      range(50)
        .map((n) => 1000 + n)
        .slice(-kept.length),
    );
    expect(kept.length).toBeGreaterThan(3 * 10);
  });

  it('are put aside though an old one cannot be removed, of which the log tells', async () => {
    now = Date.UTC(2020, 0, 31, 23, 59, 59);
    const stubborn = 'access-2020-01-01T00-00-00.000.log';
    mkdirSync(join(dir, stubborn));
    const log = new TestLog();
    const lines = writer({ maxBytes: 5, maxAgeMs: 0, maxFiles: 1 }, log);
    for (let i = 0; i < 3; i++) {
      lines.write(`{"n":${i}}\n`);
      await lines.flush();
      now += 1000;
    }
    await lines.close();
    expect(log.lines).toEqual(
      Array(2).fill({
        level: 'error',
        fields: { err: expect.objectContaining({ code: 'ERR_FS_EISDIR' }) as unknown, path: join(dir, 'access.log') },
        message: 'old log files cannot be removed',
      }),
    );
    const names = readdirSync(dir).sort();
    expect(names).toEqual([stubborn, 'access-2020-02-01T00-00-01.000.log', 'access.log']);
    expect(names.slice(1).flatMap((file) => numbers(join(dir, file)))).toEqual([1, 2]);
  });

  it('are written to as before where they cannot be put aside, of which the log tells', async () => {
    const log = new TestLog();
    const lines = writer({ maxBytes: 5, maxAgeMs: 0, maxFiles: 1 }, log);
    lines.write('{"n":0}\n');
    await lines.flush();
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
    lines.write('{"n":1}\n');
    await lines.close();
    expect(log.lines.map(({ message }) => message)).toEqual(['the log file cannot be rotated']);
    expect(numbers(join(dir, 'access.log'))).toEqual([1]);
  });

  it('are put aside under names of their own, though that happens twice in a moment', async () => {
    const lines = writer({ maxBytes: 5, maxAgeMs: 0, maxFiles: 0 });
    for (let i = 0; i < 5; i++) {
      lines.write(`{"n":${i}}\n`);
      await lines.flush();
    }
    await lines.close();
    const names = readdirSync(dir).sort();
    expect(names.flatMap((file) => numbers(join(dir, file)))).toEqual(range(5));
  });

  it('S45: are put aside when they are too old, and removed when they were for as long', async () => {
    const rotation = { maxBytes: 0, maxAgeMs: 30 * dayMs, maxFiles: 0 };
    writeFileSync(join(dir, 'access-2020-01-01T00-00-00.000.log'), '');
    writeFileSync(join(dir, 'access-notes.log'), '');
    now = Date.now();
    const lines = writer(rotation);
    lines.write('{"n":0}\n');
    await lines.flush();
    now += 30 * dayMs;
    lines.write('{"n":1}\n');
    await lines.flush();
    expect(numbers(join(dir, 'access.log'))).toEqual([0, 1]);
    now += 1;
    lines.write('{"n":2}\n');
    await lines.close();
    const names = readdirSync(dir).sort();
    expect(names).toEqual([expect.stringMatching(/^access-2\d{3}-/), 'access-notes.log', 'access.log']);
    expect(names[0]).not.toContain('2020-01-01');
    expect(numbers(join(dir, names[0] ?? ''))).toEqual([0, 1]);
    expect(numbers(join(dir, 'access.log'))).toEqual([2]);
  });

  it('count what is in them from before', async () => {
    const path = join(dir, 'access.log');
    writeFileSync(path, 'x'.repeat(96));
    utimesSync(path, new Date(), new Date());
    const lines = writer({ maxBytes: 100, maxAgeMs: 0, maxFiles: 0 });
    lines.write('{"n":0}\n');
    await lines.close();
    expect(numbers(path)).toEqual([0]);
    expect(readdirSync(dir)).toHaveLength(2);
  });
});
