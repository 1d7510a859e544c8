import type { Int64 } from '@keelson/core/attributes';
import type { QuotaAsk } from '@keelson/core/policy';
import fc from 'fast-check';
import { ExpiringCounters, LastingCounters, type Counters } from './counters';

/** What is asked of a counter at a time. */
interface Step {
  readonly key: string;
  readonly amount: Int64;
  readonly bestEffort: boolean;
  readonly wait: number;
}

/** Keeps every grant there ever was, with the start of the slot that it counts from, and adds up in 64 bits. */
class NaiveCounters {
  readonly #taken: { key: string; from: number; amount: bigint }[] = [];

  constructor(
    readonly maxAmount: bigint,
    readonly forMs: number,
  ) {}

  #live(key: string, now: number): { amount: bigint }[] {
    return this.#taken.filter((grant) => grant.key === key && now < grant.from + Math.ceil(this.forMs / 100) * 100);
  }

  used(key: string, now: number): bigint {
    return this.#live(key, now).reduce((sum, { amount }) => sum + amount, 0n);
  }

  take(key: string, amount: bigint, bestEffort: boolean, now: number): bigint {
    const left = this.maxAmount - this.used(key, now);
    const granted = amount <= left ? amount : bestEffort ? left : 0n;
    this.#taken.push({ key, from: Math.ceil(now / 100) * 100, amount: granted });
    return granted;
  }

  release(key: string, amount: bigint, now: number): bigint {
    let rest = amount;
    for (const grant of this.#live(key, now).reverse()) {
      const back = grant.amount < rest ? grant.amount : rest;
      grant.amount -= back;
      rest -= back;
    }
    return amount - rest;
  }

  /** How many keys have anything taken. */
  size(now: number): number {
    return [...new Set(this.#taken.map(({ key }) => key))].filter((key) => this.used(key, now) > 0n).length;
  }
}

const small = fc.integer({ min: 1, max: 12 });
const large = fc.bigInt({ min: 9007199254740990n, max: 2n ** 63n - 1n }).map((n) => (n < 2n ** 53n ? Number(n) : n));
const step: fc.Arbitrary<Step> = fc.record({
  key: fc.constantFrom('a', 'b'),
  amount: fc.oneof({ weight: 6, arbitrary: small }, { weight: 3, arbitrary: small.map((n) => -n) }, large),
  bestEffort: fc.boolean(),
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 })),
});
const maxAmount = fc.oneof(fc.integer({ min: 0, max: 20 }), large);

function compare(counters: Counters, naive: NaiveCounters, steps: readonly Step[], forgets: boolean): void {
  let now = 5;
  for (const { key, amount, bestEffort, wait } of steps) {
    now += wait;
    if (amount > 0) {
      const ask: QuotaAsk = { amount, bestEffort, deduplicationId: '' };
      expect(BigInt(counters.take(key, ask, now).amount)).toBe(naive.take(key, BigInt(amount), bestEffort, now));
    } else expect(BigInt(counters.release(key, -amount, now))).toBe(naive.release(key, -BigInt(amount), now));
    if (forgets) expect(counters.size).toBe(naive.size(now));
    else expect(counters.size).toBeGreaterThanOrEqual(naive.size(now));
  }
}

describe('expiring counters', () => {
  it('S41: grant and release as one who keeps every grant and adds up those of the last window', () => {
    fc.assert(
      fc.property(maxAmount, fc.integer({ min: 1, max: 900 }), fc.array(step, { maxLength: 60 }), (max, ms, steps) => {
        compare(new ExpiringCounters(max, ms), new NaiveCounters(BigInt(max), ms), steps, false);
      }),
      { numRuns: 500 },
    );
  });

  it('S41: never grant more than there is of what is valid at one time', () => {
    const time = fc.double({ min: 0, max: 400, noNaN: true });
    const asks = fc.array(fc.record({ amount: fc.integer({ min: 1, max: 12 }), wait: time }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 900 }), asks, (max, ms, steps) => {
        const counters = new ExpiringCounters(max, ms);
        const granted: { amount: number; until: number }[] = [];
        let now = 0;
        for (const { amount, wait } of steps) {
          now += wait;
          const grant = counters.take('a', { amount, bestEffort: true, deduplicationId: '' }, now);
          granted.push({ amount: Number(grant.amount), until: now + grant.validForMs });
          const valid = granted.filter(({ until }) => until > now).reduce((sum, each) => sum + each.amount, 0);
          expect(valid).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('count over windows of many slots', () => {
    const counters = new ExpiringCounters(1_000_000, 60_000);
    const naive = new NaiveCounters(1_000_000n, 60_000);
    const steps = Array.from({ length: 1500 }, (_, i) => ({
      key: 'a',
      amount: 1 + (i % 7),
      bestEffort: true,
      wait: 100,
    }));
    steps.splice(1000, 0, { key: 'a', amount: -500, bestEffort: true, wait: 0 });
    steps.push({ key: 'a', amount: 2_000_000, bestEffort: true, wait: 0 });
    compare(counters, naive, steps, false);
  });
});

describe('lasting counters', () => {
  it('S41: grant and release as one who keeps every grant, and hold only what is in use', () => {
    fc.assert(
      fc.property(maxAmount, fc.array(step, { maxLength: 60 }), (max, steps) => {
        compare(new LastingCounters(max), new NaiveCounters(BigInt(max), Infinity), steps, true);
      }),
      { numRuns: 500 },
    );
  });
});
