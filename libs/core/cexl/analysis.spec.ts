import { Vocabulary, type Value, type ValueType } from '@keelson/core/attributes';
import { attributesOf, equalities, mayBeTrue, parse, type Knowledge, type Known } from '.';

const vocabulary = new Vocabulary(
  new Map<string, ValueType>([
    ['s', 'STRING'],
    ['r', 'STRING'],
    ['i', 'INT64'],
    ['b', 'BOOL'],
    ['c', 'BOOL'],
    ['m', 'STRING_MAP'],
    ['n', 'STRING_MAP'],
    ['dur', 'DURATION'],
  ]),
);

describe('equalities', () => {
  const found = (text: string): unknown[] =>
    equalities(parse(text)).map(({ attribute, key, value }) =>
      key === undefined ? [attribute, value] : [attribute, key, value],
    );

  it('are the conjuncts that compare with a literal, either way round', () => {
    expect(found('s == "x" && i == 3')).toEqual([
      ['s', 'x'],
      ['i', 3],
    ]);
    expect(found('"x" == s')).toEqual([['s', 'x']]);
    expect(found('m["k"] == "x" && "y" == n["k"]')).toEqual([
      ['m', 'k', 'x'],
      ['n', 'k', 'y'],
    ]);
    expect(found('(s == "x" && (b && i == 3)) && c == true')).toEqual([
      ['s', 'x'],
      ['i', 3],
      ['c', true],
    ]);
    expect(found('LAND(s == "x", b, EQ(i, 3))')).toEqual([
      ['s', 'x'],
      ['i', 3],
    ]);
    expect(found('s == "x" && s == "y"')).toEqual([
      ['s', 'x'],
      ['s', 'y'],
    ]);
    expect(equalities(parse('s == "x"'))[0]?.type).toBe('STRING');
  });

  it('are no others', () => {
    for (const text of [
      's != "x"',
      's == "x" || b',
      's == r',
      '"x" == "y"',
      '(s | r) == "x"',
      'm[s] == "x"',
      '(m | n)["k"] == "x"',
      'b',
      'conditional(b, s == "x", c)',
      'EQ(s)',
      's.startsWith("x")',
      '(s == "x") == true',
    ])
      expect(found(text)).toEqual([]);
  });
});

describe('attributesOf', () => {
  it.each<[string, string[], string[]]>([
    ['1 == 2', [], []],
    ['s == "x" && s == r', ['s', 'r'], []],
    ['m["k"] | s', ['s'], ['m.k']],
    ['m["k"] == m["q"] && m["k"] == ""', [], ['m.k', 'm.q']],
    ['m[s]', ['m', 's'], []],
    // It does not type-check, and still reads what it reads.
    ['m["5ms"]', ['m'], []],
    ['(m | n)["k"]', [], ['m.k', 'n.k']],
    ['conditional(b, m, n)["k"]', ['b'], ['m.k', 'n.k']],
    ['m | n', ['m', 'n'], []],
    ['m[n["k"]]', ['m'], ['n.k']],
    ['emptyStringMap()["k"]', [], []],
    ['s.startsWith(m["k"])', ['s'], ['m.k']],
    // What is never evaluated is not read.
    ['EQ(s, "x", r)', ['s'], []],
  ])('of %s', (text, names, keys) => {
    const readings = attributesOf(parse(text));
    expect(readings.names).toEqual(names);
    expect(readings.keys.map(({ map, key }) => `${map}.${key}`)).toEqual(keys);
  });
});

