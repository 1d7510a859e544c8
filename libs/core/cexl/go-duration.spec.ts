import fc from 'fast-check';
import { int64 } from '@keelson/core/attributes';
import { formatDuration, parseDuration } from '.';

describe('durations of Go', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['+5s', 5e9],
    ['1h30m', 54e11],
    ['1h1m1s1ms1us1ns', 3_661_001_001_001],
    ['1µs', 1000],
    ['1μs', 1000],
    ['.5s', 5e8],
    ['5.s', 5e9],
    ['-1.5h', -54e11],
    ['1.0000000001s', 1e9],
    ['0.3333333333333333333h', 1_200_000_000_000],
    ['0.100000000000000000000h', 360_000_000_000],
    ['9223372036854775807ns', 9223372036854775807n],
    ['-9223372036854775808ns', -9223372036854775808n],
  ])('%s is %d ns', (text, nanos) => {
    expect(parseDuration(text)).toBe(nanos);
  });

  it.each([
    '',
    '-',
    '5',
    '1.5',
    's',
    '.s',
    '1',
    '00',
    '5 s',
    ' 5s',
    '5S',
    '1d',
    '1h-1m',
    '--1s',
    '1e3s',
    '9223372036854775808ns',
    '2562048h',
    '٣s',
    '1s'.repeat(200),
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each<[number | bigint, string]>([
    [0, '0s'],
    [1, '1ns'],
    [1100, '1.1µs'],
    [2_200_000, '2.2ms'],
    [5_000_000, '5ms'],
    [1e9, '1s'],
    [90e9, '1m30s'],
    [3_300_000_000, '3.3s'],
    [7_200_000_000_000, '2h0m0s'],
    [3_661_001_001_001, '1h1m1.001001001s'],
    [-1_500_000, '-1.5ms'],
    [9223372036854775807n, '2562047h47m16.854775807s'],
    [-9223372036854775808n, '-2562047h47m16.854775808s'],
  ])('%d ns prints as %s', (nanos, text) => {
    expect(formatDuration(nanos)).toBe(text);
  });

  it('reads what it prints', () => {
    const nanos = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-(10n ** 12n), 10n ** 12n)).map(int64);
    fc.assert(
      fc.property(nanos, (value) => parseDuration(formatDuration(value)) === value),
      { numRuns: 1_000 },
    );
  });
});
