import fc from 'fast-check';
import type { Value, ValueType } from '@keelson/core/attributes';
import { formatDouble, textOf } from '.';

describe('S45 values as text', () => {
  it.each<[ValueType, Value, string]>([
    ['STRING', 'a "b"\n', 'a "b"\n'],
    ['DNS_NAME', 'A.b', 'A.b'],
    ['EMAIL_ADDRESS', 'a@b', 'a@b'],
    ['URI', 'urn:x', 'urn:x'],
    ['INT64', -42, '-42'],
    ['INT64', 9223372036854775807n, '9223372036854775807'],
    ['BOOL', true, 'true'],
    ['BOOL', false, 'false'],
    ['DOUBLE', 1.5, '1.5'],
    ['DURATION', 90e9, '1m30s'],
    ['DURATION', 0, '0s'],
    ['TIMESTAMP', { seconds: 1420211075, nanos: 0 }, '2015-01-02T15:04:35.000000Z'],
    ['TIMESTAMP', { seconds: -1, nanos: 123_456_789 }, '1969-12-31T23:59:59.123456Z'],
    ['TIMESTAMP', { seconds: -62135596800, nanos: 0 }, '0001-01-01T00:00:00.000000Z'],
    ['TIMESTAMP', { seconds: 9e12, nanos: 1000 }, '9000000000000.000001'],
    ['IP_ADDRESS', Uint8Array.of(10, 0, 0, 1), '10.0.0.1'],
    ['IP_ADDRESS', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1), '10.0.0.1'],
    ['IP_ADDRESS', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '::1'],
    ['IP_ADDRESS', Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xab), '2001:db8:0:1::ab'],
    ['IP_ADDRESS', Uint8Array.of(0x20, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1), '2001:0:1:1:0:1:1:1'],
    ['IP_ADDRESS', Uint8Array.of(1, 2), '?0102'],
    ['STRING_MAP', new Map(), ''],
    [
      'STRING_MAP',
      new Map([
        ['b', '2'],
        ['a', '1'],
        ['\u{1f600}', ''],
        ['\uffee', 'x'],
      ]),
      'a=1&b=2&\uffee=x&\u{1f600}=',
    ],
  ])('%s %p prints as %j', (type, value, text) => {
    expect(textOf(value, type)).toBe(text);
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [1e6, '1000000'],
    [123456789.25, '123456789.25'],
    [1e21, '1000000000000000000000'],
    [-1.25e22, '-12500000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.5e-9, '-0.0000000015'],
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ])('the number %d prints as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text);
  });

  it('numbers are plain decimals that read the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatDouble(value);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Object.is(Number(text), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
