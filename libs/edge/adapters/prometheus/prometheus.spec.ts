import type { Value, ValueType } from '@keelson/core/attributes';
import type { Instance, InstanceTypes } from '@keelson/core/policy';
import { instance, settingsProblems } from '../testing/open-adapter';
import { parseText } from './testing/parse-text';
import { TrialExport } from './testing/trial-export';

const count = 'requestcount.metric.istio-system';
const duration = 'requestduration.metric.istio-system';

function types(value: ValueType, dimensions: Record<string, ValueType>): InstanceTypes {
  return { value, dimensions };
}

function metric(name: string, value: Value, dimensions?: Record<string, Value>): Instance {
  return { name, template: 'metric', values: dimensions ? { value, dimensions } : { value } };
}

const counter = { name: 'requests_total', instance_name: count, kind: 'COUNTER', label_names: ['app', 'code'] };
const countTypes = instance(count, 'metric', types('INT64', { app: 'STRING', code: 'INT64', more: 'BOOL' }));

describe('the prometheus adapter', () => {
  let trial: TrialExport;

  beforeEach(() => {
    trial = new TrialExport();
  });

  it('S45: counts by labels, and exports the count with its help and its type', () => {
    const handler = trial.open({ metrics: [counter] }, [countTypes]);
    void handler.report?.([
      metric(count, 1, { app: 'a', code: 200, more: true }),
      metric(count, 2, { app: 'a', code: 200, more: false }),
      metric(count, 1, { app: 'b', code: 404, more: true }),
    ]);
    expect(trial.text()).toBe(
      [
        '# HELP istio_requests_total requests_total',
        '# TYPE istio_requests_total counter',
        'istio_requests_total{app="a",code="200"} 3',
        'istio_requests_total{app="b",code="404"} 1',
        '',
      ].join('\n'),
    );
  });

  it('S45: observes durations in seconds, in buckets', () => {
    const distribution = {
      name: 'request_duration_seconds',
      namespace: 'mesh.one',
      description: 'How long\nit "took" \\',
      instanceName: duration,
      kind: 'DISTRIBUTION',
      buckets: { explicitBuckets: { bounds: [0.005, 0.1, 1000000] } },
    };
    const handler = trial.open({ metrics: [distribution] }, [instance(duration, 'metric', types('DURATION', {}))]);
    void handler.report?.([5e6, 5_000_001, 60e9].map((nanos) => metric(duration, nanos)));
    expect(trial.text()).toBe(
      [
        '# HELP mesh_one_request_duration_seconds How long\\nit "took" \\\\',
        '# TYPE mesh_one_request_duration_seconds histogram',
        'mesh_one_request_duration_seconds_bucket{le="0.005"} 1',
        'mesh_one_request_duration_seconds_bucket{le="0.1"} 2',
        'mesh_one_request_duration_seconds_bucket{le="1e+06"} 3',
        'mesh_one_request_duration_seconds_bucket{le="+Inf"} 3',
        'mesh_one_request_duration_seconds_sum 60.010000001',
        'mesh_one_request_duration_seconds_count 3',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [{ linearBuckets: { numFiniteBuckets: 1, width: 1, offset: 4 } }, ['4', '5']],
    [{ exponential_buckets: { num_finite_buckets: 3, growth_factor: 3, scale: 4 } }, ['4', '12', '36', '108']],
    [{ explicitBuckets: { bounds: [6, 7] } }, ['6', '7']],
    [undefined, ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10']],
  ])('S45: has the buckets of %j', (buckets, bounds) => {
    const distribution = { name: 'd', instanceName: count, kind: 'DISTRIBUTION', ...(buckets && { buckets }) };
    const handler = trial.open({ metrics: [distribution] }, [countTypes]);
    void handler.report?.([metric(count, 1, { app: 'a', code: 1, more: true })]);
    const found = trial.samples().flatMap(({ labels: { le } }) => (le === undefined ? [] : [le]));
    expect(found).toEqual([...bounds, '+Inf']);
  });

  it('S45: a gauge has what was reported last', () => {
    const gauge = { instanceName: count, kind: 'GAUGE' };
    const handler = trial.open({ metrics: [gauge] }, [instance(count, 'metric', types('DOUBLE', {}))]);
    void handler.report?.([metric(count, 5), metric(count, -2.5)]);
    expect(trial.samples()).toEqual([{ name: 'istio_requestcount_metric_istiosystem', labels: {}, value: -2.5 }]);
    void handler.report?.([metric(count, NaN)]);
    expect(trial.text()).toMatch(/ NaN\n$/);
    void handler.report?.([metric(count, -Infinity)]);
    expect(trial.text()).toMatch(/ -Inf\n$/);
  });

  it.each([
    ['STRING', ' 1', undefined],
    ['STRING', '8.25', 8.25],
    ['STRING', '-1e3', -1000],
    ['STRING', '+Inf', Infinity],
    ['STRING', '', undefined],
    ['STRING', '.5e-1', 0.05],
    ['STRING', '5.', 5],
    ['STRING', '.', undefined],
    ['STRING', '1.2.3', undefined],
    ['STRING', '1e', undefined],
    ['STRING', '9'.repeat(400), Infinity],
    ['STRING', '0'.repeat(401), undefined],
    ['INT64', 9007199254740993n, 9007199254740992],
    ['DURATION', 2n ** 62n, 2 ** 62 / 1e9],
  ] as const)('S45: takes a %s %s as %s', (type, value, number) => {
    const handler = trial.open({ metrics: [{ name: 'g', instanceName: count, kind: 'GAUGE' }] }, [
      instance(count, 'metric', types(type, {})),
    ]);
    const report = (): unknown => handler.report?.([metric(count, value)]);
    if (number === undefined) expect(report).toThrow(`a value of ${count} is no number`);
    else {
      report();
      expect(trial.samples()[0]?.value).toBe(number);
    }
  });

  it('says at once of a long text that it is no number', () => {
    const handler = trial.open({ metrics: [{ name: 'g', instanceName: count, kind: 'GAUGE' }] }, [
      instance(count, 'metric', types('STRING', {})),
    ]);
    expect(() => handler.report?.([metric(count, `${'1'.repeat(60_000)}x`)])).toThrow('is no number');
  });

  it('S45: writes labels of every type as Mixer does, and escapes what the format needs', () => {
    const dimensions = {
      text: 'a "b"\\\nc',
      ip: Uint8Array.of(10, 0, 0, 1),
      took: 1_500_000_000,
      mtls: true,
      at: { seconds: 0, nanos: 1000 },
    };
    const handler = trial.open(
      { metrics: [{ name: 'c', instanceName: count, kind: 'COUNTER', labelNames: Object.keys(dimensions) }] },
      [
        instance(
          count,
          'metric',
          types('INT64', { text: 'STRING', ip: 'IP_ADDRESS', took: 'DURATION', mtls: 'BOOL', at: 'TIMESTAMP' }),
        ),
      ],
    );
    void handler.report?.([metric(count, 1, dimensions)]);
    expect(trial.text()).toContain(
      'istio_c{at="1970-01-01T00:00:00.000001Z",ip="10.0.0.1",mtls="true",text="a \\"b\\"\\\\\\nc",took="1.5s"} 1\n',
    );
    expect(trial.samples()[0]?.labels['text']).toBe(dimensions.text);
  });

  it('tells values apart that are the same number, by their types', () => {
    const other = instance('other.metric.default', 'metric', types('INT64', { app: 'STRING', code: 'DURATION' }));
    const handler = trial.open({ metrics: [counter, { ...counter, instance_name: 'other.metric.default' }] }, [
      countTypes,
      other,
    ]);
    const dimensions = { app: 'a', code: 5, more: true };
    void handler.report?.([
      metric(count, 1, dimensions),
      metric(other.name, 1, dimensions),
      metric(count, 1, dimensions),
    ]);
    expect(trial.samples().map(({ labels, value }) => [labels['code'], value])).toEqual([
      ['5', 2],
      ['5ns', 1],
    ]);
  });

  it('takes what is fit, and tells what is not', () => {
    const handler = trial.open({ metrics: [counter] }, [countTypes]);
    const dimensions = { app: 'a', code: 200, more: true };
    expect(() =>
      handler.report?.([metric(count, -1, dimensions), metric('x.metric.y', 1), metric(count, 4, dimensions)]),
    ).toThrow(`a value of ${count} is negative, and istio_requests_total counts; there is no metric for x.metric.y`);
    expect(trial.samples().map(({ value }) => value)).toEqual([4]);
  });

  it('keeps values when it is opened again with the same metric', () => {
    const before = trial.open({ metrics: [counter] }, [countTypes]);
    const dimensions = { app: 'a', code: 200, more: true };
    void before.report?.([metric(count, 1, dimensions)]);
    const after = trial.open({ metrics: [counter, { ...counter, name: 'more_total' }] }, [countTypes]);
    void before.close?.();
    void after.report?.([metric(count, 1, dimensions)]);
    expect(trial.samples().map(({ name, value }) => [name, value])).toEqual([
      ['istio_more_total', 1],
      ['istio_requests_total', 2],
    ]);
  });

  it('replaces a metric that is opened again with another definition', () => {
    const before = trial.open({ metrics: [counter] }, [countTypes]);
    const dimensions = { app: 'a', code: 200, more: true };
    void before.report?.([metric(count, 7, dimensions)]);
    const after = trial.open({ metrics: [{ ...counter, kind: 'GAUGE', label_names: ['more'] }] }, [countTypes]);
    void after.report?.([metric(count, 1, dimensions)]);
    void before.report?.([metric(count, 7, dimensions)]);
    expect(parseText(trial.text())).toEqual([
      expect.objectContaining({
        type: 'gauge',
        samples: [{ name: 'istio_requests_total', labels: { more: 'true' }, value: 1 }],
      }),
    ]);
    expect(before.problems?.()).toEqual([
      {
        field: 'metrics',
        message:
          'istio_requests_total is not exported: another handler has a metric of this name with another definition',
      },
    ]);
    expect(after.problems?.()).toEqual([]);
    void before.close?.();
    expect(trial.samples()).toHaveLength(1);
  });

  it('exports a metric again, values and all, when the one that replaced it is gone', () => {
    const dimensions = { app: 'a', code: 200, more: true };
    const first = trial.open({ metrics: [counter] }, [countTypes]);
    void first.report?.([metric(count, 7, dimensions)]);
    const second = trial.open({ metrics: [{ ...counter, kind: 'GAUGE' }] }, [countTypes]);
    const third = trial.open({ metrics: [{ ...counter, label_names: [] }] }, [countTypes]);
    void third.report?.([metric(count, 3, dimensions)]);
    void second.close?.();
    expect(trial.samples().map(({ value }) => value)).toEqual([3]);
    void third.close?.();
    expect(trial.samples().map(({ labels, value }) => [labels['app'], value])).toEqual([['a', 7]]);
    expect(first.problems?.()).toEqual([]);
    void first.close?.();
    expect(trial.text()).toBe('');
  });

  it('has a metric once, which is exported when its definition is asked for again', () => {
    const dimensions = { app: 'a', code: 200, more: true };
    const first = trial.open({ metrics: [counter] }, [countTypes]);
    void first.report?.([metric(count, 7, dimensions)]);
    const second = trial.open({ metrics: [{ ...counter, kind: 'GAUGE' }] }, [countTypes]);
    const third = trial.open({ metrics: [counter] }, [countTypes]);
    void third.report?.([metric(count, 1, dimensions)]);
    expect(trial.samples().map(({ value }) => value)).toEqual([8]);
    expect([first, second, third].map((handler) => handler.problems?.().length)).toEqual([0, 1, 0]);
    void third.close?.();
    expect(trial.samples().map(({ value }) => value)).toEqual([8]);
  });

  it('drops series that nobody reported for a time, and begins again with them', () => {
    jest.useFakeTimers();
    try {
      const policy = { metricsExpiryDuration: '10s' };
      const handler = trial.open({ metrics: [counter], metrics_expiration_policy: policy }, [countTypes]);
      const a = metric(count, 1, { app: 'a', code: 200, more: true });
      const b = metric(count, 1, { app: 'b', code: 200, more: true });
      void handler.report?.([a, b]);
      trial.clock.move(10_000);
      void handler.report?.([b]);
      jest.advanceTimersByTime(5_000);
      expect(trial.samples().map(({ labels }) => labels['app'])).toEqual(['a', 'b']);
      trial.clock.move(1);
      jest.advanceTimersByTime(4_999);
      expect(trial.samples()).toHaveLength(2);
      jest.advanceTimersByTime(1);
      expect(trial.samples().map(({ labels, value }) => [labels['app'], value])).toEqual([['b', 2]]);
      void handler.report?.([a]);
      expect(trial.samples().map(({ labels, value }) => [labels['app'], value])).toEqual([
        ['b', 2],
        ['a', 1],
      ]);
      void handler.close?.();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not look all the time for what shall last for months', () => {
    const every = jest.spyOn(globalThis, 'setInterval');
    const policy = { metricsExpiryDuration: '9000h' };
    void trial.open({ metricsExpirationPolicy: policy }, []).close?.();
    expect(every.mock.calls.map(([, ms]) => ms)).toEqual([2147483647]);
    every.mockRestore();
  });

  it('has the series of one set of labels once, though it was dropped and looked up in between', () => {
    jest.useFakeTimers();
    try {
      const policy = { metricsExpiryDuration: '1s' };
      const params = { metrics: [counter], metricsExpirationPolicy: policy };
      const [one, other] = [trial.open(params, [countTypes]), trial.open(params, [countTypes])];
      const dimensions = { app: 'a', code: 200, more: true };
      void one.report?.([metric(count, 1, dimensions)]);
      trial.clock.move(2_000);
      jest.advanceTimersByTime(500);
      expect(trial.samples()).toEqual([]);
      void other.report?.([metric(count, 1, { ...dimensions })]);
      void one.report?.([metric(count, 1, dimensions)]);
      expect(trial.samples().map(({ value }) => value)).toEqual([2]);
      void one.close?.();
      void other.close?.();
    } finally {
      jest.useRealTimers();
    }
  });

  it('finds the bucket among many as among few', () => {
    const distribution = {
      name: 'd',
      instanceName: count,
      kind: 'DISTRIBUTION',
      buckets: { linearBuckets: { numFiniteBuckets: 99, width: 1, offset: 0 } },
    };
    const handler = trial.open({ metrics: [distribution] }, [instance(count, 'metric', types('DOUBLE', {}))]);
    void handler.report?.([-1, 0, 0.5, 1, 50, 98.5, 99, 99.5, Infinity].map((value) => metric(count, value)));
    const at = new Map(trial.samples().map(({ labels, value }) => [labels['le'], value]));
    expect(['0', '1', '49', '50', '98', '99', '+Inf'].map((le) => at.get(le))).toEqual([2, 4, 4, 5, 5, 7, 9]);
  });

  it('forgets a metric that no handler has any more', () => {
    const handler = trial.open({ metrics: [counter] }, [countTypes]);
    void handler.report?.([metric(count, 1, { app: 'a', code: 200, more: true })]);
    void handler.close?.();
    expect(trial.text()).toBe('');
  });

  it('tells of instances, labels and values that do not fit, and works with the others', () => {
    const noNumber = instance('when.metric.default', 'metric', types('TIMESTAMP', {}));
    const lost = instance('lost.metric.default', 'metric', types('INT64', {}));
    const handler = trial.open(
      {
        metrics: [
          counter,
          { ...counter, name: 'a', instance_name: 'requestcont.metric.istio-system' },
          { ...counter, name: 'b', label_names: ['app', 'user', 'path'] },
          { name: 'c', instanceName: noNumber.name, kind: 'GAUGE' },
        ],
      },
      [countTypes, noNumber, lost],
    );
    expect(handler.problems?.()).toEqual([
      { field: 'metrics[1].instanceName', message: 'no rule sends requestcont.metric.istio-system here' },
      { field: 'metrics[2].labelNames', message: `${count} has no dimension user, path` },
      {
        field: 'metrics[3].instanceName',
        message: 'when.metric.default has a value of type TIMESTAMP, which is no number',
      },
      { field: 'metrics', message: 'no metric is made of lost.metric.default, which rules send here' },
    ]);
    void handler.report?.([metric(count, 1, { app: 'a', code: 200, more: true })]);
    expect(trial.samples()).toHaveLength(1);
  });

  it('takes many labels', () => {
    const labelNames = Array.from({ length: 30_000 }, (_, i) => `l${i}`);
    expect(
      settingsProblems(trial.adapter, { metrics: [{ name: 'm', instanceName: 'i', kind: 'GAUGE', labelNames }] }),
    ).toEqual([]);
  });

  it('refuses settings that Prometheus could not take', () => {
    const problems = (...metrics: object[]): string[] => settingsProblems(trial.adapter, { metrics });
    const usual = { name: 'm', instanceName: 'i', kind: 'DISTRIBUTION' };
    expect(problems({ instanceName: 'i' })).toEqual(['spec.params.metrics[0].kind: is missing']);
    expect(problems({ ...usual, name: 'a*b' })).toEqual([
      'spec.params.metrics[0].name: "istio_a*b" is no name that Prometheus takes',
    ]);
    expect(problems({ ...usual, labelNames: ['a', 'le', '0b', '__c', 'a', 'x-y', 'xy'] })).toEqual([
      "spec.params.metrics[0].labelNames[1]: le is the label of a distribution's buckets",
      'spec.params.metrics[0].labelNames[2]: "0b" is no label that Prometheus takes',
      'spec.params.metrics[0].labelNames[3]: "__c" is no label that Prometheus takes',
      'spec.params.metrics[0].labelNames[4]: there is another label a',
      'spec.params.metrics[0].labelNames[6]: there is another label xy',
    ]);
    expect(problems(usual, { ...usual, kind: 'COUNTER' }, usual)).toEqual([
      'spec.params.metrics[1].name: another metric is named istio_m, with another definition',
      'spec.params.metrics[2].name: another metric is named istio_m, with another definition',
    ]);
    const named = (name: string, kind = 'COUNTER'): object => ({ ...usual, name, kind });
    expect(problems(usual, ...['m_bucket', 'm_sum', 'm_max', 'm_counts'].map((name) => named(name)))).toEqual([
      'spec.params.metrics[1].name: istio_m_bucket is a series of the distribution istio_m',
      'spec.params.metrics[2].name: istio_m_sum is a series of the distribution istio_m',
    ]);
    expect(problems(named('m_count', 'DISTRIBUTION'), named('m-_sum', 'GAUGE'), usual)).toEqual([
      'spec.params.metrics[2].name: the distribution istio_m has a series istio_m_sum, as another metric is named',
      'spec.params.metrics[2].name: the distribution istio_m has a series istio_m_count, as another metric is named',
    ]);
    expect(problems(usual, usual, named('n'), named('n_count'))).toEqual([]);
    const linearBuckets = { numFiniteBuckets: 2, width: 1 };
    const explicitBuckets = { bounds: [1, 1] };
    expect(problems({ ...usual, buckets: { linearBuckets, explicitBuckets } })).toEqual([
      'spec.params.metrics[0].buckets: has linearBuckets and explicitBuckets, of which only one is allowed',
    ]);
    expect(problems({ ...usual, buckets: { explicitBuckets } })).toEqual([
      'spec.params.metrics[0].buckets: each bound must be above the one before',
    ]);
    expect(problems({ ...usual, buckets: { exponentialBuckets: { ...linearBuckets, growthFactor: 1 } } })).not.toEqual(
      [],
    );
    const policy = { metricsExpiryDuration: '0s', expiryCheckIntervalDuration: '0s' };
    expect(settingsProblems(trial.adapter, { metricsExpirationPolicy: policy })).toEqual([
      'spec.params.metricsExpirationPolicy.metricsExpiryDuration: must be above 0',
      'spec.params.metricsExpirationPolicy.expiryCheckIntervalDuration: must be at least 1ms',
    ]);
  });
});
