import type { StringMap } from '@keelson/core/attributes';
import { formatInstant } from '@keelson/core/cexl';
import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { instantText } from './instant-text';
import { LineFormat } from './line-format';

const at = { seconds: Date.UTC(2017, 7, 21, 10, 4, 0) / 1000, nanos: 123_456_789 };
const name = 'accesslog.logentry.istio-system';

function map(entries: Record<string, string>): StringMap {
  return { get: (key) => entries[key], entries: () => Object.entries(entries) };
}

describe('a log line', () => {
  it('writes times of one second, and of others, as they are', () => {
    const seconds = fc.constantFrom(0, 1, -1, 1_600_000_000, 1e15, -1e15);
    const instant = fc.record({ seconds, nanos: fc.integer({ min: 0, max: 999_999_999 }) });
    fc.assert(
      fc.property(fc.array(instant), (instants) => {
        expect(instants.map(instantText)).toEqual(instants.map(formatInstant));
      }),
    );
  });

  it('is one line that reads as what was written, whatever is in a text', () => {
    const text = fc.oneof(
      anyText({ maxLength: 100 }),
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u2028', 'a', '\ud800', '\x7f', 'é') }),
    );
    fc.assert(
      fc.property(text, text, fc.boolean(), (key, value, json) => {
        const format = new LineFormat(name, undefined, { [key]: 'STRING', m: 'STRING_MAP' }, json);
        const line = format.line('INFO', at, { named: { m: map({ [value]: key }), [key]: value } });
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const read = JSON.parse(json ? line : (line.split('\t')[3] ?? '')) as Record<string, unknown>;
        if (key !== 'm' && !['level', 'time', 'instance'].includes(key)) expect(read[key]).toBe(value);
        expect(key === 'm' ? undefined : read['m']).toEqual(key === 'm' ? undefined : { [value]: key });
      }),
      { numRuns: 1000 },
    );
  });
});
