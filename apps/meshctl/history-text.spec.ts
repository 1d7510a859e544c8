import type { CommitEntry } from './galley-api';
import { changesText, historyText } from './history-text';

const change = (op: string, name: string): CommitEntry['changes'][number] => ({
  op,
  kind: 'Sidecar',
  namespace: 'shop',
  name,
});
const commit = (over: Partial<CommitEntry> = {}): CommitEntry => ({
  revision: 'e-7',
  epoch: 'e',
  sequence: 7,
  time: '2026-03-01T12:30:45.678Z',
  author: 'spiffe://cluster.local/ns/istio-system/sa/operator',
  reason: 'apply',
  source: 'api',
  changes: [change('created', 'a')],
  ...over,
});
const rows = (commits: CommitEntry[], ofObject = false): string[] =>
  historyText({ revisions: commits, older: 'none', from: 1 }, ofObject).split('\n').slice(1);

describe('commits for people', () => {
  it('shows revision, time, author, reason and what changed', () => {
    expect(historyText({ revisions: [commit()], older: 'none', from: 1 }, false)).toBe(
      [
        'REVISION  TIME                  AUTHOR                 REASON  CHANGES',
        'e-7       2026-03-01T12:30:45Z  istio-system/operator  apply   created Sidecar shop/a',
      ].join('\n'),
    );
  });

  it('shows of one object only what happened to it', () => {
    expect(rows([commit({ changes: [change('deleted', 'a')] })], true)).toEqual([
      expect.stringMatching(/apply +deleted$/),
    ]);
  });

  it.each([
    ['anonymous', 'anonymous'],
    ['folder:/etc/mesh', 'folder:/etc/mesh'],
    ['spiffe://td/ns/a', 'spiffe://td/ns/a'],
    ['', '-'],
  ])('author %j is shown as %j', (author, shown) => {
    expect(rows([commit({ author })])[0]?.split(/ +/)[2]).toBe(shown);
  });

  it('shortens what is long, and never tells of nothing', () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => change('created', name));
    expect(changesText([...many, change('deleted', 'x')])).toBe(
      'created 4: Sidecar shop/a, Sidecar shop/b, +2; deleted Sidecar shop/x',
    );
    expect(changesText(many.slice(0, 2))).toBe('created 2: Sidecar shop/a, Sidecar shop/b');
    expect(changesText([change('created', 'n'.repeat(200))])).toHaveLength('created '.length + 60);
    expect(rows([commit({ reason: 'r'.repeat(500) })])[0]!.length).toBeLessThan(150);
  });

  it('does not let the log steer the terminal', () => {
    const hostile = 'x\u001b[31m\ny\u202ez';
    const text = rows([commit({ reason: hostile, author: hostile, changes: [change(hostile, hostile)] })]);
    expect(text).toHaveLength(1);
    expect(text[0]).not.toMatch(/[\u001b\u202e]/);
    expect(text[0]).toContain('x?[31m?y?z');
  });

  it('shows a time that is none as it is', () => {
    expect(rows([commit({ time: 'yesterday' })])[0]).toContain('yesterday');
  });

  it.each([
    ['none', undefined],
    ['beyond-limit', '--limit shows more'],
    ['compacted', 'the log was compacted: commits before sequence 5 are not in it any more'],
    ['forgotten', 'commits before sequence 5 are in the log, and this Galley does not remember them'],
  ] as const)('says of older commits that are %s: %s', (older, told) => {
    const lines = historyText({ revisions: [commit()], older, from: 5 }, false).split('\n');
    expect(lines).toHaveLength(told === undefined ? 2 : 3);
    expect(lines[2] ?? '').toContain(told ?? '');
  });
});
