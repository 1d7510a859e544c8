import type { Handler } from '@keelson/core/policy';
import { createServer } from 'node:net';
import { get } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { freePort } from '@keelson/edge/service/testing';
import { makeAdapters, type Adapters } from '../adapters';
import { instance, openAdapter, TestLog } from '../testing/open-adapter';
import { parseText } from './testing/parse-text';

const name = 'requestcount.metric.istio-system';
const types = { value: 'INT64', dimensions: { app: 'STRING' } } as const;
const metrics = [{ name: 'requests_total', instanceName: name, kind: 'COUNTER', labelNames: ['app'] }];

interface Scraped {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

function scrape(
  port: number,
  headers: Record<string, string> = {},
  path = '/metrics',
  method = 'GET',
): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    }).on('error', reject);
  });
}

describe('the export of metrics over HTTP', () => {
  let log: TestLog;
  let made: Adapters;
  let port: number;

  beforeEach(async () => {
    port = await freePort();
    log = new TestLog();
    made = makeAdapters({ host: '127.0.0.1', prometheusPort: port, log });
  });

  afterEach(() => made.stop());

  function open(params: object = { metrics }): Handler {
    const adapter = made.adapters.get('prometheus');
    if (!adapter) throw new Error('there is no prometheus adapter');
    return openAdapter(adapter, params, { instances: [instance(name, 'metric', types)] });
  }

  function count(handler: Handler, app: string): void {
    void handler.report?.([{ name, template: 'metric', values: { value: 1, dimensions: { app } } }]);
  }

  it('S45: is one for all handlers of the process, from the first to the last', async () => {
    await expect(scrape(port)).rejects.toThrow('ECONNREFUSED');
    const first = open();
    expect(await made.exporter.port()).toBe(port);
    const second = open({ metrics: [{ ...metrics[0], name: 'more_total' }] });
    count(first, 'a');
    count(second, 'b');
    const { status, headers, body } = await scrape(port);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parseText(body.toString()).map(({ samples }) => samples[0])).toEqual([
      { name: 'istio_more_total', labels: { app: 'b' }, value: 1 },
      { name: 'istio_requests_total', labels: { app: 'a' }, value: 1 },
    ]);
    await first.close?.();
    expect(parseText((await scrape(port)).body.toString())).toHaveLength(1);
    await second.close?.();
    await expect(scrape(port)).rejects.toThrow('ECONNREFUSED');
    const again = open();
    await made.exporter.port();
    count(again, 'c');
    expect((await scrape(port)).body.toString()).toContain('{app="c"} 1');
  });

  it('S45: is whole and zipped for who takes that, however large', async () => {
    const handler = open();
    await made.exporter.port();
    for (let i = 0; i < 20_000; i++) count(handler, `workload-${i}-ö`);
    const plain = await scrape(port);
    const zipped = await scrape(port, { 'accept-encoding': 'deflate, gzip;q=0.5' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect((await scrape(port, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
    expect(zipped.body.length).toBeLessThan(plain.body.length / 4);
    expect(parseText(plain.body.toString())[0]?.samples).toHaveLength(20_000);
  });

  it('lets others be served while it writes, and outlives who goes away in the middle', async () => {
    const handler = open();
    await made.exporter.port();
    for (let i = 0; i < 20_000; i++) count(handler, `workload-${i}`);
    const request = get({ port, host: '127.0.0.1', path: '/metrics', agent: false }, (response) => {
      response.once('data', () => response.destroy());
    });
    await new Promise((resolve) => request.once('close', resolve));
    expect((await scrape(port)).status).toBe(200);
  });

  it('is nowhere but at GET /metrics', async () => {
    open();
    await made.exporter.port();
    expect((await scrape(port, {}, '/')).status).toBe(404);
    expect((await scrape(port, {}, '/metrics?x=1')).status).toBe(200);
    expect(await scrape(port, {}, '/metrics', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    const head = await scrape(port, {}, '/metrics', 'HEAD');
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('tells of a port that is taken, and counts on', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    try {
      const handler = open();
      expect(await made.exporter.port()).toBeUndefined();
      expect(handler.problems?.()).toEqual([{ field: '', message: `port ${port} on 127.0.0.1 is in use` }]);
      count(handler, 'a');
      await handler.close?.();
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    const handler = open();
    expect(await made.exporter.port()).toBe(port);
    expect(handler.problems?.()).toEqual([]);
  });

  it('opens its port once, though it is wanted, not wanted, and wanted again while it opens', async () => {
    const first = open();
    const closed = first.close?.();
    const second = open();
    await closed;
    expect(await made.exporter.port()).toBe(port);
    expect(second.problems?.()).toEqual([]);
    count(second, 'a');
    expect((await scrape(port)).body.toString()).toContain('{app="a"} 1');
    expect(log.lines.map(({ message }) => message)).toEqual(['serving the metrics of the mesh on /metrics']);
    await second.close?.();
    await expect(scrape(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('opens again though the one before is still closing', async () => {
    const first = open();
    expect(await made.exporter.port()).toBe(port);
    const closed = first.close?.();
    const second = open();
    expect(await made.exporter.port()).toBe(port);
    await closed;
    expect((await scrape(port)).status).toBe(200);
    expect(second.problems?.()).toEqual([]);
  });

  it('tries a port that is taken again after 10 s, and says no more that it is taken when it has it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance', 'Date'] });
    try {
      const handler = open();
      expect(await made.exporter.port()).toBeUndefined();
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await made.exporter.port()).toBeUndefined();
      await new Promise((resolve) => other.close(resolve));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await made.exporter.port()).toBe(port);
      expect(handler.problems?.()).toEqual([]);
      expect(log.lines.map(({ message }) => message)).toEqual([
        'the metrics of the mesh cannot be served',
        'serving the metrics of the mesh on /metrics',
      ]);
      await handler.close?.();
    } finally {
      jest.useRealTimers();
    }
  });

  it('serves again after it was stopped, though a handler from before lets go of it late', async () => {
    const before = open();
    await made.stop();
    await before.close?.();
    open();
    expect(await made.exporter.port()).toBe(port);
    expect((await scrape(port)).status).toBe(200);
  });
});
