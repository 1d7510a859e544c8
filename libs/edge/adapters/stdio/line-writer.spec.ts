import { setTimeout as delay } from 'node:timers/promises';
import { TestLog } from '../testing/open-adapter';
import { LineWriter } from './line-writer';
import type { Output } from './output';

/** An output that takes a few bytes at a time, when it is let. */
class SlowOutput implements Output {
  readonly name = 'slow';
  text = '';
  writes = 0;
  closed = false;
  failing: string | undefined;
  readonly #held: (() => void)[] = [];
  holds = false;

  constructor(readonly most = Infinity) {}

  async write(bytes: Buffer): Promise<number> {
    this.writes++;
    if (this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failing !== undefined) throw new Error(this.failing);
    const taken = bytes.subarray(0, this.most);
    this.text += taken.toString('latin1');
    return taken.length;
  }

  release(): void {
    this.holds = false;
    for (const go of this.#held.splice(0)) go();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `${from + i}\n`);
}

describe('a writer of lines', () => {
  it('S45: writes all lines in their order, those of one turn at once', async () => {
    const output = new SlowOutput();
    const writer = new LineWriter(output, { log: new TestLog() });
    for (const line of lines(0, 100)) writer.write(line);
    expect(output.writes).toBe(0);
    await writer.flush();
    expect(output.writes).toBe(1);
    for (const line of lines(100, 5000)) writer.write(line);
    await writer.close();
    expect(output.text).toBe(lines(0, 5000).join(''));
    expect(output.closed).toBe(true);
  });

  it('goes on where a write stopped', async () => {
    const output = new SlowOutput(3);
    const writer = new LineWriter(output, { log: new TestLog() });
    for (const line of lines(1000, 1100)) writer.write(line);
    await writer.close();
    expect(output.text).toBe(lines(1000, 1100).join(''));
  });

  it('drops what is beyond the limit, counts it, and tells of it once', async () => {
    const output = new SlowOutput();
    output.holds = true;
    const log = new TestLog();
    const writer = new LineWriter(output, { log, limit: 10 });
    for (const line of lines(0, 9)) writer.write(line);
    expect(writer.dropping).toBe(4);
    expect(log.lines.map(({ message }) => message)).toEqual([
      'lines come faster than they can be written, and are dropped',
    ]);
    await delay(5);
    output.release();
    await writer.flush();
    expect(output.text).toBe(lines(0, 5).join(''));
    expect(writer.dropping).toBe(0);
    expect(writer.dropped).toBe(4);
    expect(log.lines[1]).toMatchObject({ fields: { output: 'slow', lines: 4 } });
    writer.write('on\n');
    await writer.close();
    expect(output.text).toMatch(/on\n$/);
  });

  it('tries again what could not be written, and loses nothing', async () => {
    const output = new SlowOutput();
    output.failing = 'ENOSPC: no space left on device';
    const log = new TestLog();
    const writer = new LineWriter(output, { log, retryMs: 1 });
    writer.write('a\n');
    while (output.writes < 3) await delay(1);
    expect(writer.failure).toBe(output.failing);
    expect(log.lines).toHaveLength(1);
    writer.write('b\n');
    output.failing = undefined;
    await writer.flush();
    expect(output.text).toBe('a\nb\n');
    expect(writer.failure).toBeUndefined();
  });

  it('does not wait for ever when it closes, and takes nothing after that', async () => {
    const output = new SlowOutput();
    output.failing = 'EPIPE';
    const writer = new LineWriter(output, { log: new TestLog(), retryMs: 1e6 });
    writer.write('a\n');
    while (output.writes < 1) await delay(1);
    writer.write('b\n');
    await writer.close();
    expect(writer.dropped).toBe(2);
    expect(output.closed).toBe(true);
    writer.write('c\n');
    await delay(2);
    expect(writer.dropped).toBe(3);
    expect(output.writes).toBe(3);
  });
});
