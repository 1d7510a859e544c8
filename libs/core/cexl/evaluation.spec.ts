import { Vocabulary, type Bag, type Value, type ValueType } from '@keelson/core/attributes';
import { RE2JS } from 're2js';
import { compile } from '.';
import { bagOf } from './testing/array-bag';

const declared: Readonly<Record<string, ValueType>> = {
  a: 'INT64',
  b: 'INT64',
  s: 'STRING',
  r: 'STRING',
  yes: 'BOOL',
  no: 'BOOL',
  d: 'DOUBLE',
  dur: 'DURATION',
  t: 'TIMESTAMP',
  t2: 'TIMESTAMP',
  ip1: 'IP_ADDRESS',
  ip2: 'IP_ADDRESS',
  m: 'STRING_MAP',
  n: 'STRING_MAP',
  dns1: 'DNS_NAME',
  dns2: 'DNS_NAME',
  mail1: 'EMAIL_ADDRESS',
  mail2: 'EMAIL_ADDRESS',
  uri1: 'URI',
  uri2: 'URI',
};
const vocabulary = new Vocabulary(new Map(Object.entries(declared)));

type Values = Readonly<Record<string, Value>>;
const map = (entries: Readonly<Record<string, string>>): Value => new Map(Object.entries(entries));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const mapped = (...values: number[]): Uint8Array => bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...values);

/** The value of an expression over a bag, or the error. */
function evaluated(text: string, values: Values = {}): unknown {
  const compiled = compile(text, vocabulary);
  const bag = bagOf(vocabulary, values);
  const value = compiled.evaluate(bag);
  const failure = compiled.failure(bag);
  if (value !== undefined) expect(failure).toBe('');
  return value ?? `! ${failure}`;
}

