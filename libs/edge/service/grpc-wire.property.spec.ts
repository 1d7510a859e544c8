import fc from 'fast-check';
import { percentEncoded } from './grpc-wire';

describe('the message of a status', () => {
  it('reads back as it was, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const encoded = percentEncoded(text);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeURIComponent(encoded)).toBe(Buffer.from(text).toString());
      }),
    );
  });
});
