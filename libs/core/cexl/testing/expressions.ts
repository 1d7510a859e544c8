import fc from 'fast-check';
import { Vocabulary, type Value, type ValueType } from '@keelson/core/attributes';

/** The attributes of generated expressions: three of each type, `string1` to `string_map3`. */
export const generatedTypes: Readonly<Record<string, ValueType>> = Object.fromEntries(
  (
    [
      'STRING',
      'INT64',
      'DOUBLE',
      'BOOL',
      'TIMESTAMP',
      'IP_ADDRESS',
      'EMAIL_ADDRESS',
      'URI',
      'DNS_NAME',
      'DURATION',
      'STRING_MAP',
    ] as const
  ).flatMap((type) => [1, 2, 3].map((n) => [`${type.toLowerCase()}${n}`, type] as const)),
);

const vocabularySize = Object.keys(generatedTypes).length;
export const generatedVocabulary = new Vocabulary(new Map(Object.entries(generatedTypes)));

const texts = [
  '',
  'a',
  'ab',
  'b',
  'aB',
  'a*',
  '*b',
  '(',
  '1.2.3.4',
  '2015-01-02T15:04:35Z',
  'é',
  '\u{1f600}',
  '\uffee',
  'k',
];
const names = ['a.b', 'A.b.', 'c', '!x', 'xn--9ca.b', '\u00e9.b'];
const mails = ['a@b', 'a@B.', 'c@b', '!x'];
const uris = ['http://a/x', 'HTTP://A:/x', 'urn:x', 'URN:x', 'http://a:1/x'];
const addresses = [
  Uint8Array.of(1, 2, 3, 4),
  Uint8Array.of(...Array<number>(10).fill(0), 255, 255, 1, 2, 3, 4),
  Uint8Array.of(...Array<number>(15).fill(0), 1),
];
const integers = [0, 1, -1, 2, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 53n)];

const values: Readonly<Record<ValueType, readonly Value[]>> = {
  STRING: texts,
  INT64: integers,
  DOUBLE: [0, -0, 1, 1.5, -2, NaN, Infinity],
  BOOL: [true, false],
  TIMESTAMP: [
    { seconds: 0, nanos: 0 },
    { seconds: 1, nanos: 5 },
    { seconds: 1, nanos: 6 },
    { seconds: 1420211075, nanos: 0 },
  ],
  IP_ADDRESS: addresses,
  EMAIL_ADDRESS: mails,
  URI: uris,
  DNS_NAME: names,
  DURATION: [0, 5_000_000, 2n ** 62n],
  STRING_MAP: [
    new Map(),
    ...texts.map((text) => new Map([['k', text]])),
    ...texts.map(
      (text) =>
        new Map([
          ['', 'b'],
          ['a', text],
        ]),
    ),
  ],
};

/** Values of some of the attributes, more than half of them. */
export const environments: fc.Arbitrary<Readonly<Record<string, Value>>> = fc
  .uint8Array({ minLength: vocabularySize, maxLength: vocabularySize })
  .map((choices) => {
    const environment: Record<string, Value> = {};
    for (const [i, [name, type]] of Object.entries(generatedTypes).entries()) {
      const choice = choices[i] ?? 0;
      const value = values[type][(choice >> 1) % values[type].length];
      if (choice % 8 < 5 && value !== undefined) environment[name] = value;
    }
    return environment;
  });

const quotedTexts = texts.map((text) => JSON.stringify(text));
const literals: Readonly<Partial<Record<ValueType, readonly string[]>>> = {
  STRING: [...quotedTexts, '`a`', "'b'"],
  INT64: ['0', '1', '2', '007', '9007199254740991', '9223372036854775807'],
  DOUBLE: ['0.0', '1.5', '1e0', '1e300'],
  BOOL: ['true', 'False'],
  DURATION: ['"0"', '"5ms"'],
};
const conversions: Readonly<Partial<Record<ValueType, readonly [string, readonly string[]]>>> = {
  IP_ADDRESS: ['ip', ['1.2.3.4', '::1', 'x']],
  TIMESTAMP: ['timestamp', ['2015-01-02T15:04:35Z', '1970-01-01T00:00:00Z', 'x']],
  DNS_NAME: ['dnsName', ['a.b', '!-.x']],
  EMAIL_ADDRESS: ['email', ['a@b', '!x']],
  URI: ['uri', ['http://a/x', '!%']],
};
const equalTypes: readonly ValueType[] = [
  'STRING',
  'INT64',
  'DOUBLE',
  'BOOL',
  'IP_ADDRESS',
  'TIMESTAMP',
  'DNS_NAME',
  'EMAIL_ADDRESS',
  'URI',
];
const orderedTypes: readonly ValueType[] = ['STRING', 'INT64', 'DOUBLE', 'TIMESTAMP', 'DNS_NAME'];

