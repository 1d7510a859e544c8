import fc from 'fast-check';
import { CheckRequest } from '@keelson/api/istio/mixer/v1/mixer';
import { readCheckRequest } from './check-request';
import { mutations, scraps } from '@keelson/core/testing';
import { slot, wire } from './testing/samples';
import { readAttributes } from './wire-bag';

const requests = fc.record({
  attributes: fc.option(fc.record({ words: fc.array(fc.string(), { maxLength: 3 }), int64s: fc.constant({ 23: 5 }) }), {
    nil: undefined,
  }),
  globalWordCount: fc.nat(0xffffffff),
  deduplicationId: fc.string({ unit: 'grapheme' }),
  quotas: fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
    fc.record({ amount: fc.maxSafeInteger(), bestEffort: fc.boolean() }),
    { maxKeys: 3, noNullPrototype: true },
  ),
});

describe('a check request', () => {
  it('S40 is taken apart as the generated codec does it', () => {
    fc.assert(
      fc.property(requests, (message) => {
        const parts = readCheckRequest(CheckRequest.encode(message).finish());
        expect([parts.globalWordCount, parts.deduplicationId]).toEqual([
          message.globalWordCount,
          message.deduplicationId,
        ]);
        expect(Object.fromEntries(parts.quotas)).toEqual(message.quotas);
        const size = readAttributes(wire, parts.attributes).get(slot('request.size'));
        expect(size).toBe(message.attributes === undefined ? undefined : 5);
      }),
      { numRuns: 100 },
    );
  });

  it('never crashes the reader', () => {
    const check = (bytes: Buffer): void => {
      try {
        readCheckRequest(bytes);
      } catch (error) {
        expect(String(error)).toMatch(/^ProblemError: CheckRequest: /);
      }
    };
    fc.assert(
      fc.property(requests, fc.nat(), (message, seed) => {
        for (const bytes of mutations(CheckRequest.encode(message).finish(), seed, 30)) check(bytes);
        for (const bytes of scraps(seed, 30)) check(bytes);
      }),
      { numRuns: 40 },
    );
  });
});
