import fc from 'fast-check';

const firstSurrogate = 0xd800;
const surrogates = 0x800;

/** One code point of all of Unicode; those of ASCII more often than the rest. */
const anyCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10_ffff - surrogates }))
  .map((nth) => String.fromCodePoint(nth < firstSurrogate ? nth : nth + surrogates));

/**
 * Text of any code points but lone surrogates, for property tests. What `fc.string({ unit: 'binary' })` is, without the
 * second that it takes to build its table in each file of tests.
 */
export function anyText(constraints: Omit<fc.StringConstraints, 'unit'> = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: anyCharacter });
}