type Text = fc.Arbitrary<string>;

/** The text of a well-typed expression of a type, with no more calls in one another than `depth`. */
export function expressionsOf(type: ValueType, depth: number): Text {
  return made(type, depth);
}

const cache = new Map<string, Text>();

function made(type: ValueType, depth: number): Text {
  const id = `${type} ${depth}`;
  const known = cache.get(id);
  if (known !== undefined) return known;
  const text = depth <= 0 ? leaf(type) : fc.oneof({ weight: 1, arbitrary: leaf(type) }, ...branches(type, depth - 1));
  cache.set(id, text);
  return text;
}

function leaf(type: ValueType): Text {
  const attributes = [1, 2, 3].map((n) => `${type.toLowerCase()}${n}`);
  const conversion = conversions[type];
  const others = conversion?.[1].map((text) => `${conversion[0]}(${JSON.stringify(text)})`) ??
    literals[type] ?? ['emptyStringMap()'];
  return fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...attributes) }, fc.constantFrom(...others));
}

function branches(type: ValueType, depth: number): { weight: number; arbitrary: Text }[] {
  const of = (other: ValueType): Text => made(other, depth);
  const join = (...parts: (string | Text)[]): Text =>
    fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));
  const branch = (weight: number, ...parts: (string | Text)[]): { weight: number; arbitrary: Text } => ({
    weight,
    arbitrary: join(...parts),
  });
  const always = [
    branch(3, '(', of(type), ' | ', of(type), ')'),
    branch(1, '(', of(type), ' | ', of(type), ' | ', of(type), ')'),
    branch(1, 'OR(', of(type), ', ', of(type), ', 1)'),
    branch(1, 'conditional(', of('BOOL'), ', ', of(type), ', ', of(type), ')'),
  ];
  const infix = (types: readonly ValueType[], operators: readonly string[]): Text =>
    fc.oneof(
      ...types.map((operand) => join('(', of(operand), ' ', fc.constantFrom(...operators), ' ', of(operand), ')')),
    );
  switch (type) {
    case 'BOOL':
      return [
        ...always,
        { weight: 4, arbitrary: infix(equalTypes, ['==', '!=']) },
        { weight: 2, arbitrary: infix(orderedTypes, ['<', '<=', '>', '>=']) },
        branch(2, '(', of('BOOL'), fc.constantFrom(' && ', ' || '), of('BOOL'), ')'),
        branch(1, 'LAND(', of('BOOL'), ', ', of('BOOL'), ', ', of('BOOL'), ')'),
        branch(
          1,
          '(',
          of('STRING'),
          ').',
          fc.constantFrom('startsWith', 'endsWith', 'matches'),
          '(',
          of('STRING'),
          ')',
        ),
        branch(1, 'match(', of('STRING'), ', ', of('STRING'), ')'),
      ];
    case 'STRING':
      return [
        ...always,
        branch(3, of('STRING_MAP'), '[', of('STRING'), ']'),
        branch(2, '(', of('STRING_MAP'), '["k"] | ', of('STRING'), ')'),
        // Both the map and its key can fail, and that in an order.
        branch(
          1,
          '(conditional(',
          of('BOOL'),
          ', ',
          of('STRING_MAP'),
          ', ',
          of('STRING_MAP'),
          ')[toLower(',
          of('STRING'),
          ')] | ',
          of('STRING'),
          ')',
        ),
        branch(1, '(', of('STRING'), ' + ', of('STRING'), ')'),
        branch(1, 'toLower(', of('STRING'), ')'),
        branch(1, 'conditionalString(', of('BOOL'), ', ', of('STRING'), ', ', of('STRING'), ')'),
      ];
    case 'INT64':
      return [...always, branch(2, '(', of('INT64'), ' + ', of('INT64'), ')'), branch(1, 'size(', of('STRING'), ')')];
    case 'DOUBLE':
      return [...always, branch(1, '(', of('DOUBLE'), ' + ', of('DOUBLE'), ')')];
    case 'DNS_NAME':
      return [...always, branch(1, '(', of('DNS_NAME'), ' + ', of('DNS_NAME'), ')')];
    case 'IP_ADDRESS':
      return [...always, branch(1, 'ip(', of('STRING'), ')')];
    case 'TIMESTAMP':
      return [...always, branch(1, 'timestamp(', of('STRING'), ')')];
    default:
      return always;
  }
}
