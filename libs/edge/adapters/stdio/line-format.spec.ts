import type { StringMap, Value, ValueType } from '@keelson/core/attributes';
import { LineFormat } from './line-format';

const at = { seconds: Date.UTC(2017, 7, 21, 10, 4, 0) / 1000, nanos: 123_456_789 };
const name = 'accesslog.logentry.istio-system';

function map(entries: Record<string, string>): StringMap {
  return { get: (key) => entries[key], entries: () => Object.entries(entries) };
}

const types: Record<string, ValueType> = {
  text: 'STRING',
  count: 'INT64',
  share: 'DOUBLE',
  mtls: 'BOOL',
  took: 'DURATION',
  when: 'TIMESTAMP',
  ip: 'IP_ADDRESS',
  labels: 'STRING_MAP',
  Host: 'DNS_NAME',
};
const values: Record<string, Value> = {
  text: 'a string',
  count: 123,
  share: 1.23,
  mtls: true,
  took: 1_000_000_000,
  when: at,
  ip: Uint8Array.of(10, 0, 0, 1),
  labels: map({ b: '2', a: '1' }),
  Host: 'a.example',
};

describe('a log line', () => {
  it('S45: is JSON as Mixer writes it: level, time, instance, then the variables by name', () => {
    expect(new LineFormat(name, undefined, types, true).line('WARNING', at, { named: values })).toBe(
      '{"level":"warn","time":"2017-08-21T10:04:00.123456Z","instance":"accesslog.logentry.istio-system",' +
        '"Host":"a.example","count":123,"ip":"10.0.0.1","labels":{"a":"1","b":"2"},"mtls":true,"share":1.23,' +
        '"text":"a string","took":"1s","when":"2017-08-21T10:04:00.123456Z"}\n',
    );
  });

  it('S45: is made for a terminal as zap does', () => {
    const format = new LineFormat('m.metric.x', 'INT64', { b: 'STRING', a: 'INT64' }, false);
    expect(format.line('INFO', at, { value: 5, named: { b: 'x', a: 1 } })).toBe(
      '2017-08-21T10:04:00.123456Z\tinfo\tm.metric.x\t{"value": 5, "a": 1, "b": "x"}\n',
    );
    expect(new LineFormat('n', undefined, {}, false).line('ERROR', at, { named: {} })).toBe(
      '2017-08-21T10:04:00.123456Z\terror\tn\n',
    );
  });

  it('S45: has the value of a metric before its dimensions, and leaves out what there is not', () => {
    const format = new LineFormat('m.metric.x', 'DURATION', { b: 'STRING', a: 'STRING' }, true);
    expect(JSON.parse(format.line('INFO', at, { value: 1500, named: { b: 'x' } }))).toEqual({
      level: 'info',
      time: '2017-08-21T10:04:00.123456Z',
      instance: 'm.metric.x',
      value: '1.5µs',
      b: 'x',
    });
    expect(new LineFormat('n', undefined, {}, true).line('INFO', at, { named: {} })).toMatch(/"instance":"n"}\n$/);
  });

  it('writes numbers that JSON has not as texts', () => {
    const format = new LineFormat('n', undefined, { a: 'DOUBLE', b: 'DOUBLE', c: 'INT64' }, true);
    expect(format.line('INFO', at, { named: { a: NaN, b: -Infinity, c: 2n ** 62n } })).toContain(
      '"a":"NaN","b":"-Inf","c":4611686018427387904}',
    );
  });
});
