import type { JsonObject } from '@keelson/api';
import { Snapshot, type Change, type ObjectRef } from '@keelson/core/config';
import { History } from './history';

const ref = (name: string): ObjectRef => ({ kind: 'ServiceEntry', namespace: 'shop', name });

/** A history of commits, each of which puts the objects of these names; `-name` deletes one. */
function historyOf(commits: Record<number, string[]>, limits?: ConstructorParameters<typeof History>[0]): History {
  const history = new History(limits);
  let before = Snapshot.empty('e');
  for (const [seq, names] of Object.entries(commits)) {
    const changes = names.map((name): Change => {
      const base = { apiVersion: 'networking.istio.io/v1', owner: 'api' };
      if (name.startsWith('-')) return { op: 'delete', ...base, ...ref(name.slice(1)) };
      return { op: 'put', ...base, ...ref(name), object: { spec: {} } satisfies JsonObject };
    });
    const time = '2026-01-01T00:00:00.000Z';
    const commit = { format: 1 as const, id: seq, epoch: 'e', changes, author: 'a', reason: '', source: 'api', time };
    const revision = `e-${seq}`;
    const after = before.fold(commit, revision);
    history.add({ seq: Number(seq), revision, commit, before, after });
    before = after;
  }
  return history;
}

describe('the history of one object', () => {
  const history = historyOf({ 1: ['a', 'b'], 2: ['b'], 4: ['a', 'c'], 5: ['-a'], 6: ['c'] });
  const told = (limit: number, query?: Parameters<History['newest']>[1]): string[] =>
    history
      .newest(limit, query)
      .map(({ revision, changes }) => `${revision} ${changes.map(({ op, name }) => `${op} ${name}`).join(', ')}`);

  it('has the commits that changed it, newest first, with what happened to it alone', () => {
    expect(told(10, { object: ref('a') })).toEqual(['e-5 deleted a', 'e-4 configured a', 'e-1 created a']);
    expect(told(10, { object: { ...ref('a'), namespace: 'other' } })).toEqual([]);
    expect(told(10, { object: { ...ref('a'), kind: 'Sidecar' } })).toEqual([]);
  });

  it('is read in pages, by the sequence before which to go on', () => {
    expect(told(2, { object: ref('a') })).toEqual(['e-5 deleted a', 'e-4 configured a']);
    expect(told(2, { object: ref('a'), before: 4 })).toEqual(['e-1 created a']);
    expect(told(2)).toEqual(['e-6 configured c', 'e-5 deleted a']);
    // There is no commit 3.
    expect(told(2, { before: 3 })).toEqual(['e-2 configured b', 'e-1 created a, created b']);
    expect(told(2, { before: 1 })).toEqual([]);
  });

  it('leaves the commits as they are for those who ask for all', () => {
    told(10, { object: ref('a') });
    expect(told(1, { before: 5 })).toEqual(['e-4 configured a, created c']);
  });
});

describe('where a history begins', () => {
  it.each([
    ['an empty log', historyOf({}), { from: 0, earlier: 'none' }],
    ['a whole log', historyOf({ 1: ['a'], 2: ['b'] }), { from: 1, earlier: 'none' }],
    ['a log whose old part is gone', historyOf({ 7: ['a'], 8: ['b'] }), { from: 7, earlier: 'compacted' }],
    [
      'more commits than are remembered',
      historyOf({ 1: ['a'], 2: ['b'], 3: ['c'], 4: ['d'], 5: ['e'] }, { commits: 4, changes: 100 }),
      { from: 2, earlier: 'forgotten' },
    ],
    [
      'more changes than are remembered',
      historyOf({ 1: ['a', 'b'], 2: ['c', 'd'] }, { commits: 4, changes: 3 }),
      { from: 2, earlier: 'forgotten' },
    ],
  ])('%s', (_, history, start) => {
    expect(history.start).toEqual(start);
  });

  it('begins anew with another log', () => {
    const history = historyOf({ 1: ['a'], 2: ['b'] }, { commits: 1, changes: 100 });
    history.clear();
    expect(history.start).toEqual({ from: 0, earlier: 'none' });
  });
});
