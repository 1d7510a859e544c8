import { int64, type Int64 } from '@keelson/core/attributes';

const largest = 2n ** 63n - 1n;

/** a + b; plain numbers cost no more than that. */
export function plus(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return int64(BigInt(a) + BigInt(b));
}

/** a - b; plain numbers cost no more than that. */
export function minus(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return int64(BigInt(a) - BigInt(b));
}

/** An amount as settings have it, a number or decimal digits; what is beyond 64 bits is the largest that there is. */
export function amountOf(setting: number | string): Int64 {
  if (typeof setting === 'number' && Number.isSafeInteger(setting)) return setting;
  const value = BigInt(setting);
  return int64(value > largest ? largest : value);
}
