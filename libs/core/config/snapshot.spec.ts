import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '@keelson/core/problems';
import { decodeCommit, encodeCommit, parseRevision, revisionName, Snapshot, toMeshObject, type Change } from '.';
import { commitOf, put, remove } from './testing/changes';

const golden = join(__dirname, 'testdata', 'commits-v1');

describe('golden commits of format 1', () => {
  const files = readdirSync(golden)
    .filter((file) => /^\d+\.commit$/.test(file))
    .sort();
  const hashes = JSON.parse(readFileSync(join(golden, 'hashes.json'), 'utf8')) as Record<string, string>;

  it('fold to their stored hashes', () => {
    let snapshot = Snapshot.empty('golden');
    const found: Record<string, string> = {};
    for (const [i, file] of files.entries()) {
      snapshot = snapshot.fold(decodeCommit(readFileSync(join(golden, file))), revisionName('golden', i + 1));
      found[file] = snapshot.hash;
    }
    expect(files.length).toBeGreaterThan(0);
    expect(found).toEqual(hashes);
  });

  it('are written byte for byte as they were read', () => {
    for (const file of files) {
      const bytes = readFileSync(join(golden, file));
      expect(Buffer.from(encodeCommit(decodeCommit(bytes))).toString()).toBe(bytes.toString());
    }
  });
});

describe('decodeCommit', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  it('says that a newer format needs an upgrade', () => {
    expect(() => decodeCommit(bytes({ format: 2 }))).toThrow(
      'format 2; this version reads formats up to 1 and has to be upgraded',
    );
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['no object', bytes([])],
    ['no format', bytes({ id: 'x' })],
    ['no id', bytes({ ...commitOf([]), id: 1 })],
    ['no time', bytes({ ...commitOf([]), time: 'now' })],
    ['no changes', bytes({ ...commitOf([]), changes: {} })],
    ['an operation that is none', bytes({ ...commitOf([]), changes: [{ ...put('Gateway', 'a', {}), op: 'patch' }] })],
    [
      'a put without an object',
      bytes({ ...commitOf([]), changes: [{ ...put('Gateway', 'a', {}), object: undefined }] }),
    ],
    [
      'a change without an owner',
      bytes({ ...commitOf([]), changes: [{ ...remove('Gateway', 'a'), owner: undefined }] }),
    ],
  ])('refuses %s', (_, message) => {
    expect(() => decodeCommit(message)).toThrow(ProblemError);
  });
});

describe('Snapshot', () => {
  it('holds what was put, by the revision that put it, since when it was there', () => {
    const first = Snapshot.empty('e').fold(commitOf([put('Gateway', 'b', {}), put('Gateway', 'a', {})]), 'e-1');
    const second = first.fold(commitOf([put('Gateway', 'a', { servers: [] })], '2026-02-01T00:00:00.000Z'), 'e-2');
    expect(second.list('Gateway').map(({ name, revision }) => [name, revision])).toEqual([
      ['a', 'e-2'],
      ['b', 'e-1'],
    ]);
    expect(second.get({ kind: 'Gateway', namespace: 'default', name: 'a' })?.created).toBe(Date.UTC(2026, 0, 1));
    expect(second).toMatchObject({ revision: 'e-2', epoch: 'e', size: 2 });
    expect(first.get({ kind: 'Gateway', namespace: 'default', name: 'a' })?.revision).toBe('e-1');
    expect(second.list('Gateway', 'other')).toEqual([]);
  });

  it('shares what a commit leaves alone', () => {
    const first = Snapshot.empty('e').fold(commitOf([put('Gateway', 'a', {}), put('Sidecar', 'b', {})]), 'e-1');
    const second = first.fold(commitOf([put('Gateway', 'c', {})]), 'e-2');
    expect(second.list('Sidecar')[0]).toBe(first.list('Sidecar')[0]);
    expect(second.list('Gateway')[0]).toBe(first.list('Gateway')[0]);
  });

  it('carries a kind that it does not know, beside a known one of the same name', () => {
    const foreign: Change = {
      ...put('Gateway', 'a', {}),
      apiVersion: 'gateway.networking.k8s.io/v1',
      object: { any: ['shape'] },
    };
    const snapshot = Snapshot.empty('e').fold(commitOf([foreign, put('Gateway', 'a', {})]), 'e-1');
    expect(snapshot.size).toBe(2);
    expect(
      snapshot.get({ kind: 'Gateway', namespace: 'default', name: 'a', apiVersion: foreign.apiVersion })?.object,
    ).toEqual({ any: ['shape'] });
    expect(snapshot.list('Gateway')).toHaveLength(1);
    expect(snapshot.references.provided('Gateway default/a')).toBe(true);
  });

  it('never validates: what another version accepted stays, and reading it tells', () => {
    const snapshot = Snapshot.empty('e').fold(commitOf([put('VirtualService', 'a', { hosts: 5, gone: true })]), 'e-1');
    const [stored] = snapshot.list('VirtualService');
    expect(stored?.object.spec).toEqual({ hosts: 5, gone: true });
    expect(() => toMeshObject(stored!)).toThrow();
    expect(snapshot.references.linksOf(stored!)).toEqual({ provides: [], references: [] });
  });

  it('takes a deletion of what is not there', () => {
    const empty = Snapshot.empty('e');
    expect(empty.fold(commitOf([remove('Gateway', 'a')]), 'e-1').hash).toBe(empty.hash);
  });
});

describe('revision names', () => {
  it('are taken apart at the last dash', () => {
    expect(parseRevision(revisionName('a-b', 12))).toEqual({ epoch: 'a-b', seq: 12 });
    expect(parseRevision('12')).toBeUndefined();
    expect(parseRevision('a-')).toBeUndefined();
  });
});
