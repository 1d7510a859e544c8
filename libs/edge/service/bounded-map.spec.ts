import { BoundedMap } from './bounded-map';

describe('a map that is bounded', () => {
  const keys = (map: BoundedMap<string, number>): string[] => ['a', 'b', 'c', 'd'].filter((key) => map.get(key));

  it('forgets what was not used for longest once it holds too many', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([keys(map), map.size]).toEqual([['a', 'c'], 2]);
  });

  it('forgets as much as it has to once it holds too much', () => {
    const map = new BoundedMap<string, number>(9, 10);
    for (const key of ['a', 'b', 'c']) map.set(key, 1, 3);
    map.set('d', 1, 6);
    expect([keys(map), map.weight]).toEqual([['c', 'd'], 9]);
  });

  it('keeps the newest, whatever it weighs', () => {
    const map = new BoundedMap<string, number>(9, 10);
    map.set('a', 1);
    map.set('b', 1, 50);
    expect([keys(map), map.weight]).toEqual([['b'], 50]);
  });

  it('weighs what is there only', () => {
    const map = new BoundedMap<string, number>(9, 10);
    map.set('a', 1, 4);
    map.set('a', 1, 5);
    map.set('b', 1, 5);
    expect([keys(map), map.weight]).toEqual([['a', 'b'], 10]);
    map.delete('a');
    expect(map.weight).toBe(5);
    map.clear();
    expect([keys(map), map.size, map.weight]).toEqual([[], 0, 0]);
    map.set('c', 1, 10);
    expect(keys(map)).toEqual(['c']);
  });
});
