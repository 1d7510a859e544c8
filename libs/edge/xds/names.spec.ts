import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { type NameSet, NameSets } from './names';

const thousand = Array.from({ length: 1_000 }, (_, i) => `n${i}`);

async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate); // what a WeakRef gave out stays until the turn ends
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function costOf(sets: NameSets, act: () => void): number {
  const before = sets.work;
  act();
  return sets.work - before;
}

describe('sets of names', () => {
  it('are one object if they are equal, in whatever order and by whatever way they came', () => {
    const sets = new NameSets();
    const set = sets.of(['b', 'a', 'b']);
    expect([...set.listed]).toEqual(['a', 'b']);
    expect(sets.of(['a', 'b'])).toBe(set);
    expect(sets.of(['a', 'b'], true)).not.toBe(set);
    expect(sets.step(sets.of(['a', 'c']), ['b'], ['c']).next).toBe(set);
    expect(sets.listing(sets.none, ['b', 'a'], false).next).toBe(set);
  });

  it('a step answers what is asked for, again or not, and under a wildcard what no longer is', () => {
    const sets = new NameSets();
    const from = sets.of(['a', 'b', 'c'], true);
    const { next, asked } = sets.step(from, ['d', 'b', '*'], ['b', 'c', 'x', '*']);
    expect(next).toBe(sets.of(['a', 'b', 'd'], true));
    expect(asked).toBe(sets.of(['b', 'c', 'd', 'x']));
    expect(sets.step(from, [], ['c', '*'])).toEqual({ next: sets.of(['a', 'b']), asked: undefined });
  });

  it('a step that another stream has taken costs the names that it holds, a new one costs the whole set', () => {
    const sets = new NameSets();
    const { next } = sets.step(sets.none, thousand, []);
    const follow = (): void => {
      sets.step(next, ['more'], ['n7']);
    };
    expect(costOf(sets, follow)).toBeGreaterThanOrEqual(2_000);
    for (let i = 0; i < 200; i++) expect(costOf(sets, follow)).toBe(2);
    expect(costOf(sets, () => sets.step(sets.none, thousand, []))).toBe(1_000);
    const list = (): void => {
      sets.listing(next, [...thousand, 'more'], false);
    };
    expect(costOf(sets, list)).toBeGreaterThanOrEqual(2_000);
    expect(costOf(sets, list)).toBe(1_001);
  });

  it('that no stream is at any more are let go of, though the steps to them are remembered', async () => {
    const sets = new NameSets();
    const passed: WeakRef<NameSet>[] = [];
    let last = sets.step(sets.none, thousand, []).next;
    for (let i = 0; i < 20; i++) {
      passed.push(new WeakRef(last));
      if (i % 2 === 0) last = sets.step(last, [`x${i}`], []).next;
      else last = sets.listing(last, [...last.listed, `x${i}`], false).next;
    }
    await collectGarbage();
    expect(passed.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(last.has('x19')).toBe(true);
    // It goes on from there as if nothing were lost.
    const again = sets.step(sets.none, thousand, []);
    expect(again.next.listed.size).toBe(1_000);
    expect(again.asked).toBe(again.next);
  });
});
