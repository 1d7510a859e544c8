import { Vocabulary, type ValueType } from '@keelson/core/attributes';
import { CexlError, check, compile, parse } from '.';

const vocabulary = new Vocabulary(
  new Map<string, ValueType>([
    ['i', 'INT64'],
    ['s', 'STRING'],
    ['b', 'BOOL'],
    ['d', 'DOUBLE'],
    ['dur', 'DURATION'],
    ['t', 'TIMESTAMP'],
    ['ip.a', 'IP_ADDRESS'],
    ['m', 'STRING_MAP'],
    ['dns', 'DNS_NAME'],
    ['mail', 'EMAIL_ADDRESS'],
    ['u', 'URI'],
  ]),
  ['internal'],
);

function typeOf(text: string): string {
  const result = check(parse(text), vocabulary);
  return result instanceof CexlError ? result.message : result;
}

describe('S43 types of expressions', () => {
  it.each([
    ['i', 'INT64'],
    ['i == 2', 'BOOL'],
    ['"5ms"', 'DURATION'],
    ['dur | "5ms"', 'DURATION'],
    ['m["k"]', 'STRING'],
    ['m[s]', 'STRING'],
    ['conditional(b, i, 3)', 'INT64'],
    ['s + "x"', 'STRING'],
    ['size(s)', 'INT64'],
    ['ip("x") == ip.a', 'BOOL'],
    ['timestamp(s) < t', 'BOOL'],
    ['dnsName(s)', 'DNS_NAME'],
    ['email(s)', 'EMAIL_ADDRESS'],
    ['uri(s)', 'URI'],
    ['match(s, "x")', 'BOOL'],
    ['"x".matches(s)', 'BOOL'],
    ['s.startsWith(s) && s.endsWith(s)', 'BOOL'],
    ['toLower(s)', 'STRING'],
    ['emptyStringMap()', 'STRING_MAP'],
    ['conditionalString(b, s, s)', 'STRING'],
    ['EQ(i, 3)', 'BOOL'],
    ['OR(b, true)', 'BOOL'],
    ['(m | emptyStringMap())["k"]', 'STRING'],
  ])('gives %s the type %s', (text, type) => {
    expect(typeOf(text)).toBe(type);
  });

  it.each([
    ['i == "x"', 'EQ($i, "x") arg 2 ("x") typeError got STRING, expected INT64'],
    ['true == i', 'EQ(true, $i) arg 2 ($i) typeError got INT64, expected BOOL'],
    ['3.14 == i', 'EQ(3.14, $i) arg 2 ($i) typeError got INT64, expected DOUBLE'],
    // A text that reads as a duration is one.
    ['"0" == s', 'EQ("0", $s) arg 2 ($s) typeError got STRING, expected DURATION'],
    ['s | "5ms"', 'OR($s, "5ms") arg 2 ("5ms") typeError got DURATION, expected STRING'],
    ['dns == "a.b"', 'EQ($dns, "a.b") arg 2 ("a.b") typeError got STRING, expected DNS_NAME'],
    ['i + d', 'ADD($i, $d) arg 2 ($d) typeError got DOUBLE, expected INT64'],
    ['b && s', 'LAND($b, $s) arg 2 ($s) typeError got STRING, expected BOOL'],
    ['s || b', 'LOR($s, $b) arg 1 ($s) typeError got STRING, expected BOOL'],
    ['s["k"]', 'INDEX($s, "k") arg 1 ($s) typeError got STRING, expected STRING_MAP'],
    ['m[1]', 'INDEX($m, 1) arg 2 (1) typeError got INT64, expected STRING'],
    ['conditional(b, s, i)', 'conditional($b, $s, $i) arg 3 ($i) typeError got INT64, expected STRING'],
    ['match(s, 1)', 'match($s, 1) arg 2 (1) typeError got INT64, expected STRING'],
    ['ip.a | ip(2)', 'ip(2) arg 1 (2) typeError got INT64, expected STRING'],
    ['"aaa".matches(23)', '"aaa":matches(23) arg 1 (23) typeError got INT64, expected STRING'],
    ['i.startsWith("a")', '$i:startsWith("a") target typeError got INT64, expected STRING'],
    ['EQ(i)', 'EQ($i) arity mismatch. Got 1 arg(s), expected 2 arg(s)'],
    ['+i', 'ADD($i) arity mismatch. Got 1 arg(s), expected 2 arg(s)'],
    ['conditional(b, s)', 'conditional($b, $s) arity mismatch. Got 2 arg(s), expected 3 arg(s)'],
    ['s.endsWith()', '$s:endsWith() arity mismatch. Got 0 arg(s), expected 1 arg(s)'],
    ['x', 'unknown attribute x'],
    ['source.x == "a"', 'unknown attribute source.x'],
    ['internal', 'unknown attribute internal'],
    ['true.startsWith("t")', 'unknown attribute true'],
    ['f(s)', 'unknown function: f'],
    ['reverse(s)', 'unknown function: reverse'],
    ['s.contains("x")', 'unknown function: contains'],
    ['s.split("x")', 'unknown function: split'],
    ['s.size()', 'invoking regular function on instance method: size'],
    ['s.match("x")', 'invoking regular function on instance method: match'],
    ['i.EQ(3)', 'invoking regular function on instance method: EQ'],
    ['matches("aaa")', 'invoking instance method without an instance: matches'],
    ['startsWith()', 'invoking instance method without an instance: startsWith'],
    ['!b', 'unknown function: NOT'],
    ['-i', 'unknown function: SUB'],
    ['i - 1', 'unknown function: SUB'],
    ['i * 2', 'unknown function: MUL'],
    ['(i / 2) == 30', 'unknown function: QUO'],
    ['i % 2', 'unknown function: REM'],
    ['i & 1', 'unknown function: AND'],
    ['i ^ 1', 'unknown function: XOR'],
    ['i << 1', 'unknown function: '],
    // The function comes before its arguments, and those come in their order.
    ['f(x)', 'unknown function: f'],
    ['EQ(x)', 'EQ($x) arity mismatch. Got 1 arg(s), expected 2 arg(s)'],
    ['x == y', 'unknown attribute x'],
    ['(s == i) == y', 'EQ($s, $i) arg 2 ($i) typeError got INT64, expected STRING'],
  ])('refuses %s', (text, message) => {
    expect(typeOf(text)).toBe(message);
  });

  it('looks at too few arguments only, and at all of LAND, which are all evaluated', () => {
    expect(typeOf('EQ(i, 3, nobody, "x")')).toBe('BOOL');
    expect(typeOf('emptyStringMap(1)')).toBe('STRING_MAP');
    expect(typeOf('s.startsWith("a", 1)')).toBe('BOOL');
    expect(typeOf('LOR(b, b, 1)')).toBe('BOOL');
    expect(typeOf('LAND(b, b, b)')).toBe('BOOL');
    expect(typeOf('LAND(b, b, 1)')).toBe('LAND($b, $b, 1) arg 3 (1) typeError got INT64, expected BOOL');
  });

  it('tells where the error stands', () => {
    const column = (text: string): number => (check(parse(text), vocabulary) as CexlError).column;
    expect([column('i == "x"'), column('b && f(s)'), column('b && x'), column('m[ 1 ]')]).toEqual([6, 6, 6, 4]);
    expect((check(parse('x'), vocabulary) as CexlError).kind).toBe('type');
  });

  it.each([
    ['dur == "5ms"', 'equality', 'duration'],
    ['dur != dur', 'equality', 'duration'],
    ['m == m', 'equality', 'interface'],
    ['b < true', 'less than', 'bool'],
    ['b <= b', 'less or equal', 'bool'],
    ['b > b', 'greater than', 'bool'],
    ['ip.a >= ip.a', 'greater or equal', 'interface'],
    ['ip.a < ip.a', 'less than', 'interface'],
    ['dur < dur', 'less than', 'duration'],
    ['dur + dur', 'Add', 'duration'],
    ['b + b', 'Add', 'bool'],
    ['t + t', 'Add', 'interface'],
    // The innermost comes first.
    ['(b + b) == (dur == dur)', 'Add', 'bool'],
    ['true || b < b', 'less than', 'bool'],
    ['s | toLower(conditionalString(m == m, s, s))', 'equality', 'interface'],
  ])('compiles nothing that it cannot evaluate: %s', (text, operator, kind) => {
    expect(typeOf(text)).not.toContain('typeError');
    expect(() => compile(text, vocabulary)).toThrow(
      new CexlError('compile', `internal compiler error -- ${operator} for type not yet implemented: ${kind}`, 0),
    );
  });
});
