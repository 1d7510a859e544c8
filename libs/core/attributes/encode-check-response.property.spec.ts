import fc from 'fast-check';
import { CheckResponse, ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckResponse } from './encode-check-response';

describe('S40 an answer to a check', () => {
  const words = fc.array(fc.string(), { maxLength: 30 });
  const bytesOf = (some: string[]): Uint8Array => ReferencedAttributes.encode({ words: some }).finish();
  const milliseconds = fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
  const check = fc.record({
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.string({ maxLength: 200 }),
    validForMs: milliseconds,
    validUses: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    words,
  });
  const amount = fc.oneof(fc.integer({ min: 0 }), fc.integer({ max: -1 }));
  const quota = fc.record({ amount, validForMs: milliseconds, words });

  it('is what the generated codec reads', () => {
    fc.assert(
      fc.property(
        check,
        fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), quota),
        (answer, quotas) => {
          const encoded = encodeCheckResponse(
            { ...answer, references: bytesOf(answer.words) },
            new Map(
              Object.entries(quotas).map(([name, quota]) => [name, { ...quota, references: bytesOf(quota.words) }]),
            ),
          );
          const decoded = CheckResponse.decode(encoded);
          expect(decoded.precondition).toMatchObject({
            status: { code: answer.code, message: answer.message },
            validDuration: durationOf(answer.validForMs),
            validUseCount: answer.validUses,
            referencedAttributes: { words: answer.words },
          });
          expect(Object.keys(decoded.quotas ?? {}).sort()).toEqual(Object.keys(quotas).sort());
          for (const [name, quota] of Object.entries(quotas))
            expect(decoded.quotas?.[name]).toMatchObject({
              grantedAmount: quota.amount,
              validDuration: durationOf(quota.validForMs),
              status: { code: 0 },
              referencedAttributes: { words: quota.words },
            });
        },
      ),
    );
  });
});

/** To the nanosecond, which is never a whole second more. */
function durationOf(milliseconds: number): { seconds: number; nanos: number } {
  const nanos = BigInt(Math.round(milliseconds * 1e6));
  return { seconds: Number(nanos / 10n ** 9n), nanos: Number(nanos % 10n ** 9n) };
}
