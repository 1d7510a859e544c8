import { median, quantile } from './cost';

describe('quantiles by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
    [0, 1],
  ])('of 1 to 100, the share %d lies up to %d', (share, value) => {
    expect(quantile(hundred, share)).toBe(value);
  });

  it('of one value are that value, and of none 0', () => {
    expect([0, 0.5, 0.99, 1].map((share) => quantile([7], share))).toEqual([7, 7, 7, 7]);
    expect(quantile([], 0.5)).toBe(0);
  });

  it('has the value in the middle, of an even number the lower one', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 3, 2, 1])).toBe(2);
  });
});
