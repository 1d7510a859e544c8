import fc from 'fast-check';
import type { StringMap, Value, ValueType } from '@keelson/core/attributes';
import { attributesOf, compile, equalities, mayBeTrue, parse, print, type Expression, type Knowledge } from '.';
import { bagOf } from './testing/array-bag';
import { environments, expressionsOf, generatedTypes, generatedVocabulary } from './testing/expressions';
import { EvaluationFailure, evaluateTree } from './testing/tree-evaluator';

const types: readonly ValueType[] = [
  'BOOL',
  'BOOL',
  'BOOL',
  'STRING',
  'STRING',
  'INT64',
  'DOUBLE',
  'IP_ADDRESS',
  'TIMESTAMP',
  'DNS_NAME',
  'EMAIL_ADDRESS',
  'URI',
  'DURATION',
  'STRING_MAP',
];
/** An expression, four levels deep at most, of any type. */
const anyExpression = fc
  .constantFrom(...types)
  .chain((type) => fc.integer({ min: 0, max: 4 }).chain((depth) => expressionsOf(type, depth)));
const conditions = fc.integer({ min: 1, max: 4 }).chain((depth) => expressionsOf('BOOL', depth));

type Values = Readonly<Record<string, Value>>;

/** A value of any type, so that equal values are equal texts. */
function shown(value: Value): string {
  if (value instanceof Uint8Array) return `ip ${Buffer.from(value).toString('hex')}`;
  if (typeof value !== 'object') return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
  if ('seconds' in value) return `at ${value.seconds} ${value.nanos}`;
  return `map ${JSON.stringify([...value.entries()].sort())}`;
}

function byTree(ast: Expression, values: Values): { shown: string; failure: string } {
  try {
    return { shown: shown(evaluateTree(ast, { values, types: generatedTypes })), failure: '' };
  } catch (error) {
    if (error instanceof EvaluationFailure) return { shown: 'failed', failure: error.message || 'any' };
    throw error;
  }
}

describe('S43 compiled expressions', () => {
  it('give what a plain walk over the tree gives, and tell its errors', () => {
    fc.assert(
      fc.property(anyExpression, fc.array(environments, { minLength: 1, maxLength: 3 }), (text, several) => {
        const compiled = compile(text, generatedVocabulary);
        for (const values of several) {
          const bag = bagOf(generatedVocabulary, values);
          const value = compiled.evaluate(bag);
          const failure = compiled.failure(bag);
          const expected = byTree(compiled.ast, values);
          expect(value === undefined ? 'failed' : shown(value)).toBe(expected.shown);
          expect(expected.failure === 'any' ? failure !== '' : failure).toBe(
            expected.failure === 'any' ? true : expected.failure,
          );
        }
      }),
      { numRuns: 100_000 },
    );
  }, 600_000);

  it('depend on nothing but what the analysis names', () => {
    fc.assert(
      fc.property(anyExpression, environments, environments, (text, values, others) => {
        const compiled = compile(text, generatedVocabulary);
        const { names, keys } = attributesOf(compiled.ast);
        const changed: Record<string, Value> = { ...others };
        for (const name of names) restore(changed, name, values);
        for (const { map } of keys)
          if (!names.includes(map)) {
            const from = values[map] as StringMap | undefined;
            if (from === undefined) restore(changed, map, values);
            else {
              const entries = keys.filter((key) => key.map === map && from.get(key.key) !== undefined);
              changed[map] = new Map(entries.map(({ key }) => [key, from.get(key) ?? '']));
            }
          }
        const [before, after] = [values, changed].map((some) => compiled.evaluate(bagOf(generatedVocabulary, some)));
        expect(after === undefined ? 'failed' : shown(after)).toBe(before === undefined ? 'failed' : shown(before));
      }),
      { numRuns: 700 },
    );
  });

  it('are true only where their equalities hold', () => {
    const conjunct = fc.oneof(
      conditions,
      fc.constantFrom(
        'string1 == "a"',
        '"ab" == string2',
        'string_map1["k"] == "a"',
        'int641 == 1',
        'bool1 == true',
        '"" == string_map2["a"]',
      ),
    );
    fc.assert(
      fc.property(fc.array(conjunct, { minLength: 1, maxLength: 3 }), environments, (parts, values) => {
        const compiled = compile(parts.join(' && '), generatedVocabulary);
        if (compiled.evaluate(bagOf(generatedVocabulary, values)) !== true) return;
        for (const { attribute, key, value } of equalities(compiled.ast)) {
          const found = values[attribute];
          expect(key === undefined ? found : ((found as StringMap).get(key) ?? '')).toEqual(value);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are judged without full knowledge as they come out with it', () => {
    fc.assert(
      fc.property(conditions, environments, fc.func(fc.integer({ min: 0, max: 2 })), (text, values, hides) => {
        const known: Knowledge = (name, key) => {
          if (hides(name, key) === 0) return 'unknown';
          const value = values[name];
          if (key === undefined) return value === undefined ? 'absent' : { value };
          const entry = (value as StringMap | undefined)?.get(key);
          return entry === undefined ? 'absent' : { value: entry };
        };
        const compiled = compile(text, generatedVocabulary);
        const value = compiled.evaluate(bagOf(generatedVocabulary, values));
        const full: Knowledge = (name) => (values[name] === undefined ? 'absent' : { value: values[name] });
        expect(mayBeTrue(compiled.ast, generatedVocabulary, full)).toBe(value === true ? 'always' : 'never');
        const truth = mayBeTrue(compiled.ast, generatedVocabulary, known);
        if (truth !== 'maybe') expect(truth === 'always').toBe(value === true);
      }),
      { numRuns: 1_200 },
    );
  });

  it('are printed so that the parser reads the same', () => {
    fc.assert(
      fc.property(anyExpression, (text) => {
        const printed = print(parse(text));
        // The canonical text has a sigil before names and a colon before methods; without them it is an expression again,
        // unless a method stands on something that only parentheses can hold.
        expect(printed).not.toContain('undefined');
        fc.pre(!printed.includes(':'));
        expect(print(parse(printed.replaceAll('$', '')))).toBe(printed);
      }),
      { numRuns: 300 },
    );
  });
});

function restore(target: Record<string, Value>, name: string, values: Values): void {
  const value = values[name];
  if (value === undefined) Reflect.deleteProperty(target, name);
  else target[name] = value;
}
