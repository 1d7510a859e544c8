import { status } from '@grpc/grpc-js';
import type { Attributes } from '@keelson/core/attributes';
import { BackOff } from '@keelson/edge/service';
import { ClientCounters } from './counters';
import { ReportFailure } from './mixer-channel';
import { ReportQueue, type ReportQueueOptions, type ReportFate } from './report-queue';

const record = (id: number): Attributes => new Map([['destination.port', { type: 'INT64', value: id }]]);
const records = (from: number, count: number): Attributes[] =>
  Array.from({ length: count }, (_, i) => record(from + i));
const idOf = (each: Attributes): number => each.get('destination.port')?.value as number;

describe('S42 reports', () => {
  let sent: number[][];
  let counters: ClientCounters;
  let answer: (batch: readonly Attributes[]) => number;
  let failures: [string, ReportFate][];

  function queue(options: Partial<ReportQueueOptions> = {}): ReportQueue {
    return new ReportQueue({
      send: async (batch) => {
        await Promise.resolve();
        const count = answer(batch);
        sent.push(batch.slice(0, count).map(idOf));
        return count;
      },
      maxEntries: 100,
      maxTimeMs: 1_000,
      maxQueued: 250,
      maxQueuedBytes: 1_000_000,
      backOff: new BackOff(100, 5_000, () => 1),
      counters,
      onFailure: ({ message }, fate) => failures.push([message, fate]),
      ...options,
    });
  }

  const fail =
    (code: status, count = 0) =>
    () => {
      throw new ReportFailure({ code, message: 'because' }, count);
    };

  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    failures = [];
    counters = new ClientCounters();
    answer = ({ length }) => length;
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('tells what Mixer reported in part from what went lost, and goes on', async () => {
    const tested = queue();
    answer = fail(status.UNKNOWN, 3);
    tested.add(records(0, 3));
    await tested.flush();
    expect(counters).toMatchObject({ reports: 3, reportsSent: 0, reportsDropped: 0, reportsFailedInPart: 3 });
    expect(failures).toEqual([['because', 'failed in part']]);
    answer = ({ length }) => length;
    tested.add([record(3)]);
    await tested.flush();
    expect(counters).toMatchObject({ reportsSent: 1, reportsDropped: 0 });
  });

  it('waits a second for more, and then sends what is there', async () => {
    const tested = queue();
    tested.add(records(0, 2));
    await jest.advanceTimersByTimeAsync(500);
    tested.add([record(2)]);
    await jest.advanceTimersByTimeAsync(499);
    expect(sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([[0, 1, 2]]);
    expect(counters).toMatchObject({ reports: 3, reportsSent: 3, reportsDropped: 0 });
  });

  it('sends a hundred at once, and the rest in its time', async () => {
    const tested = queue();
    tested.add(records(0, 230));
    await jest.advanceTimersByTimeAsync(0);
    expect(sent.map(({ length }) => length)).toEqual([100, 100]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.flat()).toEqual(records(0, 230).map(idOf));
  });

  it('keeps records while Mixer is away, drops the oldest, and sends the rest in order when it is back', async () => {
    answer = fail(status.UNAVAILABLE);
    const tested = queue();
    tested.add(records(0, 100));
    await jest.advanceTimersByTimeAsync(10_000);
    tested.add(records(100, 200));
    expect(tested.length).toBe(250);
    expect(counters).toMatchObject({ reports: 300, reportsSent: 0, reportsDropped: 50 });
    expect(failures).toEqual([['because', 'waits']]);
    answer = ({ length }) => length;
    await jest.advanceTimersByTimeAsync(6_500);
    expect(sent.flat()).toEqual(records(50, 250).map(idOf));
    expect(counters).toMatchObject({ reportsSent: 250, reportsDropped: 50 });
  });

  it('keeps no more than it has memory for', async () => {
    answer = fail(status.UNAVAILABLE);
    const tested = queue({ maxQueuedBytes: 10_000 });
    const long = (id: number): Attributes =>
      new Map([...record(id), ['request.headers', { type: 'STRING_MAP', value: new Map([['x', 'y'.repeat(3_000)]]) }]]);
    tested.add(Array.from({ length: 8 }, (_, i) => long(i)));
    expect([tested.length, counters.reportsDropped]).toEqual([3, 5]);
    await jest.advanceTimersByTimeAsync(1_000);
    tested.add([record(8)]);
    expect([tested.length, counters.reportsDropped]).toEqual([4, 5]);
    tested.add([long(9)]);
    expect([tested.length, counters.reportsDropped]).toEqual([4, 6]);
    answer = ({ length }) => length;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(sent.flat()).toEqual([6, 7, 8, 9]);
    // What was sent takes none.
    answer = fail(status.UNAVAILABLE);
    tested.add([long(10), long(11), long(12)]);
    expect([tested.length, counters.reportsDropped]).toEqual([3, 6]);
  });

  it('asks a Mixer that is away ever less often', async () => {
    let calls = 0;
    answer = () => {
      calls++;
      return fail(status.UNAVAILABLE)();
    };
    queue().add(records(0, 100));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(calls).toBe(4);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(calls).toBeLessThan(22);
  });

  it('does not send again what Mixer refused', async () => {
    answer = fail(status.INVALID_ARGUMENT, 100);
    const tested = queue();
    tested.add(records(0, 100));
    await jest.advanceTimersByTimeAsync(0);
    answer = ({ length }) => length;
    tested.add(records(100, 100));
    await jest.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([records(100, 100).map(idOf)]);
    expect(counters).toMatchObject({ reportsSent: 100, reportsDropped: 100 });
    expect(failures).toEqual([['because', 'lost']]);
  });

  it('goes on behind the part of a batch that was sent, or refused', async () => {
    answer = () => 40;
    const tested = queue();
    tested.add(records(0, 100));
    await jest.advanceTimersByTimeAsync(0);
    answer = fail(status.INVALID_ARGUMENT, 1);
    await jest.advanceTimersByTimeAsync(1_000);
    answer = ({ length }) => length;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.flat()).toEqual([...records(0, 40), ...records(41, 59)].map(idOf));
  });

  it('flushes what is there, or comes back while Mixer is away', async () => {
    const tested = queue();
    tested.add(records(0, 3));
    await tested.flush();
    expect(sent).toEqual([[0, 1, 2]]);
    answer = fail(status.UNAVAILABLE);
    tested.add([record(3)]);
    await tested.flush();
    expect(tested.length).toBe(1);
    await tested.flush();
    answer = ({ length }) => length;
    await tested.flush();
    expect(sent.flat()).toEqual([0, 1, 2, 3]);
    await tested.flush();
  });

  it('flushes at the end, counts what is left, and takes no more', async () => {
    const tested = queue();
    tested.add(records(0, 120));
    await tested.close(1_000);
    expect(sent.flat().length).toBe(120);
    tested.add([record(0)]);
    expect(counters).toMatchObject({ reports: 121, reportsSent: 120, reportsDropped: 1 });

    answer = fail(status.UNAVAILABLE);
    const away = queue();
    away.add(records(0, 5));
    await away.close(1_000);
    expect(counters).toMatchObject({ reports: 126, reportsSent: 120, reportsDropped: 6 });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(away.length).toBe(0);
  });

  it('does not wait for ever for a Mixer that says nothing', async () => {
    let release: (count: number) => void = () => undefined;
    const tested = queue({ send: () => new Promise((resolve) => (release = resolve)) });
    tested.add(records(0, 100));
    const closing = tested.close(1_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await closing;
    release(100);
    await jest.advanceTimersByTimeAsync(0);
    expect(counters).toMatchObject({ reportsSent: 100, reportsDropped: 0 });
  });
});
