import { amountOf } from './int64';

describe('amounts of 64 bits', () => {
  it('are read from numbers and digits', () => {
    expect(amountOf(5)).toBe(5);
    expect(amountOf('9007199254740993')).toBe(9007199254740993n);
    expect(amountOf('0012')).toBe(12);
    expect(amountOf('9999999999999999999')).toBe(9223372036854775807n);
    expect(amountOf(2 ** 63)).toBe(9223372036854775807n);
  });
});
