import { DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import * as fc from 'fast-check';

import { namesOf, splitRequest } from './sotw-request';

describe('splitting a request', () => {
  it('gives what decoding gives', () => {
    const request = fc.record({
      versionInfo: fc.string(),
      resourceNames: fc.array(fc.string({ maxLength: 200 })),
      typeUrl: fc.string(),
      responseNonce: fc.string(),
    });
    fc.assert(
      fc.property(request, (given) => {
        const bytes = DiscoveryRequest.encode(given).finish();
        const { request: rest, names } = splitRequest(bytes);
        const all = names === undefined ? rest.resourceNames : namesOf(names);
        expect(names === undefined).toBe(given.resourceNames.length === 0);
        expect({ ...rest, resourceNames: all }).toEqual(DiscoveryRequest.decode(bytes));
      }),
    );
  });

  it('never accepts what the decoder refuses', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const outcome = (decode: () => unknown) => {
          try {
            decode();
            return 'decoded';
          } catch {
            return 'refused';
          }
        };
        const whole = outcome(() => DiscoveryRequest.decode(bytes));
        const split = outcome(() => {
          const { names } = splitRequest(bytes);
          if (names !== undefined) namesOf(names);
        });
        expect(split).toBe(whole);
      }),
      { numRuns: 2_000 },
    );
  });
});
