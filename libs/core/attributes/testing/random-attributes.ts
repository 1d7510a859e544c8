import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import type { Attribute, Attributes } from '../attribute';
import { globalWords } from '../dictionary';
import { int64, type ValueType } from '../value';
import { declared, internal } from './samples';

/** Words as they occur: of the global list, names, short and long ones, all of Unicode. */
export const word: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...globalWords, ...declared.keys(), 'custom.undeclared', ''),
  anyText({ maxLength: 8 }),
  // Around 127 bytes, where a length takes a second one.
  fc.nat(20).map((more) => 'x'.repeat(118 + more)),
);

const int64s = fc.oneof(
  fc.integer({ min: -3, max: 200 }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int64),
);
const exactInts = fc.oneof(fc.integer({ min: -3, max: 200 }), fc.maxSafeInteger());
const instants = fc.record({
  seconds: fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: -62_135_596_800, max: 253_402_300_799 })),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});
const maps = fc
  .array(fc.tuple(word, word), { maxLength: 6 })
  .map((entries): ReadonlyMap<string, string> => new Map(entries));
const addresses = fc
  .tuple(fc.constantFrom(4, 16), fc.nat(0xffffffff))
  .map(([length, end]) => Uint8Array.from({ length }, (_, i) => (i < length - 4 ? 0xfe - i : end >>> (8 * (i % 4)))));

function attributeOf(type: ValueType, exact: boolean): fc.Arbitrary<Attribute> {
  const ints = exact ? exactInts : int64s;
  switch (type) {
    case 'INT64':
    case 'DURATION':
      return ints.map((value) => ({ type, value }));
    case 'DOUBLE':
      return fc.double().map((value) => ({ type, value: exact && value === 0 ? 0 : value }));
    case 'BOOL':
      return fc.boolean().map((value) => ({ type, value }));
    case 'TIMESTAMP':
      return instants.map((value) => ({ type, value }));
    case 'IP_ADDRESS':
      return addresses.map((value) => ({ type, value }));
    case 'STRING_MAP':
      return maps.map((value) => ({ type, value }));
    default:
      return word.map((value) => ({ type, value }));
  }
}

/**
 * Sets of declared attributes, each there or not, with one that nobody declared.
 *
 * @param exact whether there are only values that the generated codecs keep: no numbers of 2^53 or more, no -0
 */
export function attributeSets({ exact = false } = {}): fc.Arbitrary<Attributes> {
  const types: [string, ValueType][] = [...declared, [internal, 'STRING'], ['custom.undeclared', 'STRING']];
  const parts = types.map(([name, type]) =>
    fc.option(attributeOf(type, exact)).map((attribute) => [name, attribute] as const),
  );
  return fc
    .tuple(...parts)
    .map((pairs) => new Map(pairs.flatMap(([name, attribute]) => (attribute === null ? [] : [[name, attribute]]))));
}
