import { int64, type Int64 } from '@keelson/core/attributes';
import fc from 'fast-check';
import { minus, plus } from './int64';

const near = fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n), 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n));
const number: fc.Arbitrary<Int64> = fc
  .tuple(near, fc.integer({ min: -3, max: 3 }))
  .map(([base, more]) => int64(base + BigInt(more)));

describe('amounts of 64 bits', () => {
  it('add and subtract as bigints of 64 bits do, and are numbers where those are exact', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(plus(a, b)).toBe(int64(BigInt(a) + BigInt(b)));
        expect(minus(a, b)).toBe(int64(BigInt(a) - BigInt(b)));
      }),
      { numRuns: 1000 },
    );
  });
});
