import type { Adapter, AdapterTable } from '@keelson/core/policy';
import { type ProblemError, type Problem } from '@keelson/core/problems';
import { checkObject, parseDocuments, planCommit, Snapshot, type CommitPlan, type RequestedChange } from '.';

const writer: Adapter = {
  name: 'stdio',
  plural: 'stdios',
  description: '',
  templates: ['logentry'],
  schema: { type: 'object', additionalProperties: false },
  open: () => ({}),
};
const adapters: AdapterTable = new Map([[writer.name, writer]]);

const object = (kind: string, name: string, spec: string): string =>
  `apiVersion: config.istio.io/v1alpha2\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
const manifest = object('attributemanifest', 'm', '{attributes: {request.headers: {valueType: STRING_MAP}}}');
const log = (expression: string, name = 'log'): string =>
  object('instance', name, `{compiledTemplate: logentry, params: {variables: {a: '${expression}'}}}`);
const handler = object('handler', 'out', '{compiledAdapter: stdio}');
const rule = (instance = 'log', name = 'r'): string =>
  object('rule', name, `{actions: [{handler: out, instances: [${instance}]}]}`);
const literal = 'request.headers["a"] | ""';
const chosen = 'request.headers[request.headers["which"] | "a"] | ""';

function puts(...texts: string[]): RequestedChange[] {
  return parseDocuments(texts.join('---\n')).map(({ value }) => ({
    op: 'put',
    object: checkObject(value, { namespace: 'default' }).object,
  }));
}
const plan = (snapshot: Snapshot, requested: RequestedChange[]): CommitPlan =>
  planCommit(snapshot, requested, 'api', adapters);
function commit(snapshot: Snapshot, requested: RequestedChange[], judged = true): Snapshot {
  const { changes } = planCommit(snapshot, requested, 'api', judged ? adapters : undefined);
  const time = '2026-01-01T00:00:00Z';
  return snapshot.fold({ format: 1, id: '', epoch: 'e', changes, author: '', reason: '', source: '', time }, 'e-1');
}
function refusal(snapshot: Snapshot, requested: RequestedChange[]): string[] {
  try {
    plan(snapshot, requested);
  } catch (error) {
    return (error as ProblemError).problems.map(line);
  }
  return [];
}
const line = ({ object: title = '', field = '', message }: Problem): string => `${title}: ${field}: ${message}`;
const empty = Snapshot.empty('e');

describe('S43 Mixer’s configuration in a commit', () => {
  const warning = `instance shop/log: spec.params.variables.a: ${chosen}: only literal keys of request.headers reach the reports of Envoys`;

  it('is judged with all changes in, as a Mixer does', () => {
    expect(refusal(empty, puts(manifest, handler, rule()))).toEqual([
      'rule shop/r: spec.actions[0].instances[0]: instance shop/log does not exist',
    ]);
    expect(plan(empty, puts(rule(), log(literal), handler, manifest)).warnings).toEqual([]);
  });

  it('is not held up by what was wrong before, unless that is changed', () => {
    const broken = commit(empty, puts(manifest, handler, log('request.hedders'), rule()), false);
    expect(refusal(broken, puts(log(literal, 'other')))).toEqual([]);
    expect(refusal(broken, puts(log('request.heders')))).toEqual([
      'instance shop/log: spec.params.variables.a: request.heders: unknown attribute request.heders',
    ]);
  });

  it('is taken with a warning where it will not do what it says, which is told once', () => {
    const first = puts(manifest, handler, log(chosen), rule());
    expect(plan(empty, first).warnings.map(line)).toEqual([warning]);
    const snapshot = commit(empty, first);
    expect(plan(snapshot, puts(log(literal, 'other'))).warnings).toEqual([]);
    expect(plan(snapshot, puts(log(chosen), rule('log', 's'))).warnings.map(line)).toEqual([]);
    const again = puts(log(chosen.replace('"a"', '"b"')));
    expect(plan(snapshot, again).warnings.map(line)).toEqual([warning.replace('"a"]', '"b"]')]);
  });
});
