import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MapBag, valueTypes, type PlainValue, type ValueType } from '@keelson/core/attributes';
import { check, compilePolicy, quota, ReportDispatch, type PolicyObject, type PolicyPlan } from '@keelson/core/policy';
import { freePort } from '@keelson/edge/service/testing';
import { load } from 'js-yaml';
import { adapters as judged, HandlerPool, makeAdapters } from '.';
import { parseText } from './prometheus/testing/parse-text';
import { TestLog } from './testing/open-adapter';

const attributes: Readonly<Record<string, ValueType>> = {
  'source.ip': 'IP_ADDRESS',
  'source.labels': 'STRING_MAP',
  'destination.service.name': 'STRING',
  'request.time': 'TIMESTAMP',
  'response.code': 'INT64',
  'response.duration': 'DURATION',
};

const manifest: PolicyObject = {
  kind: 'attributemanifest',
  namespace: 'istio-system',
  name: 'all',
  spec: {
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, type]) => [name, { valueType: valueTypes[type] }]),
    ),
  },
};

/** Objects as Istio's samples have them: old kinds, names with underscores. */
function configuration(outputPath: string): PolicyObject[] {
  const yaml = `
- kind: handler
  name: prometheus
  spec:
    compiledAdapter: prometheus
    params:
      metrics:
      - { name: requests_total, instance_name: requestcount.metric.istio-system, kind: COUNTER, label_names: [app, code] }
      - name: request_duration_seconds
        instance_name: requestduration.metric.istio-system
        kind: DISTRIBUTION
        label_names: [app, code]
        buckets: { explicit_buckets: { bounds: [0.01, 0.1, 1] } }
- kind: metric
  name: requestcount
  spec:
    value: "1"
    dimensions: { app: 'source.labels["app"] | "unknown"', code: response.code | 200 }
- kind: metric
  name: requestduration
  spec:
    value: response.duration | "0ms"
    dimensions: { app: 'source.labels["app"] | "unknown"', code: response.code | 200 }
- kind: stdio
  name: lines
  spec: { log_stream: FILE, output_path: ${outputPath} }
- kind: logentry
  name: accesslog
  spec:
    severity: '"Default"'
    timestamp: request.time | timestamp("2017-01-01T00:00:00Z")
    variables: { sourceIp: 'source.ip | ip("0.0.0.0")', latency: 'response.duration | "0ms"' }
- kind: rule
  name: tell
  spec:
    actions:
    - { handler: prometheus, instances: [requestcount.metric, requestduration.metric] }
    - { handler: lines.stdio, instances: [accesslog.logentry] }
- kind: listchecker
  name: inside
  spec: { overrides: [10.0.0.0/8], entryType: IP_ADDRESSES }
- kind: listentry
  name: address
  spec: { value: source.ip }
- kind: rule
  name: inside
  spec: { actions: [{ handler: inside.listchecker, instances: [address.listentry] }] }
- kind: handler
  name: no
  spec: { compiledAdapter: denier, params: { status: { code: 7, message: Not allowed } } }
- kind: checknothing
  name: request
  spec: {}
- kind: rule
  name: no
  spec: { match: 'source.labels["app"] == "evil"', actions: [{ handler: no, instances: [request.checknothing] }] }
- kind: memquota
  name: few
  spec: { quotas: [{ name: requestcount.quota.istio-system, maxAmount: 2, validDuration: 60s }] }
- kind: quota
  name: requestcount
  spec: { dimensions: { app: 'source.labels["app"] | "unknown"' } }
- kind: rule
  name: few
  spec: { actions: [{ handler: few.memquota, instances: [requestcount.quota] }] }
`;
  const objects = load(yaml) as { kind: string; name: string; spec: unknown }[];
  return [manifest, ...objects.map((object) => ({ namespace: 'istio-system', ...object }))];
}

async function scrape(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve(text);
      });
    }).on('error', reject);
  });
}

describe('the adapters at work', () => {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-adapters-'));
  const outputPath = join(dir, 'access.log');
  const log = new TestLog();
  const warn = (title: string, message: string): never => {
    throw new Error(`${title}: ${message}`);
  };
  let plan: PolicyPlan;

  const bag = (values: Record<string, PlainValue>): MapBag =>
    new MapBag(plan.vocabulary, { 'source.ip': Uint8Array.of(10, 1, 2, 3), 'source.labels': { app: 'a' }, ...values });

  afterAll(() => {
    rmSync(dir, { recursive: true });
  });

  it('S41, S42, S45, S47: do what a configuration in the form of Istio’s samples says', async () => {
    const port = await freePort();
    const { adapters, exporter, stop } = makeAdapters({ host: '127.0.0.1', prometheusPort: port, log });
    expect([...judged.keys()]).toEqual([...adapters.keys()]);
    plan = compilePolicy(configuration(outputPath), adapters, 'istio-system');
    expect(plan.problems).toEqual([]);
    const pool = new HandlerPool(adapters, { log });
    const handlers = pool.open(plan);
    expect(await exporter.port()).toBe(port);
    expect(pool.problems).toEqual([]);

    expect(await check(plan, handlers, bag({}), warn)).toMatchObject({ code: 0 });
    expect(await check(plan, handlers, bag({ 'source.labels': { app: 'evil' } }), warn)).toMatchObject({
      code: 7,
      message: 'no.istio-system:Not allowed',
      validForMs: 5000,
    });
    expect(await check(plan, handlers, bag({ 'source.ip': Uint8Array.of(11, 0, 0, 1) }), warn)).toMatchObject({
      code: 7,
      message: 'inside.listchecker.istio-system:11.0.0.1 is not whitelisted',
    });

    const ask = { amount: 2, bestEffort: false, deduplicationId: '' };
    const granted = async (app: string): Promise<unknown> =>
      (await quota(plan, handlers, bag({ 'source.labels': { app } }), 'RequestCount', ask, warn)).amount;
    expect([await granted('a'), await granted('a'), await granted('b')]).toEqual([2, 0, 2]);

    const dispatch = new ReportDispatch(plan, handlers, warn);
    for (const code of [200, 200, 503]) dispatch.add(bag({ 'response.code': code, 'response.duration': 20e6 }));
    await dispatch.send();
    const [durations, requests] = parseText(await scrape(port));
    expect(requests?.samples).toEqual([
      { name: 'istio_requests_total', labels: { app: 'a', code: '200' }, value: 2 },
      { name: 'istio_requests_total', labels: { app: 'a', code: '503' }, value: 1 },
    ]);
    expect(durations?.samples).toContainEqual({
      name: 'istio_request_duration_seconds_bucket',
      labels: { app: 'a', code: '200', le: '0.1' },
      value: 2,
    });
    await pool.close();
    await stop();
    expect(readFileSync(outputPath, 'utf8').split('\n').slice(0, 3)).toEqual(
      Array<string>(3).fill(
        '{"level":"info","time":"2017-01-01T00:00:00.000000Z","instance":"accesslog.logentry.istio-system",' +
          '"latency":"20ms","sourceIp":"10.1.2.3"}',
      ),
    );
    await expect(scrape(port)).rejects.toThrow('ECONNREFUSED');
  });
});
