import fc from 'fast-check';
import { compilePolicy } from '.';
import { adapters, manifest } from './testing/trial-policy';

describe('S44 a configuration is compiled', () => {
  it('takes params of any shape', () => {
    const kind = fc.constantFrom('metric', 'authorization', 'checknothing', 'quota', 'judge', 'handler', 'instance');
    fc.assert(
      fc.property(kind, fc.dictionary(fc.string(), fc.jsonValue()), (of, params) => {
        const known = { value: params['a'] ?? null, dimensions: params['b'] ?? null, subject: params['c'] ?? null };
        const all = { ...params, ...known } as never;
        const spec =
          of === 'handler' ? { compiledAdapter: 'judge', params: all } : { compiledTemplate: 'metric', params: all };
        const object = {
          kind: of,
          namespace: 'n',
          name: 'o',
          spec: of === 'handler' || of === 'instance' ? spec : all,
        };
        const { problems } = compilePolicy([manifest, object], adapters, 'istio-system');
        for (const problem of problems) expect(problem.object).toBe(`${of} n/o`);
      }),
    );
  });
});
