import { BackOff } from './back-off';

describe('waiting times between attempts', () => {
  const take = (backOff: BackOff, count: number): number[] => Array.from({ length: count }, () => backOff.next());

  it('double up to the limit, and begin anew after a success', () => {
    const backOff = new BackOff(100, 1_000, () => 1);
    expect(take(backOff, 6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    backOff.reset();
    expect(take(backOff, 2)).toEqual([100, 200]);
  });

  it('are shortened at random by up to a half', () => {
    expect(take(new BackOff(100, 1_000, () => 0), 5)).toEqual([50, 100, 200, 400, 500]);
  });

  it('are never longer than the limit, even where the first is, or after any number of attempts', () => {
    const backOff = new BackOff(5_000, 1_000, () => 1);
    expect(Math.max(...take(backOff, 2_000))).toBe(1_000);
  });
});
