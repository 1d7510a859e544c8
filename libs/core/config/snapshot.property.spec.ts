import fc from 'fast-check';
import type { JsonObject } from '@keelson/api';
import { ProblemError } from '@keelson/core/problems';
import { decodeCommit, encodeCommit, revisionName, Snapshot, type Change } from '.';
import { ReferenceIndex } from './reference-index';
import { commitOf, put, remove } from './testing/changes';

describe('decodeCommit', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  it('throws nothing but problems, whatever the log holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.jsonValue().map(bytes)), (message) => {
        expect(() => decodeCommit(message)).toThrow(ProblemError);
      }),
    );
  });
});

describe('Snapshot', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const change = fc.oneof(
    names.map((name) => remove('Gateway', name)),
    names.map((name) => remove('VirtualService', name)),
    fc.tuple(names, fc.nat(2)).map(([name, n]) => put('Gateway', name, { servers: Array<JsonObject>(n).fill({}) })),
    fc
      .tuple(names, fc.subarray(['a', 'b', 'c', 'mesh']))
      .map(([name, gateways]) => put('VirtualService', name, { hosts: ['x'], gateways })),
    fc
      .tuple(names, fc.subarray(['v1', 'v2']))
      .map(([name, subsets]) =>
        put('DestinationRule', name, { host: name, subsets: subsets.map((subset) => ({ name: subset })) }),
      ),
  );
  const history = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 });

  function fold(commits: readonly Change[][], touch: (snapshot: Snapshot) => void = () => undefined): Snapshot {
    return commits.reduce((snapshot, changes, i) => {
      touch(snapshot);
      return snapshot.fold(commitOf(changes), revisionName('e', i + 1));
    }, Snapshot.empty('e'));
  }

  it('has the same hash for the same objects, whatever the way to them', () => {
    fc.assert(
      fc.property(history, fc.array(names), (commits, detour) => {
        const snapshot = fold(commits);
        const replica = commits
          .map((changes) => decodeCommit(encodeCommit(commitOf(changes))))
          .reduce((state, commit, i) => state.fold(commit, revisionName('e', i + 1)), Snapshot.empty('e'));
        expect(replica.hash).toBe(snapshot.hash);
        const there = snapshot.fold(commitOf(detour.map((name) => put('Sidecar', name, {}))), 'e-99');
        const back = there.fold(commitOf(detour.map((name) => remove('Sidecar', name))), 'e-100');
        expect(back.hash).toBe(snapshot.hash);
        expect(there.hash === snapshot.hash).toBe(detour.length === 0);
      }),
    );
  });

  it('keeps its index of references as one made anew would be', () => {
    const asked = ['a', 'b', 'c'].flatMap((name) => [
      `Gateway default/${name}`,
      `host ${name}.default.svc.cluster.local`,
      `subset v1 of ${name}.default.svc.cluster.local`,
    ]);
    const view = (index: ReferenceIndex): unknown =>
      asked.map((name) => [name, index.provided(name), [...index.referrersOf(name)].sort()]);
    fc.assert(
      fc.property(history, (commits) => {
        const snapshot = fold(commits, ({ references }) => references);
        expect(view(snapshot.references)).toEqual(view(ReferenceIndex.of(snapshot.entries(), snapshot.scope)));
      }),
    );
  });
});