describe('mayBeTrue', () => {
  /** What is told is known, `m.k` as a key; the rest is unknown. */
  const knowledge =
    (told: Readonly<Record<string, Known>>): Knowledge =>
    (name, key) =>
      told[key === undefined ? name : `${name}.${key}`] ?? 'unknown';
  const is = (value: Value): Known => ({ value });
  const judged = (text: string, told: Readonly<Record<string, Known>> = {}): string =>
    mayBeTrue(parse(text), vocabulary, knowledge(told));

  it.each<[string, Record<string, Known>, string]>([
    ['true', {}, 'always'],
    ['false', {}, 'never'],
    ['b', {}, 'maybe'],
    ['b', { b: is(true) }, 'always'],
    ['b', { b: is(false) }, 'never'],
    ['b', { b: 'absent' }, 'never'],
    ['s == "x"', {}, 'maybe'],
    ['s == "x"', { s: is('x') }, 'always'],
    ['s == "x"', { s: is('y') }, 'never'],
    ['s == "x"', { s: 'absent' }, 'never'],
    // An unknown attribute may be absent, and then the match fails.
    ['s == "x" || true', {}, 'maybe'],
    ['true || s == "x"', {}, 'always'],
    ['s == "x" && b', { s: is('y') }, 'never'],
    ['b && s == "x"', { s: is('y') }, 'never'],
    ['b && s == "x"', { s: is('x') }, 'maybe'],
    ['b || s == "x"', { s: is('x') }, 'maybe'],
    ['s == "x" || b', { s: is('x') }, 'always'],
    ['s == "x" || b', { s: is('y') }, 'maybe'],
    ['s == "x" || b', { s: 'absent' }, 'never'],
    ['(s | "x") == "x"', { s: 'absent' }, 'always'],
    ['(s | "x") == "x"', {}, 'maybe'],
    ['(s | r) == "x"', { s: is('y') }, 'never'],
    ['(s | r) == "x"', { r: is('y') }, 'maybe'],
    ['(b | true) || true', {}, 'always'],
    ['conditional(b, "a", "a") == "b"', {}, 'never'],
    ['conditional(b, "a", "c") == "b"', {}, 'maybe'],
    ['conditional(b | true, "a", "a") == "a"', {}, 'always'],
    ['conditional(b, true, c)', { b: is(false), c: is(false) }, 'never'],
    ['s.startsWith("a")', { s: is('abc') }, 'always'],
    ['match(s, "a*")', { s: is('b') }, 'never'],
    ['"a".matches(s) && false', {}, 'never'],
    ['"(".matches(s)', { s: is('b') }, 'never'],
    ['size(s) > 3', { s: is('ab') }, 'never'],
    ['(i == 3) | true', { i: is(3) }, 'always'],
    ['(i == 3) | true', {}, 'maybe'],
    // What is converted is not known, and need not be an address.
    ['(ip(s | "::1") == ip("::1")) | true', {}, 'maybe'],
    ['(ip(s | "::1") == ip("::1")) | true', { s: 'absent' }, 'always'],
    ['(i == 3) | true', { i: 'absent' }, 'never'],
    ['m["k"] == "x"', {}, 'maybe'],
    ['m["k"] == "x"', { m: 'absent' }, 'never'],
    ['m["k"] == "x"', { m: is(new Map([['k', 'x']])) }, 'always'],
    ['m["k"] == "x"', { m: is(new Map()) }, 'never'],
    ['m["k"] == ""', { m: is(new Map()) }, 'always'],
    ['m["k"] == "x"', { 'm.k': is('x') }, 'always'],
    ['m["k"] == "x"', { 'm.k': is('y') }, 'never'],
    ['m["k"] == "x"', { 'm.k': 'absent' }, 'never'],
    // Whether there is a map is not told.
    ['m["k"] == ""', { 'm.k': 'absent' }, 'maybe'],
    ['(m["k"] | "d") == "d"', { 'm.k': 'absent' }, 'always'],
    ['(m["k"] | "d") == "d"', { 'm.k': is('x') }, 'never'],
    ['(m["k"] | "d") == "d"', {}, 'maybe'],
    ['m[s] == "x"', { 'm.k': is('x') }, 'maybe'],
    ['m[s] == "x"', { 'm.k': is('x'), s: is('k') }, 'always'],
    ['(m | n)["k"] == "x"', { m: 'absent', n: is(new Map([['k', 'x']])) }, 'always'],
    ['(m | n)["k"] == "x"', { n: is(new Map([['k', 'x']])) }, 'maybe'],
    ['(m | n)["k"] == "x"', { 'm.k': is('x') }, 'always'],
    ['conditional(b, m, n)["k"] == "x"', { 'm.k': is('y'), 'n.k': is('y') }, 'never'],
    ['conditional(c == true || true, m, n)["k"] == "x"', { m: is(new Map([['k', 'x']])) }, 'maybe'],
    ['conditional(c == true || true, m, n)["k"] == "x"', { c: is(true), m: is(new Map([['k', 'x']])) }, 'always'],
    ['emptyStringMap()["k"] == ""', {}, 'always'],
    // What does not compile, or is no condition, matches nothing.
    ['s', { s: is('x') }, 'never'],
    ['nobody', {}, 'never'],
    ['dur == dur', {}, 'never'],
  ])('of %s, knowing %j, is %s', (text, told, truth) => {
    expect(judged(text, told)).toBe(truth);
  });
});
