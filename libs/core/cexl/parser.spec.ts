import { CexlError, maxHeight, maxLength, maxNesting, parse, print } from '.';

/** What a text reads as, with the values of its literals. */
function literal(text: string): unknown {
  const node = parse(text);
  return node.kind === 'literal' ? [node.type, node.value] : node;
}

function syntaxError(text: string): CexlError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof CexlError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('S43 the language of expressions', () => {
  it.each([
    ['context.protocol', '$context.protocol'],
    ['a.b.c . d', '$a.b.c.d'],
    ['(((a)))', '$a'],
    ['a[b]', 'INDEX($a, $b)'],
    ['request.headers["x-y"]', 'INDEX($request.headers, "x-y")'],
    ['f()', 'f()'],
    ['f(a, b,)', 'f($a, $b)'],
    ['f(a...)', 'f($a)'],
    ['a.b.f(c)', '$a.b:f($c)'],
    ['"x".f(c)', '"x":f($c)'],
    ['(a | b).f(c)', 'OR($a, $b):f($c)'],
    ['f(a).g(b).h(c)', 'f($a):g($b):h($c)'],
    ['f(a)["k"]', 'INDEX(f($a), "k")'],
    ['a == b', 'EQ($a, $b)'],
    ['a != b', 'NEQ($a, $b)'],
    ['a < b', 'LT($a, $b)'],
    ['a <= b', 'LEQ($a, $b)'],
    ['a > b', 'GT($a, $b)'],
    ['a >= b', 'GEQ($a, $b)'],
    ['a && b', 'LAND($a, $b)'],
    ['a || b', 'LOR($a, $b)'],
    ['a + b', 'ADD($a, $b)'],
    ['a | b', 'OR($a, $b)'],
    ['!a', 'NOT($a)'],
    ['-a', 'SUB($a)'],
    ['a - b', 'SUB($a, $b)'],
    ['a * b', 'MUL($a, $b)'],
    ['a / b', 'QUO($a, $b)'],
    ['a % b', 'REM($a, $b)'],
    ['a & b', 'AND($a, $b)'],
    ['&a', 'AND($a)'],
    ['a ^ b', 'XOR($a, $b)'],
    ['a << b', '($a, $b)'],
    ['a >> b', '($a, $b)'],
    ['EQ(a, 3)', 'EQ($a, 3)'],
    ['true.x', '$true.x'],
    ['TRUE(a)', 'TRUE($a)'],
    ['true.f(a)', '$true:f($a)'],
    ['naïve', '$naïve'],
  ])('reads %s as %s', (text, printed) => {
    expect(print(parse(text))).toBe(printed);
  });

  it.each([
    ['a || b && c == d + e', 'LOR($a, LAND($b, EQ($c, ADD($d, $e))))'],
    ['a + b == c && d || e', 'LOR(LAND(EQ(ADD($a, $b), $c), $d), $e)'],
    ['a | b + c | d', 'OR(ADD(OR($a, $b), $c), $d)'],
    ['a == b != c < d', 'LT(NEQ(EQ($a, $b), $c), $d)'],
    ['a && b && c', 'LAND(LAND($a, $b), $c)'],
    ['a | b == c | d', 'EQ(OR($a, $b), OR($c, $d))'],
    ['a + b * c', 'ADD($a, MUL($b, $c))'],
    ['-a.b[c] | d', 'OR(SUB(INDEX($a.b, $c)), $d)'],
    ['a | (b | c)', 'OR($a, OR($b, $c))'],
  ])('binds the operators of %s as Go does', (text, printed) => {
    expect(print(parse(text))).toBe(printed);
  });

  it.each([
    ['0', 'INT64', 0],
    ['010', 'INT64', 10],
    ['9007199254740991', 'INT64', 9007199254740991],
    ['9007199254740993', 'INT64', 9007199254740993n],
    ['9223372036854775807', 'INT64', 9223372036854775807n],
    ['1e3', 'DOUBLE', 1000],
    ['.5', 'DOUBLE', 0.5],
    ['5.', 'DOUBLE', 5],
    ['1_0.5', 'DOUBLE', 10.5],
    ['0x1p-2', 'DOUBLE', 0.25],
    ['true', 'BOOL', true],
    ['TrUe', 'BOOL', true],
    ['FALSE', 'BOOL', false],
    ['"a\\tb\\"\\\\\\x41\\101\\u00e9\\U0001F600"', 'STRING', 'a\tb"\\AAé\u{1f600}'],
    ['"\\xc3\\xa9"', 'STRING', 'é'],
    ['"\\xff"', 'STRING', '\ufffd'],
    ['`a\\n"b\nc`', 'STRING', 'a\\n"b\nc'],
    ["'a'", 'STRING', 'a'],
    ["'\\''", 'STRING', "'"],
    ["'\u{1f600}'", 'STRING', '\u{1f600}'],
    ['"5ms"', 'DURATION', 5_000_000],
    ['"-1.5h"', 'DURATION', -5_400_000_000_000],
    ['"0"', 'DURATION', 0],
    ["'0'", 'DURATION', 0],
    ['`1h1m`', 'DURATION', 3_660_000_000_000],
    ['"5"', 'STRING', '5'],
    ['"5 ms"', 'STRING', '5 ms'],
    ['""', 'STRING', ''],
  ])('takes %s for a %s', (text, type, value) => {
    expect(literal(text)).toEqual([type, value]);
  });

  it.each([
    ['a = 2', 3, "unable to parse expression 'a = 2': 1:3: expected '==', found '='"],
    ['@23', 1, "unable to parse expression '@23': 1:1: illegal character U+0040 '@'"],
    ['', 1, "unable to parse expression '': 1:1: expected operand, found 'EOF'"],
    ['a ==', 5, "expected operand, found 'EOF'"],
    ['a b', 3, "expected 'EOF', found b"],
    ['(a', 3, "expected ')', found 'EOF'"],
    ['f(a b)', 5, "missing ',' in argument list"],
    ['a[]', 3, "expected operand, found ']'"],
    ['a.', 3, 'expected selector or type assertion'],
    ['source.type', 8, "expected selector or type assertion, found 'type'"],
    ['a\n&& b', 3, "2:1: expected 'EOF', found '&&'"],
    ['0x10', 1, 'strconv.ParseInt: parsing "0x10": invalid syntax'],
    ['9223372036854775808', 1, 'value out of range'],
    ['09', 1, 'octal'],
    ['1e999', 1, 'value out of range'],
    ['1i', 1, 'invalid syntax'],
    ["'ab'", 1, 'illegal rune literal'],
    ["''", 1, 'illegal rune literal'],
    ['"a\\qb"', 3, 'unknown escape sequence'],
    ['"\\ud800"', 2, 'escape sequence is invalid Unicode code point'],
    ['"a', 1, 'string literal not terminated'],
    ['"a\nb"', 1, 'string literal not terminated'],
    ['`a', 1, 'raw string literal not terminated'],
    ['a /* b', 3, 'comment not terminated'],
    ['a == \0', 6, 'illegal character'],
    ['"\ud800"', 2, 'illegal character'],
  ])('refuses %j at column %d', (text, column, message) => {
    const error = syntaxError(text);
    expect(error.message).toContain(message);
    expect({ column: error.column, kind: error.kind }).toEqual({ column, kind: 'syntax' });
  });

  it.each([
    'm["k"].startsWith("a")',
    'a().b',
    'foo{}',
    '*x',
    'a.b.c().d',
    '(a).b',
    '"x".y',
    '(a).b.c()',
    '(f)(a)',
    'f(a)(b)',
    'm["k"](a)',
    'a[1:2]',
    'a[:]',
    'a.(b)',
    '[]a{}',
    'func() {}',
    'map[a]b{}',
  ])('has no use for %s, which is an expression to Go', (text) => {
    expect(syntaxError(text).message).toMatch(/^unexpected expression: /);
  });

  it('goes over comments, spaces, and line ends that end nothing', () => {
    expect(print(parse(' a ==\n\t// one\n b /* and */ &&\r\n c // two\n'))).toBe('LAND(EQ($a, $b), $c)');
    expect(() => parse('a /* two\nlines */ && b')).toThrow("expected 'EOF'");
  });

  it('holds its limits', () => {
    const parens = (count: number): string => '('.repeat(count) + 'a' + ')'.repeat(count);
    const sum = (count: number): string =>
      Array<string>(count + 1)
        .fill('a')
        .join('+');
    expect(print(parse(parens(maxNesting)))).toBe('$a');
    expect(syntaxError(parens(maxNesting + 1)).message).toContain('more than 100 levels are nested');
    for (const open of ['(', 'f(', '!', 'a[', 'a.f(', '- ', '"x".f(', '*'])
      expect(syntaxError(open.repeat(Math.floor(maxLength / open.length))).message).toContain('nested');
    expect(print(parse(sum(maxHeight)))).toContain('ADD(ADD(');
    expect(syntaxError(sum(maxHeight + 1)).message).toContain('more than 500 operators');
    expect(parse(`"${'x'.repeat(maxLength - 2)}"`).kind).toBe('literal');
    const long = syntaxError('x'.repeat(maxLength + 1));
    expect(long.message).toBe('unable to parse expression: it is longer than 8192 characters');
  });
});
