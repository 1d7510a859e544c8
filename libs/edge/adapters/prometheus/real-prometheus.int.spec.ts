import type { Handler } from '@keelson/core/policy';
import { findBinary } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeAdapters, type Adapters } from '../adapters';
import { instance, openAdapter, TestLog } from '../testing/open-adapter';

const requests = 'requestcount.metric.istio-system';
const durations = 'requestduration.metric.istio-system';
const params = {
  metrics: [
    { name: 'requests_total', instanceName: requests, kind: 'COUNTER', labelNames: ['app'] },
    {
      name: 'request_duration_seconds',
      instanceName: durations,
      kind: 'DISTRIBUTION',
      labelNames: ['app'],
      buckets: { explicit_buckets: { bounds: [0.1, 1, 10] } },
    },
  ],
};
const awkward = 'a "quoted"\\ name\nof two lines, größer';

function prometheus(): string | undefined {
  try {
    return findBinary('prometheus');
  } catch {
    return undefined;
  }
}
const program = prometheus();
// The set-up of the tests fetches it where it can, and says where it could not.
const withPrometheus = program === undefined ? it.skip : it;

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

describe('S45 S11 a real Prometheus', () => {
  let folder: string;
  let made: Adapters;
  let handler: Handler;
  let url: string;
  let server: ChildProcess | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-prometheus-'));
    const port = await freePort();
    made = makeAdapters({ host: '127.0.0.1', prometheusPort: port, log: new TestLog() });
    const adapter = made.adapters.get('prometheus');
    if (!adapter) throw new Error('there is no prometheus adapter');
    handler = openAdapter(adapter, params, {
      instances: [
        instance(requests, 'metric', { value: 'INT64', dimensions: { app: 'STRING' } }),
        instance(durations, 'metric', { value: 'DURATION', dimensions: { app: 'STRING' } }),
      ],
    });
    const own = await freePort();
    url = `http://127.0.0.1:${own}`;
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 200ms }
scrape_configs: [{ job_name: mixer, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]
`,
    );
    if (program === undefined) return;
    server = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${own}`,
      ],
      { stdio: 'ignore' },
    );
  });

  afterEach(async () => {
    if (server?.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
    await made.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Until it is ready it answers 503 to everything. */
  async function ready(): Promise<void> {
    const end = Date.now() + 20_000;
    for (;;) {
      const answer = await fetch(`${url}/-/ready`).then(
        ({ status }) => `HTTP ${status}`,
        (error: unknown) => String(error),
      );
      if (answer === 'HTTP 200') return;
      if (Date.now() > end) throw new Error(`Prometheus is not ready: ${answer}`);
      await pause(100);
    }
  }

  /** The samples of a query, once they are those that are wanted. */
  async function query(text: string, wanted: (samples: Sample[]) => boolean): Promise<Sample[]> {
    const end = Date.now() + 20_000;
    for (;;) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`);
      const samples = ((await response.json()) as { data?: { result: Sample[] } }).data?.result ?? [];
      if (wanted(samples)) return samples;
      if (Date.now() > end) throw new Error(`${text}: ${JSON.stringify(samples)}`);
      await pause(100);
    }
  }

  withPrometheus(
    'scrapes the metrics, and answers queries of them',
    async () => {
      const report = (app: string, seconds: number): void => {
        void handler.report?.([
          { name: requests, template: 'metric', values: { value: 1, dimensions: { app } } },
          { name: durations, template: 'metric', values: { value: seconds * 1e9, dimensions: { app } } },
        ]);
      };
      for (const seconds of [0.05, 0.5, 0.5, 5, 50]) report('reviews', seconds);
      report(awkward, 0.5);
      await ready();
      const valueOf = (samples: Sample[], app: string): number =>
        Number(samples.find(({ metric }) => metric['app'] === app)?.value[1]);
      const counted = await query('istio_requests_total', (samples) => samples.length === 2);
      expect([valueOf(counted, 'reviews'), valueOf(counted, awkward)]).toEqual([5, 1]);
      const buckets = await query('istio_request_duration_seconds_bucket{app="reviews"}', ({ length }) => length === 4);
      expect(Object.fromEntries(buckets.map(({ metric, value }) => [metric['le'], Number(value[1])]))).toEqual({
        '0.1': 1,
        '1': 3,
        '10': 4,
        '+Inf': 5,
      });
      const [sum] = await query('istio_request_duration_seconds_sum{app="reviews"}', ({ length }) => length === 1);
      expect(Number(sum?.value[1])).toBeCloseTo(56.05);
      const [up] = await query('up', ({ length }) => length === 1);
      expect(up?.value[1]).toBe('1');
      report('reviews', 0.5);
      await query('istio_requests_total{app="reviews"}', ([sample]) => sample?.value[1] === '6');
    },
    60_000,
  );
});
