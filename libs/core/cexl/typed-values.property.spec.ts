import fc from 'fast-check';
import { formatIp, parseIp, sameIp } from '.';
import { canonicalDnsName } from './dns-name';
import { isLess } from './text-order';

describe('IP addresses', () => {
  it('read what they print', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(255), (bytes, mask) => {
        // Many zeros, as addresses have.
        const address = bytes.map((byte, i) => (mask & (1 << (i >> 1)) ? 0 : byte));
        expect(parseIp(formatIp(address))).toEqual(address);
        const short = address.slice(12);
        expect(sameIp(parseIp(formatIp(short)) ?? address, short)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('DNS names', () => {
  it('have one canonical form, whatever they are', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc
        .array(fc.constantFrom('a', 'Z', '0', '-', '.', 'é', 'ß', 'א', '١', '。', 'xn--', '%', '\u200d', '\ud800'), {
          maxLength: 10,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(name, (text) => {
        const canonical = canonicalDnsName(text);
        if (canonical === undefined) return;
        expect(canonical).toMatch(/^[a-z0-9.-]*$/);
        // With a last dot, of which one is dropped.
        expect(canonicalDnsName(canonical === '' ? '' : `${canonical}.`)).toBe(canonical);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('texts', () => {
  it('are ordered by their bytes', () => {
    const text = fc
      .array(fc.constantFrom('', 'a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'), {
        maxLength: 4,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(isLess(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0);
      }),
      { numRuns: 500 },
    );
  });
});
