import fc from 'fast-check';
import { QuotaPool } from './quota-pool';

const options = { minAmount: 10, windowMs: 1_000, closeWaitMs: 500 };

describe('S41 the pool of a quota', () => {
  let pool: QuotaPool;

  function grant(asked: number, amount: number, validMs = 60_000, now = 0): void {
    pool.granted(asked, amount, validMs, now);
  }

  beforeEach(() => {
    pool = new QuotaPool(options);
  });

  it('serves what was granted, and no more', () => {
    expect(pool.draw(1, 0)).toBe('empty');
    grant(10, 10);
    const draws = Array.from({ length: 11 }, () => pool.draw(1, 1));
    expect(draws).toEqual([...Array.from({ length: 10 }, () => 'granted'), 'empty']);
  });

  it('does not serve what is not valid any more', () => {
    grant(10, 10, 1_000);
    expect(pool.draw(1, 999)).toBe('granted');
    expect(pool.draw(1, 1_000)).toBe('empty');
  });

  it('draws an amount from several grants, or nothing of it', () => {
    grant(10, 3);
    grant(10, 4, 60_000, 10);
    expect(pool.draw(8, 600)).toBe('empty');
    expect(pool.draw(6, 600)).toBe('granted');
    expect(pool.draw(2, 600)).toBe('empty');
    expect(pool.draw(1, 600)).toBe('granted');
  });

  it('refuses for a while after Mixer had less than was asked for', () => {
    grant(10, 1, 60_000, 100);
    expect(pool.draw(1, 101)).toBe('granted');
    expect(pool.draw(1, 102)).toBe('refused');
    expect(pool.draw(1, 599)).toBe('refused');
    expect(pool.draw(1, 600)).toBe('empty');
    grant(10, 10, 60_000, 601);
    expect(pool.draw(11, 602)).toBe('empty');
  });

  it('asks for a smaller amount where a larger one was refused as a whole', () => {
    pool.hear(5, 0, 0, 0);
    expect(pool.draw(5, 1)).toBe('refused');
    expect(pool.draw(4, 1)).toBe('empty');
  });

  it('asks ahead when less than half of what is likely to be needed is left', () => {
    grant(10, 10);
    expect(pool.prefetch(1)).toBe(0);
    for (let i = 0; i < 6; i++) pool.draw(1, 1);
    expect(pool.prefetch(2)).toBe(10);
  });

  it('asks for as much as was needed of late', () => {
    grant(100, 100);
    for (let i = 0; i < 60; i++) pool.draw(1, 900 + i);
    expect(pool.desired(1_000)).toBe(60);
    expect(pool.desired(1_899)).toBe(60);
    expect(pool.desired(2_000)).toBe(10);
    pool.draw(30, 5_000);
    expect(pool.desired(5_000)).toBe(30);
  });

  it('does not ask ahead where grants are not valid for any time', () => {
    expect(pool.keepable).toBe(false);
    pool.hear(1, 1, 0, 0);
    expect([pool.keepable, pool.prefetch(1)]).toEqual([false, 0]);
    pool.hear(1, 1, 1_000, 0);
    expect([pool.keepable, pool.prefetch(1)]).toEqual([true, 10]);
  });

  it('gives back what came to nothing, for as long as it was valid', () => {
    grant(5, 5, 1_000);
    const until = pool.validUntil(0);
    expect(pool.draw(5, 0)).toBe('granted');
    pool.giveBack(5, until);
    expect(pool.draw(5, 999)).toBe('granted');
    pool.giveBack(5, until);
    expect(pool.draw(5, 1_000)).toBe('empty');
  });

  it('never serves more than was granted and is valid', () => {
    const step = fc.oneof(
      fc.record({ draw: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ grant: fc.integer({ min: 0, max: 12 }), validMs: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ wait: fc.integer({ min: 0, max: 200 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const tested = new QuotaPool(options);
        // By when each was granted: a model that draws in the same order.
        let model: { amount: number; until: number }[] = [];
        let now = 0;
        for (const each of steps) {
          if ('wait' in each) now += each.wait;
          else if ('grant' in each) {
            tested.granted(10, each.grant, each.validMs, now);
            model.push({ amount: each.grant, until: now + each.validMs });
          } else {
            model = model.filter(({ until }) => until > now);
            const there = model.reduce((sum, { amount }) => sum + amount, 0);
            expect(tested.draw(each.draw, now) === 'granted').toBe(there >= each.draw);
            for (let left = there >= each.draw ? each.draw : 0; left > 0; ) {
              const taken = Math.min(left, model[0]!.amount);
              left -= taken;
              model[0]!.amount -= taken;
              if (model[0]!.amount === 0) model.shift();
            }
          }
        }
      }),
    );
  });
});
