import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckResponse } from './encode-check-response';

describe('S40 an answer to a check', () => {
  it('carries what else is to be done with the request', () => {
    const directive = Buffer.from([0x18, 0x93, 0x03]); // direct_response_code: 403
    const answer = { code: 7, message: 'no', validForMs: 5_500, validUses: 1, references: Buffer.alloc(0), directive };
    expect(CheckResponse.decode(encodeCheckResponse(answer, new Map())).precondition).toMatchObject({
      validDuration: { seconds: 5, nanos: 500_000_000 },
      routeDirective: { directResponseCode: 403 },
    });
  });

  it.each([
    [999.9999999, 1, 0],
    [1999.9999999, 2, 0],
    [0.0000001, 0, 0],
    [999.999999, 0, 999_999_999],
    [-0.5, 0, -500_000],
    [-1500, -1, -500_000_000],
    [-2000, -2, 0],
  ])('is valid for %d ms: %d s and %d ns, both of one sign', (validForMs, seconds, nanos) => {
    const answer = { code: 0, message: '', validForMs, validUses: 1, references: Buffer.alloc(0) };
    const quotas = new Map([['q', { amount: 1, validForMs, references: Buffer.alloc(0) }]]);
    const { precondition, quotas: results } = CheckResponse.decode(encodeCheckResponse(answer, quotas));
    expect(precondition?.validDuration).toEqual({ seconds, nanos });
    expect(results?.['q']?.validDuration).toEqual({ seconds, nanos });
  });
});
