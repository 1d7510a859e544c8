import { inspect } from 'node:util';
import fc from 'fast-check';
import { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { ProblemError } from '@keelson/core/problems';
import { compress, readByName } from './testing/judge';
import { mutations, scraps } from '@keelson/core/testing';
import { attributeSets } from './testing/random-attributes';
import { contentsOf, internal, vocabulary, wire } from './testing/samples';
import { isWellFormed } from './testing/well-formed';
import { readAttributes, type DecodedBag } from './wire-bag';

const bytesOf = (message: CompressedAttributes): Uint8Array => CompressedAttributes.encode(message).finish();

describe('what is not protobuf', () => {
  it('never crashes, and is read as the generated codec reads it, if both read it', () => {
    let compared = 0;
    const check = (bytes: Buffer): void => {
      let bag: DecodedBag;
      try {
        bag = readAttributes(wire, bytes);
      } catch (error) {
        expect(String(error)).toMatch(/^ProblemError: CheckRequest: attributes.*at byte \d+$/);
        return;
      }
      const contents = contentsOf(bag);
      const judged = judgedOf(bytes);
      if (judged === undefined) return;
      compared++;
      expect([bytes.toString('hex'), comparable(contents)]).toEqual([bytes.toString('hex'), comparable(judged)]);
    };
    const property = fc.property(
      attributeSets({ exact: true }),
      fc.func(fc.boolean()),
      fc.nat(),
      (attributes, own, seed) => {
        for (const bytes of mutations(bytesOf(compress(attributes, own)), seed, 40)) check(bytes);
      },
    );
    fc.assert(property, { numRuns: 50 });
    expect(compared).toBeGreaterThan(300);
  });

  it('never crashes on scraps of messages and on noise', () => {
    let readable = 0;
    const check = (bytes: Buffer): void => {
      let bag: DecodedBag;
      try {
        bag = readAttributes(wire, bytes);
      } catch (error) {
        if (!(error instanceof ProblemError) || error.code !== 'malformed') throw error;
        return;
      }
      readable++;
      for (let at = 0; at < vocabulary.size; at++) {
        bag.get(at);
        bag.entry(at, 'x');
      }
    };
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ maxLength: 100 }), (seed, noise) => {
        check(Buffer.from(noise));
        for (const bytes of scraps(seed, 100)) check(bytes);
      }),
      { numRuns: 50 },
    );
    expect(readable).toBeGreaterThan(100);
  });
});

/** What the generated codec and the judge make of bytes; undefined where that codec fails or is known to err. */
function judgedOf(bytes: Uint8Array): Record<string, unknown> | undefined {
  // It takes a byte order mark out of a text.
  if (Buffer.from(bytes).includes('\ufeff')) return undefined;
  if (!isWellFormed(bytes)) return undefined;
  let message: CompressedAttributes;
  try {
    message = CompressedAttributes.decode(bytes);
  } catch {
    return undefined;
  }
  return readByName(message);
}

/**
 * Without the name that has no type, and without empty values: where an entry lacks a message, protobuf has an empty one,
 * and the generated codec drops the entry.
 */
function comparable(contents: Record<string, unknown>): unknown {
  const isEmpty = (value: unknown): boolean =>
    value === 0 || ['{ map: [] }', '{ seconds: 0, nanos: 0 }'].includes(inspect(value));
  return Object.fromEntries(Object.entries(contents).filter(([name, value]) => name !== internal && !isEmpty(value)));
}
