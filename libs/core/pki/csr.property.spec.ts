import { ProblemError } from '@keelson/core/problems';
import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { makeCsr, parseCsr } from './csr';
import { pemOf } from './pem';
import { derOf, keys, refusal } from './testing/csr-samples';

describe('S30 certificate requests', () => {
  it('answers random bytes with a problem', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(refusal(pemOf('CERTIFICATE REQUEST', Buffer.from(bytes)))).toBeInstanceOf(ProblemError);
      }),
      { numRuns: 300 },
    );
  });

  it('answers random text with a problem', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 200 }), fc.boolean(), (text, framed) => {
        const pem = framed ? `-----BEGIN CERTIFICATE REQUEST-----${text}-----END CERTIFICATE REQUEST-----` : text;
        expect(refusal(pem)).toBeInstanceOf(ProblemError);
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.keys(keys))('never takes a mutated request for another key (%s)', (kind) => {
    const whole = derOf(makeCsr(keys[kind]!, { dns: ['a.example'] }));
    const mutation = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(mutation, fc.nat(whole.length), (changes, cut) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        for (const candidate of [bytes, whole.subarray(0, cut), Buffer.concat([whole, bytes.subarray(0, cut)])]) {
          let key: KeyObject;
          try {
            key = parseCsr(pemOf('CERTIFICATE REQUEST', candidate));
          } catch (error) {
            expect(error).toBeInstanceOf(ProblemError);
            continue;
          }
          // What is still accepted says the same: a mutation that changed nothing, or bytes that bind nothing.
          expect(key.equals(createPublicKey(keys[kind]!))).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});
