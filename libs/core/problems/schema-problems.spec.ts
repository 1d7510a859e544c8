import Ajv from 'ajv';
import { schemaProblems, type Problem } from '.';

const properties = {
  hosts: { type: 'array', items: { type: 'string' } },
  port: { anyOf: [{ type: 'integer' }, { type: 'integer' }] },
};
const validate = new Ajv({ allErrors: true, verbose: true }).compile({
  type: 'object',
  additionalProperties: false,
  properties,
});

function problemsOf(value: unknown): Problem[] {
  expect(validate(value)).toBe(false);
  return schemaProblems(validate.errors ?? [], 'spec', 'Thing default/it');
}

describe('problems of an object that does not fit its schema', () => {
  it('name the object and the field, each once', () => {
    expect(problemsOf({ host: 1, hosts: ['a', 2, 2], port: 'x' })).toEqual([
      {
        code: 'unknown-field',
        message: 'unknown field "host", did you mean hosts?',
        object: 'Thing default/it',
        field: 'spec.host',
      },
      { code: 'invalid-value', message: 'must be a string, not 2', object: 'Thing default/it', field: 'spec.hosts[1]' },
      { code: 'invalid-value', message: 'must be a string, not 2', object: 'Thing default/it', field: 'spec.hosts[2]' },
      {
        code: 'invalid-value',
        message: 'must be a whole number, not "x"',
        object: 'Thing default/it',
        field: 'spec.port',
      },
      {
        code: 'invalid-value',
        message: 'must match a schema in anyOf, not "x"',
        object: 'Thing default/it',
        field: 'spec.port',
      },
    ]);
  });

  it('are told up to a hundred; then that there are more', () => {
    const bad = (count: number): Problem[] => problemsOf({ hosts: Array.from({ length: count }, () => 1) });
    expect(bad(100)).toHaveLength(100);
    expect(bad(100).at(-1)).toMatchObject({ field: 'spec.hosts[99]' });
    const many = bad(20_000);
    expect(many).toHaveLength(101);
    expect(many.at(-1)).toEqual({
      code: 'invalid-value',
      message: 'more than these 100 problems',
      object: 'Thing default/it',
      field: 'spec',
    });
  });
});
