import { ExpiringCounters } from './counters';

describe('expiring counters', () => {
  it('forget those that have nothing left to count', () => {
    const counters = new ExpiringCounters(10, 1000);
    const ask = { amount: 1, bestEffort: false, deduplicationId: '' };
    for (let i = 0; i < 1000; i++) counters.take(`key-${i}`, ask, i);
    expect(counters.size).toBe(1000);
    counters.take('key-0', ask, 1500);
    expect(counters.size).toBe(499 + 1);
    counters.take('last', ask, 3000);
    expect(counters.size).toBe(1);
    counters.release('last', 1, 3000);
    expect(counters.size).toBe(0);
  });

  it('S41: hold an amount for as long as the grant says that it is valid, wherever in a slot it was taken', () => {
    const counters = new ExpiringCounters(5, 1000);
    const ask = { amount: 5, bestEffort: false, deduplicationId: '' };
    expect(counters.take('a', ask, 99)).toEqual({ amount: 5, validForMs: 1000 });
    expect(counters.take('a', ask, 1000).amount).toBe(0);
    expect(counters.take('a', ask, 1098.9).amount).toBe(0);
    expect(counters.take('a', ask, 1100).amount).toBe(5);
    expect(counters.take('a', ask, 2099).amount).toBe(0);
    expect(counters.take('a', ask, 2100).amount).toBe(5);
  });

  it('forget one that is not used, though others before it are', () => {
    const counters = new ExpiringCounters(10, 1000);
    const ask = { amount: 1, bestEffort: false, deduplicationId: '' };
    counters.take('busy', ask, 0);
    counters.take('idle', ask, 100);
    counters.take('busy', ask, 900);
    counters.take('new', ask, 1100);
    expect(counters.size).toBe(2);
  });

  it('keep none for what was refused', () => {
    const counters = new ExpiringCounters(10, 1000);
    counters.take('a', { amount: 11, bestEffort: false, deduplicationId: '' }, 0);
    expect(counters.size).toBe(0);
  });
});
