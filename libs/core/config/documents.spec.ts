import { ProblemError, type Problem } from '@keelson/core/problems';
import { parseDocuments, splitDocuments, type ParseOptions } from '.';
import { fieldPath } from './documents';

function problems(text: string, options?: ParseOptions): Problem[] {
  try {
    parseDocuments(text, options);
  } catch (error) {
    if (error instanceof ProblemError) return [...error.problems];
    throw error;
  }
  return [];
}

const values = (text: string): unknown[] => parseDocuments(text).map(({ value }) => value);

describe('splitDocuments', () => {
  it.each([
    ['one document', 'a: 1\n', [['a: 1\n', 1]]],
    [
      'two',
      'a: 1\n---\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    ['separators at both ends', '---\na: 1\n---\n', [['a: 1\n', 2]]],
    ['many separators', '---\n---\n\n---\na: 1\n---', [['a: 1\n', 5]]],
    [
      'a comment behind the separator',
      'a: 1\n--- # next\nb: 2',
      [
        ['a: 1\n', 1],
        ['b: 2', 3],
      ],
    ],
    [
      'spaces behind the separator',
      'a: 1\n---   \nb: 2',
      [
        ['a: 1\n', 1],
        ['b: 2', 3],
      ],
    ],
    [
      'a document on the line of the separator',
      'a: 1\n--- {b: 2}\n',
      [
        ['a: 1\n', 1],
        ['--- {b: 2}\n', 2],
      ],
    ],
    [
      'the end of a document',
      'a: 1\n...\n---\nb: 2\n...\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 4],
      ],
    ],
    [
      'a document behind an end',
      'a: 1\n...\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    ['directives', '%YAML 1.2\n# why\n---\na: 1\n', [['%YAML 1.2\n# why\n---\na: 1\n', 1]]],
    [
      'line ends of Windows',
      'a: 1\r\n---\r\nb: 2\r\n',
      [
        ['a: 1\r\n', 1],
        ['b: 2\r\n', 3],
      ],
    ],
    ['dashes that are text', 'a: ---\n---b: 1\n----\n- --- x', [['a: ---\n---b: 1\n----\n- --- x', 1]]],
    [
      'a block of text',
      'a: |\n  ---\n  x\n---\nb: 2\n',
      [
        ['a: |\n  ---\n  x\n', 1],
        ['b: 2\n', 5],
      ],
    ],
    [
      'a byte order mark',
      '\uFEFFa: 1\n---\nb: 2',
      [
        ['a: 1\n', 1],
        ['b: 2', 3],
      ],
    ],
    ['nothing', '', []],
    ['only white space', '\n \n---\n\n', []],
  ] as [string, string, [string, number][]][])('%s', (_, stream, expected) => {
    expect(splitDocuments(stream)).toEqual(expected.map(([text, line]) => ({ text, line })));
  });
});

describe('parseDocuments', () => {
  it('reads many documents, each with its line, and skips empty ones', () => {
    const parsed = parseDocuments('# head\n---\nkind: A\n---\n# nothing\n---\n\nkind: B\n');
    expect(parsed.map(({ value, line }) => ({ value, line }))).toEqual([
      { value: { kind: 'A' }, line: 3 },
      { value: { kind: 'B' }, line: 8 },
    ]);
  });

  it('takes a List apart and finds lines in it', () => {
    const [, second] = parseDocuments('apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: B\n  spec:\n    x: 1\n');
    expect(second).toMatchObject({ value: { kind: 'B' }, line: 5 });
    expect(second?.lineOf('spec.x')).toBe(7);
  });

  it('reads JSON, and finds lines in it', () => {
    const [document] = parseDocuments('{\n\t"kind": "A",\n\t"spec": {"hosts": ["a",\n "b"]}\n}', { firstLine: 10 });
    expect(document?.value).toEqual({ kind: 'A', spec: { hosts: ['a', 'b'] } });
    expect(document?.lineOf('spec.hosts[1]')).toBe(13);
  });

  it('finds the line of a field, or of the nearest around it', () => {
    const [document] = parseDocuments(
      'spec:\n  http:\n  - name: a\n  - match:\n    - headers:\n        "x.y":\n          exact: 1\n',
    );
    const lines = [
      'spec.http[1].match[0].headers["x.y"].exact',
      'spec.http[1].timeout',
      'spec.tcp',
      '',
      'metadata.name',
    ];
    expect(lines.map((field) => document?.lineOf(field))).toEqual([7, 4, 1, 1, 1]);
  });

  it.each([
    ['a key given twice', 'a: 1\nb: 2\na: 3\n', 'duplicate', 3],
    ['a key given twice in JSON', '{"a": 1,\n "b": {"a": 1},\n "a": 2}', 'duplicate', 3],
    ['a key given twice in different spellings', '{"a": 1, "\\u0061": 2}', 'duplicate', 1],
    ['text that is no YAML', 'a: 1\n b: {\n', 'malformed', 2],
    ['a second document that is no YAML', 'a: 1\n---\nb: [}\n', 'malformed', 3],
    ['a tab for indentation', 'a:\n\tb: 1\n', 'malformed', 2],
    ['an alias to nothing', 'a: *b\n', 'malformed', 1],
    ['a tag of an unknown type', 'a: !!js/function "x"\n', 'malformed', 1],
    ['a prototype', 'a:\n  __proto__: {b: 1}\n', 'unknown-field', 1],
  ] as const)('refuses %s', (_, text, code, line) => {
    expect(problems(text)).toEqual([expect.objectContaining({ code, line })]);
  });

  it('tells the problems of every document', () => {
    expect(problems('a: [\n---\nb: 1\n---\nc: {\n').map(({ line }) => line)).toEqual([1, 5]);
  });

  it('takes aliases and merges, and what they stand for', () => {
    expect(values('base: &b {x: 1}\none: *b\ntwo:\n  <<: *b\n  y: 2\n')).toEqual([
      { base: { x: 1 }, one: { x: 1 }, two: { x: 1, y: 2 } },
    ]);
  });

  it('stops at its limits', () => {
    expect(problems('a: 1', { maxBytes: 3 })).toMatchObject([{ code: 'too-large' }]);
    expect(problems('a: ü', { maxBytes: 4 })).toMatchObject([{ code: 'too-large' }]);
    expect(problems(`a: &a 1\nb: [${'*a, '.repeat(101)}]`)).toMatchObject([{ code: 'too-large' }]);
    expect(problems(`a: {${'"*.x": 1, '.replace('x', 'y')}}`)).toEqual([]);
    expect(problems('[{"a":'.repeat(40) + '1' + '}]'.repeat(40))).toMatchObject([{ code: 'too-large' }]);
    expect(problems('['.repeat(200_000))).toMatchObject([{ code: 'too-large' }]);
    const laughs = Array.from(
      { length: 12 },
      (_, i) => `l${String(i + 1)}: &l${String(i + 1)} [${`*l${String(i)},`.repeat(8)}]`,
    );
    expect(problems(`l0: &l0 x\n${laughs.join('\n')}\n`)).toMatchObject([{ code: 'too-large' }]);
  });

  it('takes the path of a field apart', () => {
    expect(fieldPath('spec.http[10].headers["a.b\\"c"].exact')).toEqual([
      'spec',
      'http',
      10,
      'headers',
      'a.b"c',
      'exact',
    ]);
  });
});