describe('S43 evaluation', () => {
  it.each<[string, Values, unknown]>([
    ['a == 2', { a: 2 }, true],
    ['a == 3', { a: 2 }, false],
    ['a != 2', { a: 2 }, false],
    ['EQ(a, 2)', { a: 2 }, true],
    ['EQ(a, 2, nobody)', { a: 2 }, true],
    ['a < 3', { a: 2 }, true],
    ['a <= 2', { a: 2 }, true],
    ['a > 2', { a: 2 }, false],
    ['a >= 3', { a: 2 }, false],
    ['yes == true', { yes: true }, true],
    ['yes != no', { yes: true, no: true }, false],
    ['d == 1.5', { d: 1.5 }, true],
    ['d < 1e3', { d: 1.5 }, true],
    ['d + 0.5', { d: 1.5 }, 2],
    ['s == "x"', { s: 'x' }, true],
    ['"x" == s', { s: 'y' }, false],
    ['s + "y"', { s: 'x' }, 'xy'],
    ['s < "b"', { s: 'a' }, true],
    // Bytes, not UTF-16: U+FFEE comes before U+1F600.
    ['s < r', { s: '\uffee', r: '\u{1f600}' }, true],
    ['s > r', { s: '\uffee', r: '\u{1f600}' }, false],
    ['s <= r', { s: 'a', r: 'a' }, true],
    ['s >= r', { s: 'a', r: 'ab' }, false],
    ['size(s)', { s: 'é\u{1f600}' }, 6],
    ['size("abc")', {}, 3],
    ['dur', { dur: 5_000_000 }, 5_000_000],
    ['dur | "19ms"', {}, 19_000_000],
    ['conditional(yes, "client", "server")', { yes: false }, 'server'],
    ['conditionalString(yes, s, "z")', { yes: true, s: 'x' }, 'x'],
    ['toLower(s)', { s: 'AÉΣİx' }, 'aéσix'],
    ['s.startsWith("ab")', { s: 'abc' }, true],
    ['s.startsWith(r)', { s: 'abc', r: 'bc' }, false],
    ['s.endsWith("bc")', { s: 'abc' }, true],
    ['"abc".endsWith(s)', { s: 'ab' }, false],
  ])('%s of %j is %j', (text, values, expected) => {
    expect(evaluated(text, values)).toEqual(expected);
  });

  it('wraps whole numbers at 64 bits, and keeps them exact', () => {
    expect(evaluated('a + 1', { a: 9223372036854775807n })).toBe(-9223372036854775808n);
    expect(evaluated('a + b', { a: -9223372036854775808n, b: -1 })).toBe(9223372036854775807n);
    expect(evaluated('a + 1', { a: 9007199254740991 })).toBe(9007199254740992n);
    expect(evaluated('a + b', { a: 9007199254740992n, b: -1 })).toBe(9007199254740991);
    expect(evaluated('a + b', { a: 9223372036854775807n, b: -9223372036854775807n })).toBe(0);
    expect(evaluated('a == 9007199254740993', { a: 9007199254740993n })).toBe(true);
    expect(evaluated('a < 9223372036854775807', { a: 3 })).toBe(true);
    expect(evaluated('a > 3', { a: -9223372036854775808n })).toBe(false);
  });

  it.each<[string, Values, string]>([
    ['a != 2', {}, "lookup failed: 'a'"],
    ['2 != a', {}, "lookup failed: 'a'"],
    ['a == b', {}, "lookup failed: 'a'"],
    ['a == b', { a: 1 }, "lookup failed: 'b'"],
    ['a == 20 && b == 10', { b: 10 }, "lookup failed: 'a'"],
    ['m["k"] == "x"', {}, "lookup failed: 'm'"],
    ['m[s] == "x"', { m: map({}) }, "lookup failed: 's'"],
    ['m[s] == "x"', { s: 'k' }, "lookup failed: 'm'"],
    ['m[s]', {}, "lookup failed: 'm'"],
    ['(m | n)["k"]', {}, "lookup failed: 'n'"],
    ['s | r', {}, "lookup failed: 'r'"],
    ['s | (s | r)', {}, "lookup failed: 'r'"],
    ['ip("10.1.12")', {}, 'could not convert 10.1.12 to IP_ADDRESS'],
    ['ip(s)', { s: 'x' }, 'could not convert x to IP_ADDRESS'],
    [
      'timestamp("242233")',
      {},
      "could not convert '242233' to TIMESTAMP. expected format: '2006-01-02T15:04:05Z07:00'",
    ],
    ['dnsName(s)', { s: 'a..b' }, `error converting 'a..b' to dns name: 'idna: invalid label ""'`],
    ['email(s)', { s: 'Joe <a@b>' }, "error converting 'Joe <a@b>' to e-mail: 'display names are not allowed'"],
    ['uri("")', {}, 'error converting string to uri: empty string'],
    ['uri(s)', { s: ':/' }, "error converting string to uri ':/': 'parse :/: missing protocol scheme'"],
    ['"(".matches(s)', { s: 'x' }, 'error parsing regexp: missing closing ): `(`'],
    ['s.matches("x")', { s: '(' }, 'error parsing regexp: missing closing ): `(`'],
    ['dns1 == dns2', { dns1: 'a_b', dns2: 'a' }, 'idna: disallowed rune U+005F'],
    ['mail1 == mail2', { mail1: 'a', mail2: 'b@c' }, "mail: missing '@'"],
    [
      'uri1 != uri2',
      { uri1: 'a', uri2: ':/' },
      "error converting string to uri ':/': 'parse :/: missing protocol scheme'",
    ],
  ])('%s of %j fails: %s', (text, values, failure) => {
    expect(evaluated(text, values)).toBe(`! ${failure}`);
  });

  it('leaves out what && and || and conditional do not need', () => {
    expect(evaluated('no && a == 1', { no: false })).toBe(false);
    expect(evaluated('yes && a == 1', { yes: true })).toBe("! lookup failed: 'a'");
    expect(evaluated('yes || a == 1', { yes: true })).toBe(true);
    expect(evaluated('no || a == 1', { no: false })).toBe("! lookup failed: 'a'");
    expect(evaluated('a == 1 || yes', { yes: true })).toBe("! lookup failed: 'a'");
    expect(evaluated('LAND(yes, yes, no)', { yes: true, no: false })).toBe(false);
    expect(evaluated('LAND(yes, no, a == 1)', { yes: true, no: false })).toBe(false);
    expect(evaluated('conditional(yes, a, b)', { yes: true, a: 1 })).toBe(1);
    expect(evaluated('conditional(yes, a, b)', { yes: false, a: 1 })).toBe("! lookup failed: 'b'");
  });

  it('evaluates both texts of conditionalString', () => {
    expect(evaluated('conditionalString(yes, s, r)', { yes: true, s: 'x' })).toBe("! lookup failed: 'r'");
  });

  it.each<[string, Values, unknown]>([
    ['m["q"] == ""', { m: map({}) }, true],
    ['m["q"]', { m: map({ q: 'x' }) }, 'x'],
    ['m[s]', { m: map({ q: 'x' }), s: 'q' }, 'x'],
    ['m[s]', { m: map({ q: 'x' }), s: 'z' }, ''],
    ['m["k"] | "d"', {}, 'd'],
    ['m["k"] | "d"', { m: map({}) }, 'd'],
    ['m["k"] | "d"', { m: map({ k: '' }) }, ''],
    ['m[s] | "d"', { m: map({ k: 'x' }) }, 'd'],
    ['m[s] | "d"', { s: 'k' }, 'd'],
    ['m[s] | "d"', { m: map({ k: 'x' }), s: 'k' }, 'x'],
    ['m["b"] | m["c"] | "d"', { m: map({ c: 'x' }) }, 'x'],
    ['m[n["k"]] | "d"', { m: map({ '': 'x' }), n: map({}) }, 'd'],
    ['m[n["k"]]', { m: map({ '': 'x' }), n: map({}) }, 'x'],
    ['m[s | "k"] | "d"', { m: map({ k: 'x' }) }, 'x'],
    ['(m | n)["k"]', { m: map({}), n: map({ k: 'x' }) }, ''],
    ['(m | n)["k"]', { n: map({ k: 'x' }) }, 'x'],
    ['(m | n)["k"] | "d"', { m: map({}), n: map({ k: 'x' }) }, 'd'],
    ['(m | n)["k"] | "d"', {}, 'd'],
    ['(m | emptyStringMap())["k"]', {}, ''],
    ['emptyStringMap()["k"] | "d"', {}, 'd'],
    ['conditional(yes, m, n)["k"]', { yes: true, m: map({ k: 'x' }) }, 'x'],
    ['conditional(yes, m, n)["k"] | "d"', { yes: true, n: map({ k: 'x' }) }, "! lookup failed: 'm'"],
    ['conditional(yes, m, n)[s] | "d"', { s: 'k' }, "! lookup failed: 'yes'"],
    ['conditional(yes, m, n)[s] | "d"', {}, "! lookup failed: 'yes'"],
    ['conditional(yes, m, n)[s] | "d"', { yes: true, m: map({ k: 'x' }) }, 'd'],
    ['conditional(yes, m, n)[s] | "d"', { yes: true, s: 'k', n: map({ k: 'x' }) }, "! lookup failed: 'm'"],
    ['conditional(yes, m | n, n)["k"] | "d"', { yes: true, n: map({ k: 'x' }) }, 'x'],
    ['(m | conditional(yes, m, n))["k"] | "d"', { yes: false, n: map({ k: 'x' }) }, 'x'],
    ['(m | conditional(yes, m, n))["k"] | "d"', { yes: true, n: map({ k: 'x' }) }, "! lookup failed: 'm'"],
    ['(conditional(yes, m, n) | n)["k"] | "d"', { yes: true, n: map({ k: 'x' }) }, "! lookup failed: 'm'"],
    ['(m | (n | emptyStringMap()))["k"] | "d"', { n: map({ k: 'x' }) }, 'x'],
    ['(m | n)[toLower(s)] | "d"', {}, 'd'],
    ['(m | n)[toLower(s)] | "d"', { n: map({ k: 'x' }) }, "! lookup failed: 's'"],
    ['(m | n)[toLower(s)] | "d"', { n: map({ k: 'x' }), s: 'K' }, 'x'],
    // An absent map keeps the key from being evaluated, and a key by an operator is dropped.
    ['m[toLower(s)] | "d"', {}, 'd'],
    ['m[toLower(s)] | "d"', { m: map({}) }, "! lookup failed: 's'"],
    ['m[toLower(s)] | "d"', { m: map({ k: 'x' }), s: 'K' }, 'x'],
    ['m[s + ""] | "d"', { m: map({ k: 'x' }), s: 'k' }, 'd'],
    ['m[s + ""]', { m: map({ k: 'x' }), s: 'k' }, 'x'],
  ])('%s of %j is %j', (text, values, expected) => {
    expect(evaluated(text, values)).toEqual(expected);
  });

  it('gives maps whole, and empty ones', () => {
    const whole = new Map([['k', 'x']]);
    expect(evaluated('m', { m: whole })).toBe(whole);
    expect(evaluated('m | n', { n: whole })).toBe(whole);
    const empty = compile('m | emptyStringMap()', vocabulary).evaluate(bagOf(vocabulary, {})) as Map<string, string>;
    expect([...empty.entries()]).toEqual([]);
    expect(empty.get('k')).toBeUndefined();
  });

  it.each<[string, Values, unknown]>([
    ['s | "x"', { s: 'y' }, 'y'],
    ['s | "x"', { s: '' }, ''],
    ['s | "x"', {}, 'x'],
    ['a | 7', { a: 0 }, 0],
    ['yes | true', { yes: false }, false],
    ['s | r | "x"', { r: 'y' }, 'y'],
    ['s | (r | "x")', {}, 'x'],
    ['(s | r) | "x"', {}, 'x'],
    ['"x" | s', { s: 'y' }, 'x'],
    ['t | t2', { t2: { seconds: 1, nanos: 0 } }, { seconds: 1, nanos: 0 }],
    ['ip1 | ip("0.0.0.0")', {}, mapped(0, 0, 0, 0)],
    // A function or a conditional on the left is evaluated in full, and then it wins.
    ['ip(s) | ip(r)', { r: '1.2.3.4' }, "! lookup failed: 's'"],
    ['ip(s) | ip(r)', { s: '1.2.3.4' }, mapped(1, 2, 3, 4)],
    ['ip(s | r)', { r: '1.2.3.4' }, mapped(1, 2, 3, 4)],
    ['conditional(yes, s, r) | "x"', { yes: true }, "! lookup failed: 's'"],
    ['conditional(yes, s, r) | "x"', { yes: true, s: 'y' }, 'y'],
    // An operator or size on the left is evaluated for its errors, and dropped.
    ['(a + 1) | 5', { a: 1 }, 5],
    ['(a + 1) | 5', {}, "! lookup failed: 'a'"],
    ['(a == 3) | false', { a: 3 }, false],
    ['(a != 3) | false', { a: 4 }, false],
    ['(a < 3) | false', { a: 1 }, false],
    ['(a <= 3) | false', { a: 1 }, false],
    ['(a > 3) | false', { a: 4 }, false],
    ['(a >= 3) | false', { a: 4 }, false],
    ['(yes && yes) | false', { yes: true }, false],
    ['(yes || yes) | false', { yes: true }, false],
    ['(no && a == 1) | true', { no: false }, true],
    ['(yes && a == 1) | true', { yes: true }, "! lookup failed: 'a'"],
    ['size(s) | 5', { s: 'x' }, 5],
    ['size(s) | 5', {}, "! lookup failed: 's'"],
    ['a | (b + 1)', { b: 1 }, 2],
    ['(a | (b + 1)) | 5', { b: 1 }, 5],
    ['(a | (b + 1)) | 5', { a: 3 }, 3],
    ['OR(b, 4)', {}, 4],
    ['OR(b, 4, nobody)', {}, 4],
  ])('%s of %j is %j', (text, values, expected) => {
    expect(evaluated(text, values)).toEqual(expected);
  });

  it.each<[string, Values, unknown]>([
    ['match(s, "ns1.*")', { s: 'ns1.svc' }, true],
    ['match(s, "*.svc")', { s: 'ns1.svc' }, true],
    ['match(s, "ns1.svc")', { s: 'ns1.svc' }, true],
    ['match(s, "ns1")', { s: 'ns1.svc' }, false],
    ['match(s, "*")', { s: '' }, true],
    // The last star is looked at first, and the first is a star to match then.
    ['match(s, "*b*")', { s: 'abc' }, false],
    ['match(s, "*b*")', { s: '*bc' }, true],
    ['match(s, r)', { s: 'abc', r: '*c' }, true],
    ['match(s, r)', { s: 'abc', r: 'a*' }, true],
    ['match("abc", "a*")', {}, true],
    ['"b+".matches(s)', { s: 'abbc' }, true],
    ['"^b+$".matches(s)', { s: 'abbc' }, false],
    ['s.matches(r)', { s: 'st.*', r: 'a str1' }, true],
    ['s.matches("a")', { s: '[' }, '! error parsing regexp: missing closing ]: `[`'],
    ['"(?i)ABC".matches("xabc")', {}, true],
    // RE2 has no such thing.
    ['"(a)\\\\1".matches(s)', { s: 'aa' }, '! error parsing regexp: invalid escape sequence: `\\1`'],
  ])('%s of %j is %j', (text, values, expected) => {
    expect(evaluated(text, values)).toEqual(expected);
  });

  it('compiles a pattern of an attribute once, as long as not many others come', () => {
    const compiled = compile('s.matches(r)', vocabulary);
    const compilations = jest.spyOn(RE2JS, 'compile');
    const matches = (s: string): unknown => compiled.evaluate(bagOf(vocabulary, { s, r: 'once' }));
    try {
      expect([matches('^once$'), matches('^once$'), matches('^once$')]).toEqual([true, true, true]);
      expect(compilations).toHaveBeenCalledTimes(1);
      for (let i = 0; i < 300; i++) matches(`^many${i}$`);
      expect(matches('^once$')).toBe(true);
      expect(compilations).toHaveBeenCalledTimes(302);
    } finally {
      compilations.mockRestore();
    }
  });

  it('takes each of many patterns for itself, and no endless one', () => {
    const compiled = compile('s.matches(r)', vocabulary);
    const matches = (s: string, r: string): unknown => compiled.evaluate(bagOf(vocabulary, { s, r }));
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 300; i++) expect(matches(`^x${i}$`, i % 2 === 0 ? `x${i}` : `x${i}0`)).toBe(i % 2 === 0);
    expect(matches('(a+)+$', `${'a'.repeat(5000)}b`)).toBe(false);
    const bag = bagOf(vocabulary, { s: 'a'.repeat(8193), r: '' });
    expect(compiled.evaluate(bag)).toBeUndefined();
    expect(compiled.failure(bag)).toBe('error parsing regexp: it is longer than 8192 characters');
  });

  it.each<[string, Values, unknown]>([
    ['ip1 == ip2', { ip1: bytes(1, 2, 3, 4), ip2: mapped(1, 2, 3, 4) }, true],
    ['ip1 == ip2', { ip1: bytes(1, 2, 3, 4), ip2: bytes(1, 2, 3, 5) }, false],
    ['ip1 != ip("1.2.3.4")', { ip1: bytes(1, 2, 3, 4) }, false],
    ['t == t2', { t: { seconds: 1, nanos: 5 }, t2: { seconds: 1, nanos: 5 } }, true],
    ['t == timestamp("2015-01-02T17:04:35.5+02:00")', { t: { seconds: 1420211075, nanos: 500_000_000 } }, true],
    ['t < t2', { t: { seconds: 1, nanos: 5 }, t2: { seconds: 1, nanos: 6 } }, true],
    ['t <= t2', { t: { seconds: 1, nanos: 5 }, t2: { seconds: 1, nanos: 5 } }, true],
    ['t > t2', { t: { seconds: 2, nanos: 0 }, t2: { seconds: 1, nanos: 6 } }, true],
    ['t >= t2', { t: { seconds: 1, nanos: 5 }, t2: { seconds: 1, nanos: 6 } }, false],
    ['dns1 == dns2', { dns1: 'A.b.', dns2: 'a.B' }, true],
    ['dns1 == dnsName("a.c")', { dns1: 'a.b' }, false],
    ['mail1 == email("a@B.c")', { mail1: 'a@b.C' }, true],
    ['mail1 == mail2', { mail1: 'A@b', mail2: 'a@b' }, false],
    ['uri1 == uri("http://A.b:80/x")', { uri1: 'HTTP://a.B:80/x' }, true],
    ['uri1 == uri2', { uri1: 'http://a/x', uri2: 'http://a/X' }, false],
    ['dnsName(s)', { s: 'A.b.' }, 'A.b.'],
    ['email(s)', { s: '"a b"@c' }, '"a b"@c'],
    ['uri(s)', { s: 'urn:x' }, 'urn:x'],
    // They are texts underneath.
    ['dns1 < dns2', { dns1: 'B', dns2: 'a' }, true],
    ['dns1 + dns2', { dns1: 'a.', dns2: 'b' }, 'a.b'],
  ])('%s of %j is %j', (text, values, expected) => {
    expect(evaluated(text, values)).toEqual(expected);
  });

  it('evaluates constants once, and their errors when they are reached', () => {
    const fallback = compile('ip1 | ip("1.2.3.4")', vocabulary);
    const none = bagOf(vocabulary, {});
    expect(fallback.evaluate(none)).toBe(fallback.evaluate(none));
    expect(evaluated('no && "(".matches(s)', { no: false })).toBe(false);
    expect(evaluated('ip1 | ip("x")', { ip1: bytes(1, 2, 3, 4) })).toEqual(bytes(1, 2, 3, 4));
    expect(evaluated('1 + 2 == 3 && "a" + "b" == "ab" && size("é") == 2')).toBe(true);
  });

  it('has no text of an expression in what it runs', () => {
    const compiled = compile('"\\"];throw 1//\\u2028`${s}\\n" + s', vocabulary);
    expect(compiled.evaluate(bagOf(vocabulary, { s: '!' }))).toBe('"];throw 1//\u2028`${s}\n!');
    expect(compiled.evaluate.toString()).toContain('function evaluate(bag)');
    expect(compiled.evaluate.toString()).not.toContain('throw');
  });

  it('reads only what it has to', () => {
    const read: string[] = [];
    const values = bagOf(vocabulary, { s: 'x', yes: true, m: map({ k: 'x' }) });
    const bag: Bag = {
      get: (slot) => {
        read.push(vocabulary.names[slot] ?? '');
        return values.get(slot);
      },
      entry: (slot, key) => {
        read.push(`${vocabulary.names[slot] ?? ''}[${key}]`);
        return values.entry(slot, key);
      },
    };
    const reads = (text: string): string[] => {
      read.length = 0;
      compile(text, vocabulary).evaluate(bag);
      return [...read];
    };
    expect(reads('s | r')).toEqual(['s']);
    expect(reads('r | s | "z"')).toEqual(['r', 's']);
    expect(reads('yes || no')).toEqual(['yes']);
    expect(reads('conditional(yes, s, r)')).toEqual(['yes', 's']);
    expect(reads('m["k"] == "x"')).toEqual(['m[k]']);
    expect(reads('(n | m)["k"]')).toEqual(['n', 'm[k]']);
    expect(reads('(m | n)["k"]')).toEqual(['m', 'm[k]']);
    expect(reads('conditional(yes, m, n)["k"] | "d"')).toEqual(['yes', 'm', 'm[k]']);
    expect(reads('n["k"] | m["q"] | s')).toEqual(['n[k]', 'm[q]', 's']);
    expect(reads('n[s] | "d"')).toEqual(['s', 'n[x]']);
  });

  it('compiles and evaluates the longest and the highest that the parser takes', () => {
    const chain = (operator: string, count: number): string => Array<string>(count).fill('yes').join(operator);
    expect(evaluated(chain('&&', 500), { yes: true })).toBe(true);
    expect(evaluated(chain('||', 500), { yes: false })).toBe(false);
    expect(evaluated(chain('|', 500), {})).toBe("! lookup failed: 'yes'");
    expect(evaluated(Array<string>(500).fill('s').join('+'), { s: 'x' })).toBe('x'.repeat(500));
    expect(evaluated(Array<string>(500).fill('a').join('+'), { a: 1 })).toBe(500);
    expect(evaluated(Array<string>(400).fill('yes').join('=='), { yes: true })).toBe(true);
    const nested = `${'conditional(yes,'.repeat(100)}s${',r)'.repeat(100)}`;
    expect(evaluated(nested, { yes: true, s: 'x' })).toBe('x');
    const index = `${'m['.repeat(100)}s${']'.repeat(100)}`;
    expect(evaluated(index, { m: map({ x: 'x' }), s: 'x' })).toBe('x');
    expect(evaluated(`${index} | "d"`, { m: map({}), s: 'x' })).toBe('d');
  });
});
