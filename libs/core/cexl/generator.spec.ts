import { Vocabulary, type ValueType } from '@keelson/core/attributes';
import { CexlError, compile, parse, type Expression } from '.';
import { checkAll } from './checker';
import { generate } from './generator';
import { bagOf } from './testing/array-bag';

const declared: Readonly<Record<string, ValueType>> = { a: 'STRING', h: 'STRING_MAP', i: 'STRING_MAP' };
const vocabulary = new Vocabulary(new Map(Object.entries(declared)));

function sourceOf(node: Expression): string {
  const types = checkAll(node, vocabulary);
  if (types instanceof CexlError) throw types;
  return generate(node, types, vocabulary).source;
}

describe('S43 the code of an expression', () => {
  // Both the map and the key can fail, so that the map is looked at before the key.
  const nested = (levels: number): string =>
    levels === 0 ? 'a' : `(conditional(${nested(levels - 1)} == "x", h, i)[toLower(a)] | "d")`;

  it('grows as its text does, however maps are chosen within one another', () => {
    const [short, long] = [3, 12].map((levels) => sourceOf(parse(nested(levels))).length) as [number, number];
    expect(long).toBeLessThan(short * 4.5);
    const deep = compile(nested(49), vocabulary);
    const values = { a: 'K', h: new Map([['k', 'no']]), i: new Map([['k', 'x']]) };
    expect(deep.evaluate(bagOf(vocabulary, values))).toBe('x');
    expect(deep.evaluate(bagOf(vocabulary, { ...values, i: new Map() }))).toBe('d');
    expect(deep.evaluate(bagOf(vocabulary, { ...values, a: 'X' }))).toBe('d');
  });

  it('has an end: what takes too much is refused', () => {
    // No text is like this: the two sides of each level are one node, so the height of a text doubles the code.
    let node = parse('a');
    for (let i = 0; i < 16; i++) node = { kind: 'call', name: 'OR', target: undefined, args: [node, node], offset: 0 };
    expect(() => sourceOf(node)).toThrow(
      expect.objectContaining({
        kind: 'compile',
        message: 'the expression takes more than 1048576 characters of code',
      }) as Error,
    );
  });
});
