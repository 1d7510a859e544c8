import { formatIp } from '@keelson/core/cexl';
import fc from 'fast-check';
import { IpEntries, parseRange, type IpRange } from './ip-entries';

/** Few different bits, so that ranges and addresses meet. */
const byte = fc.constantFrom(0, 1, 127, 128, 192, 255);
const bytes = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.array(byte, { minLength: size, maxLength: size }).map((list) => Uint8Array.from(list));
const address = fc.oneof(bytes(4), bytes(16));
const range = address.chain((ip) => fc.integer({ min: 0, max: ip.length * 8 }).map((bits) => ({ bytes: ip, bits })));

/** Bit by bit. */
function contains({ bytes: base, bits }: IpRange, ip: Uint8Array): boolean {
  if (base.length !== ip.length) return false;
  const bit = (of: Uint8Array, i: number): number => ((of[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
  for (let i = 0; i < bits; i++) if (bit(base, i) !== bit(ip, i)) return false;
  return true;
}

describe('ranges of addresses', () => {
  it('S47: hold an address whose first bits are those of one of them', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), address, (ranges, ip) => {
        expect(new IpEntries(ranges).look(ip, 'IP_ADDRESS')).toEqual({
          found: ranges.some((each) => contains(each, ip)),
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('are read as they are printed', () => {
    fc.assert(
      fc.property(range, ({ bytes: ip, bits }) => {
        expect(parseRange(`${formatIp(ip)}/${bits}`)).toEqual({ bytes: ip, bits });
      }),
    );
  });

  it('are found in any text without a failure', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', '255', '.', ':', '/', 'f', '::', 'x') }), (text) => {
        const found = parseRange(text);
        expect(found === undefined || found.bits <= found.bytes.length * 8).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
