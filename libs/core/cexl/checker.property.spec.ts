import fc from 'fast-check';
import { CexlError, check, compile, parse } from '.';
import { expressionsOf, generatedVocabulary } from './testing/expressions';

describe('S43 types of expressions', () => {
  it('keeps what compiles apart from what does not, whatever it is given', () => {
    const names = [
      'string1',
      'int641',
      'bool1',
      'double1',
      'duration1',
      'string_map1',
      'ip_address1',
      'timestamp1',
      'nobody',
    ];
    const operand = fc.oneof(
      fc.constantFrom(...names, '"x"', '1', '1.5', 'true', '"5ms"'),
      expressionsOf('BOOL', 2),
      expressionsOf('STRING', 2),
    );
    const operator = fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= ', ' + ', ' | ', ' && ', ' || ', ' - ');
    const call = fc.constantFrom('EQ', 'LAND', 'OR', 'conditional', 'ip', 'match', 'size', 'emptyStringMap', 'f');
    const text = fc.oneof(
      fc.tuple(operand, operator, operand, operator, operand).map((parts) => parts.join('')),
      fc.tuple(call, fc.array(operand, { maxLength: 4 })).map(([name, args]) => `${name}(${args.join(', ')})`),
      fc
        .tuple(operand, operand, fc.constantFrom('startsWith', 'matches', 'size'))
        .map(([a, b, name]) => `(${a}).${name}(${b})`),
    );
    const outcomes = { compiled: 0, types: 0, operations: 0 };
    fc.assert(
      fc.property(text, (source) => {
        const checked = check(parse(source), generatedVocabulary);
        try {
          expect(compile(source, generatedVocabulary).type).toBe(checked);
          outcomes.compiled++;
        } catch (error) {
          if (!(error instanceof CexlError)) throw error;
          if (checked instanceof CexlError) {
            expect(error.message).toBe(checked.message);
            outcomes.types++;
          } else {
            expect(error.message).toMatch(/^internal compiler error -- .* for type not yet implemented: /);
            outcomes.operations++;
          }
        }
      }),
      { numRuns: 1_000 },
    );
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(5);
  });
});
