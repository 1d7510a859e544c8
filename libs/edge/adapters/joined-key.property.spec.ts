import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { joinedKey } from './joined-key';

const texts = fc.array(
  fc.oneof(
    fc.constantFrom('', 'a', '\0', '\u0001', '\u00ff', '1', '1:', 'x'.repeat(254), 'x'.repeat(255), 'x'.repeat(256)),
    anyText(),
  ),
  { minLength: 3, maxLength: 3 },
);

describe('a joined key', () => {
  it('is the same for the same texts only, whatever is in them', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(joinedKey(a) === joinedKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2000 },
    );
  });
});
