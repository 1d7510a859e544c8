import fc from 'fast-check';
import { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { encodeAttributes } from './encode';
import { compress } from './testing/judge';
import { attributeSets, word } from './testing/random-attributes';
import { contentsOf, contentsOfSet, plain, slot, wire } from './testing/samples';
import { readAttributes, type DecodedBag } from './wire-bag';

const bytesOf = (message: CompressedAttributes): Uint8Array => CompressedAttributes.encode(message).finish();
const read = (message: CompressedAttributes): DecodedBag => readAttributes(wire, bytesOf(message));

describe('attributes from the wire', () => {
  it('S40 are what a client put there, of all types, by global and own words', () => {
    fc.assert(
      fc.property(
        attributeSets({ exact: true }),
        fc.func(fc.boolean()),
        fc.array(
          fc.string({ minLength: 1, maxLength: 3 }).map((text) => `-${text}`),
          { maxLength: 3 },
        ),
        (attributes, ownWord, spare) => {
          const message = compress(attributes, ownWord, spare);
          const bag = read(message);
          expect(contentsOf(bag)).toEqual(contentsOfSet(attributes));
          expect(bag.problems).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('keep 64-bit numbers and durations exact, beyond what a number can hold', () => {
    fc.assert(
      fc.property(attributeSets(), fc.nat(222), (attributes, globalWordCount) => {
        const bag = readAttributes(wire, encodeAttributes(attributes, globalWordCount));
        expect(contentsOf(bag)).toEqual(contentsOfSet(attributes));
      }),
      { numRuns: 100 },
    );
  });

  it('give the same texts of a map by key and as a whole, for any key', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(word, word), { maxLength: 40 }),
        fc.func(fc.boolean()),
        word,
        (entries, own, other) => {
          const map = new Map(entries);
          const attributes = new Map([['custom.map', { type: 'STRING_MAP', value: map } as const]]);
          const bytes = bytesOf(compress(attributes, own));
          for (const key of [...map.keys(), other]) {
            // A bag of its own for each key, in which nothing was decoded before.
            expect(readAttributes(wire, bytes).entry(slot('custom.map'), key)).toBe(map.get(key) ?? null);
          }
          expect(plain(readAttributes(wire, bytes).get(slot('custom.map')))).toEqual(plain(map));
        },
      ),
      { numRuns: 100 },
    );
  });
});
