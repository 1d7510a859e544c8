import { ReferencedAttributes_Condition as Condition } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attribute, Attributes } from '@keelson/core/attributes';
import type { PolicyAnswer } from './backend';
import { CheckCache } from './check-cache';
import { referencesOf, type Told } from './testing/plain-mixer';

function attributesOf(told: Told): Attributes {
  return new Map(
    Object.entries(told).map(([name, value]): [string, Attribute] => [
      name,
      typeof value === 'string'
        ? { type: 'STRING', value }
        : { type: 'STRING_MAP', value: new Map(Object.entries(value as Record<string, string>)) },
    ]),
  );
}

const answer = (code: number, message = ''): PolicyAnswer => ({ code, message, directive: undefined });
const minute = { forMs: 60_000, uses: -1 };

describe('S40 the check cache', () => {
  const told = { 'request.path': '/a', 'request.headers': { user: 'ann' } };
  const request = attributesOf(told);
  let cache: CheckCache;

  function keep(given: Told, names: string[], kept: PolicyAnswer, validity = minute, askedAt = 0): void {
    cache.keep(attributesOf(given), referencesOf(names, given), kept, validity, askedAt);
  }

  beforeEach(() => {
    cache = new CheckCache();
  });

  it('serves an answer to requests that agree in what it depends on, and to no others', () => {
    keep(told, ['request.path', 'request.headers[user]', 'source.name'], answer(7, 'no'));
    expect(cache.use(request, 1)).toEqual(answer(7, 'no'));
    expect(cache.use(attributesOf({ ...told, 'request.method': 'PUT' }), 1)).toEqual(answer(7, 'no'));
    expect(cache.use(attributesOf({ ...told, 'request.path': '/b' }), 1)).toBeUndefined();
    expect(cache.use(attributesOf({ ...told, 'request.headers': {} }), 1)).toBeUndefined();
    expect(cache.use(attributesOf({ ...told, 'source.name': 'x' }), 1)).toBeUndefined();
  });

  it('serves an answer until it ends', () => {
    keep(told, ['request.path'], answer(0), { forMs: 1_000, uses: -1 }, 500);
    expect(cache.use(request, 1_499)).toEqual(answer(0));
    expect(cache.use(request, 1_500)).toBeUndefined();
  });

  it('serves an answer as often as it may be used, the request that asked for it included', () => {
    keep(told, ['request.path'], answer(0), { forMs: 1_000, uses: 3 });
    expect([1, 2, 3].map((now) => cache.use(request, now)?.code)).toEqual([0, 0, undefined]);
  });

  it.each([
    ['no time', { forMs: 0, uses: 100 }],
    ['one use', { forMs: 1_000, uses: 1 }],
    ['no use', { forMs: 1_000, uses: 0 }],
  ])('does not keep an answer that holds for %s, nor what it replaced', (_, validity) => {
    keep(told, ['request.path'], answer(0));
    keep(told, ['request.path'], answer(7), validity, 1);
    expect(cache.use(request, 2)).toBeUndefined();
  });

  it('keeps the newest answer, even if an older one comes later', () => {
    keep(told, ['request.path'], answer(0), minute, 10);
    keep(told, ['request.path'], answer(7), minute, 20);
    keep(told, ['request.path'], answer(5), minute, 15);
    expect(cache.use(request, 30)).toEqual(answer(7));
  });

  it('serves by one set of references what another lost', () => {
    keep(told, ['request.path'], answer(0), minute);
    keep(told, ['request.headers[user]'], answer(7), { forMs: 10, uses: -1 });
    expect(cache.use(request, 5)).toEqual(answer(7));
    expect(cache.use(request, 15)).toEqual(answer(0));
  });

  it('keeps nothing by references that are none', () => {
    cache.keep(
      request,
      { words: [], attributeMatches: [{ name: -1, condition: Condition.EXACT }] },
      answer(0),
      minute,
      0,
    );
    cache.keep(
      request,
      { words: ['request.path'], attributeMatches: [{ name: -1, condition: Condition.REGEX }] },
      answer(0),
      minute,
      0,
    );
    // What the answer depends on is not what was asked about.
    cache.keep(
      request,
      { words: ['request.path'], attributeMatches: [{ name: -1, condition: Condition.ABSENCE }] },
      answer(0),
      minute,
      0,
    );
    expect(cache.use(request, 1)).toBeUndefined();
  });

  it('is bounded: what was not used for long goes', () => {
    cache = new CheckCache({ shapes: 2, answers: 2, bytes: 100_000 });
    for (const path of ['/a', '/b']) keep({ 'request.path': path }, ['request.path'], answer(0, path));
    cache.use(attributesOf({ 'request.path': '/a' }), 1);
    keep({ 'request.path': '/c' }, ['request.path'], answer(0, '/c'));
    const use = (path: string): string | undefined => cache.use(attributesOf({ 'request.path': path }), 1)?.message;
    expect(['/a', '/b', '/c'].map(use)).toEqual(['/a', undefined, '/c']);
    keep({ 'source.name': 'x' }, ['source.name'], answer(0));
    keep({ 'source.uid': 'x' }, ['source.uid'], answer(0));
    expect(['/a', '/c'].map(use)).toEqual([undefined, undefined]);
  });

  it('keeps no more than it has memory for', () => {
    cache = new CheckCache({ shapes: 2, answers: 1_000, bytes: 50_000 });
    const path = (i: number): string => `/${i}`.padEnd(9_000, 'x');
    for (let i = 0; i < 8; i++) keep({ 'request.path': path(i) }, ['request.path'], answer(0));
    const kept = Array.from({ length: 8 }, (_, i) => cache.use(attributesOf({ 'request.path': path(i) }), 1)?.code);
    expect(kept).toEqual([undefined, undefined, undefined, 0, 0, 0, 0, 0]);
    const long = { code: 7, message: '', directive: { directResponseBody: 'x'.repeat(45_000) } };
    keep({ 'request.path': '/long' }, ['request.path'], long);
    expect(cache.use(attributesOf({ 'request.path': '/long' }), 1)).toEqual(long);
    expect(cache.use(attributesOf({ 'request.path': path(7) }), 1)).toBeUndefined();
  });

  it('tells whether an answer is there for others', () => {
    const given = { 'request.path': '/a' };
    const put = (uses: number): boolean =>
      cache.keep(attributesOf(given), referencesOf(['request.path'], given), answer(0), { forMs: 1_000, uses }, 0);
    expect([put(2), put(1), put(-1)]).toEqual([true, false, true]);
  });

  it('does not keep what hardly ever comes again', () => {
    const path = '/'.padEnd(20_000, 'x');
    keep({ 'request.path': path }, ['request.path'], answer(0));
    expect(cache.use(attributesOf({ 'request.path': path }), 1)).toBeUndefined();
  });
});
