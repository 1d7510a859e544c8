import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ProblemError } from '@keelson/core/problems';
import { checkObject, kinds, parseDocuments } from '.';

const samples = parseDocuments(readFileSync(join(__dirname, 'testdata', 'valid.yaml'), 'utf8')).map(
  ({ value }) => value,
);

/** A copy with what stands at some places replaced; `steps` choose the way, whatever the shape is. */
function replaced(value: unknown, steps: readonly number[], by: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== 'object' || value === null) return by;
  if (Array.isArray(value)) {
    if (value.length === 0) return by;
    return value.map((item: unknown, i) => (i === step % value.length ? replaced(item, rest, by) : item));
  }
  const keys = Object.keys(value);
  const chosen = keys[step % Math.max(keys.length, 1)];
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === chosen ? replaced(item, rest, by) : item]),
  );
}

describe('checkObject', () => {
  it('has a sample of each kind, and takes it', () => {
    const seen = samples.map((sample) => checkObject(sample, { namespace: 'default' }).object.kind);
    // Of the kinds that are all alike one is enough.
    const alike = kinds.filter(({ typeName }) => typeName === 'google.protobuf.Struct').map(({ kind }) => kind);
    const others = kinds.map(({ kind }) => kind).filter((kind) => !alike.includes(kind));
    expect([...new Set(seen)].sort()).toEqual([...others, 'metric'].sort());
  });

  it('changes nothing in what it has checked once', () => {
    for (const sample of samples) {
      const { object } = checkObject(sample, { namespace: 'default' });
      expect(checkObject(structuredClone(object), { namespace: 'other' }).object).toEqual(object);
    }
  });

  it('takes or refuses with problems that name the object, whatever it is given', () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(
        undefined,
        NaN,
        -0,
        1e300,
        2 ** 53,
        -1,
        65536,
        '',
        '\ud800',
        '0',
        '999999999999h',
        '1h1h',
        '*',
        '%',
        'a'.repeat(300),
        Symbol('s'),
        1n,
        new Date(0),
        [[]],
        { '': 1 },
        { constructor: 1 },
        { toString: 1 },
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.array(fc.nat(20), { maxLength: 9 }), odd), { maxLength: 3 }),
        (sample, changes) => {
          const input = changes.reduce<unknown>((value, [steps, by]) => replaced(value, steps, by), sample);
          try {
            const { object } = checkObject(input, { namespace: 'default' });
            expect(checkObject(object, { namespace: 'default' }).object).toEqual(object);
          } catch (error) {
            expect(error).toBeInstanceOf(ProblemError);
            for (const { message, field, object } of (error as ProblemError).problems) {
              expect(message).not.toBe('');
              expect(
                `${object ?? ''}${field ?? ''}`.length + (field === undefined && object === undefined ? 1 : 0),
              ).toBeGreaterThan(0);
              expect(field ?? 'spec').toMatch(/^(?:spec|metadata|apiVersion|kind|[^.]+$)/);
            }
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
