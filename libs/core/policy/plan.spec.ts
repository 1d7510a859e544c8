import { compilePolicy, demandOf, type PolicyDemand } from '.';
import { Evaluation } from './expression-table';
import { adapters, bagOf, manifest, objectsOf, planOf } from './testing/trial-policy';

const handler = (name: string, adapter: string, params = '{}', namespace = 'istio-system'): string =>
  `kind: handler\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {compiledAdapter: ${adapter}, params: ${params}}`;
const instance = (name: string, template: string, params: string, namespace = 'istio-system'): string =>
  `kind: instance\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {compiledTemplate: ${template}, params: ${params}}`;
const rule = (name: string, spec: string, namespace = 'istio-system'): string =>
  `kind: rule\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}`;
const yaml = (...documents: string[]): string => documents.join('\n---\n');

const judge = handler('judge', 'judge');
const nothing = instance('nothing', 'checknothing', '{}');

function problemsOf(...documents: string[]): string[] {
  return planOf(yaml(...documents)).problems.map(
    ({ object = '', field = '', message }) => `${object}: ${field}: ${message}`,
  );
}

describe('S44 a configuration is compiled', () => {
  it('finds what rules name, by each form of a name, and the old kinds too', () => {
    const plan = planOf(
      yaml(
        judge,
        handler('other', 'judge', '{}', 'shop'),
        'kind: judge\nmetadata: {name: old}\nspec: {text: mine}',
        nothing,
        'kind: checknothing\nmetadata: {name: plain, namespace: shop}',
        instance('far', 'checknothing', '{}', 'shop'),
        rule('a', '{actions: [{handler: judge, instances: [nothing, nothing.instance]}]}'),
        rule('b', '{actions: [{handler: judge.istio-system, instances: [plain.checknothing, far.shop]}]}', 'shop'),
        rule('c', '{actions: [{handler: old.judge, instances: [nothing, far.instance.shop]}]}'),
        rule('d', '{actions: [{handler: other.handler.shop, instances: [plain.checknothing.shop]}]}'),
      ),
    );
    const used = Object.fromEntries([...plan.handlers].map(([name, { instances }]) => [name, [...instances.keys()]]));
    expect(used).toEqual({
      'judge.istio-system': ['nothing.instance.istio-system', 'plain.checknothing.shop', 'far.instance.shop'],
      'old.judge.istio-system': ['nothing.instance.istio-system', 'far.instance.shop'],
      'other.shop': ['plain.checknothing.shop'],
    });
    expect(plan.handlers.get('old.judge.istio-system')?.settings).toEqual({ text: 'mine', maxAmount: 1 });
    expect(plan.problems.map(({ message }) => message)).toEqual(['nothing.instance is in the action more than once']);
  });

  it('keeps what is good beside what is wrong, and names object and field', () => {
    const good = rule('good', '{actions: [{handler: judge, instances: [nothing]}]}');
    const plan = planOf(
      yaml(
        judge,
        nothing,
        good,
        handler('bad', 'judge', '{maxAmount: many, textt: x}'),
        handler('none', 'no-such'),
        instance('typo', 'listentry', '{value: request.pth}'),
        instance('wrong', 'logentry', '{severity: request.size, variables: {a: 5}, timestmp: request.path}'),
        instance('shape', 'no-such', '{}'),
        rule('a', '{match: request.path, actions: [{handler: judge, instances: [nothing]}]}'),
        rule('b', '{match: request.path ==, actions: [{handler: judge, instances: [nothing]}]}'),
        rule(
          'c',
          '{actions: [{handler: bad, instances: [nothing]}, {handler: judge, instances: [typo, missing, nothing]}]}',
        ),
        rule('d', '{actions: [{handler: missing, instances: [nothing]}]}'),
        rule('e', '{actions: [{handler: judge}]}'),
        'kind: zipkin\nmetadata: {name: z}',
      ),
    );
    expect(plan.problems.map(({ object = '', field = '', message }) => `${object} ${field}: ${message}`)).toEqual([
      'handler istio-system/bad spec.params.textt: unknown field "textt", did you mean text?',
      'handler istio-system/bad spec.params.maxAmount: must be a whole number, not "many"',
      'handler istio-system/none spec.compiledAdapter: there is no adapter "no-such"; known here: judge, meter, writer',
      'instance istio-system/shape spec.compiledTemplate: there is no template "no-such"',
      'instance istio-system/typo spec.params.value: request.pth: unknown attribute request.pth',
      'instance istio-system/wrong spec.params.severity: must be an expression of type STRING, and is of type INT64',
      'instance istio-system/wrong spec.params.variables.a: must be an expression, written as a text: "5"',
      'instance istio-system/wrong spec.params.timestmp: unknown field "timestmp", did you mean timestamp?',
      'zipkin istio-system/z : an adapter or template zipkin is not supported yet',
      'rule istio-system/a spec.match: must be an expression of type BOOL, and is of type STRING',
      expect.stringMatching(/^rule istio-system\/b spec.match: request.path ==: /) as string,
      'rule istio-system/c spec.actions[0].handler: handler istio-system/bad cannot be used',
      'rule istio-system/c spec.actions[1].instances[0]: instance istio-system/typo cannot be used',
      'rule istio-system/c spec.actions[1].instances[1]: instance istio-system/missing does not exist',
      'rule istio-system/d spec.actions[0].handler: handler istio-system/missing does not exist',
      'rule istio-system/e spec.actions[0].instances: names no instance',
    ]);
    expect(plan.rules.map(({ title }) => title)).toEqual(['rule istio-system/c', 'rule istio-system/good']);
  });

  it('refuses an instance for an adapter that does not take its template', () => {
    expect(
      problemsOf(judge, instance('q', 'quota', '{}'), rule('r', '{actions: [{handler: judge, instances: [q]}]}')),
    ).toEqual([
      'rule istio-system/r: spec.actions[0].instances[0]: handler istio-system/judge is a judge, which takes no quota',
    ]);
  });

  it('takes names with underscores for those of templates and settings, and leaves names of values as they are', () => {
    const plan = planOf(
      yaml(
        handler('writer', 'writer', '{max_amount: 7}'),
        instance('m', 'metric', `{value: '1', monitored_resource_type: '"x"', dimensions: {a_b: request.path}}`),
        rule('r', '{actions: [{handler: writer, instances: [m]}]}'),
      ),
    );
    expect(plan.problems).toEqual([]);
    const { settings, instances } = plan.handlers.get('writer.istio-system')!;
    expect(settings).toMatchObject({ maxAmount: 7 });
    expect(instances.get('m.instance.istio-system')!.types).toEqual({
      value: 'INT64',
      monitoredResourceType: 'STRING',
      dimensions: { a_b: 'STRING' },
    });
  });

  it('S43 tells manifests that contradict each other, and goes on with the first', () => {
    const other = {
      kind: 'attributemanifest',
      namespace: 'shop',
      name: 'm',
      spec: { attributes: { 'request.path': { valueType: 2 }, 'shop.item': { valueType: 1 } } },
    };
    const plan = compilePolicy([other, manifest], adapters, 'istio-system');
    expect(plan.vocabulary.typeOf('request.path')).toBe('STRING');
    expect(plan.vocabulary.typeOf('shop.item')).toBe('STRING');
    expect(plan.problems).toEqual([
      {
        code: 'duplicate',
        message: 'is INT64 here and STRING in attributemanifest istio-system/all, which counts',
        object: 'attributemanifest shop/m',
        field: 'spec.attributes["request.path"]',
      },
    ]);
  });

  it('evaluates an expression that many instances share once', () => {
    const shared = 'request.path | "unknown"';
    const plan = planOf(
      yaml(
        instance('a', 'metric', `{value: '1', dimensions: {x: '${shared}'}}`),
        instance('b', 'metric', `{value: '1', dimensions: {y: '(request.path) | "unknown"', z: '${shared}'}}`),
      ),
    );
    expect(plan.table.expressions.map(({ text }) => text)).toEqual(['1', shared]);
  });

  it('gives a namespace the rules of the root namespace and its own', () => {
    const plan = planOf(
      yaml(
        judge,
        nothing,
        rule('root', '{actions: [{handler: judge, instances: [nothing]}]}'),
        rule('own', '{actions: [{handler: judge.istio-system, instances: [nothing.istio-system]}]}', 'shop'),
      ),
    );
    const titles = (namespace: string): string[] =>
      plan
        .rulesOf(namespace)
        .check.all()
        .map(({ title }) => title);
    expect(titles('shop')).toEqual(['rule istio-system/root', 'rule shop/own']);
    expect(titles('bank')).toEqual(['rule istio-system/root']);
    const of = (values: Record<string, string>): string => plan.namespaceOf(bagOf(plan, values));
    const both = { 'source.namespace': 'a', 'destination.namespace': 'b' };
    expect([
      of(both),
      of({ ...both, 'context.reporter.kind': 'inbound' }),
      of({ ...both, 'context.reporter.kind': 'outbound' }),
      of({}),
    ]).toEqual(['b', 'b', 'a', '']);
  });
  it('knows the canonical form of an expression from one that is written', () => {
    expect(
      problemsOf(
        judge,
        nothing,
        rule('a', `{match: 'request.path == "x"', actions: [{handler: judge, instances: [nothing]}]}`),
        rule('b', `{match: '=EQ($request.path, "x")', actions: [{handler: judge, instances: [nothing]}]}`),
      ),
    ).toEqual([expect.stringMatching(/^rule istio-system\/b: spec.match: =EQ/) as string]);
  });

  it('tells of a field that is given under both of its names', () => {
    expect(
      problemsOf(
        handler('twice', 'judge', '{maxAmount: 1, max_amount: 2}'),
        handler('null', 'judge', '{maxAmount: null, max_amount: 2}'),
        instance('twice', 'metric', `{value: '1', monitored_resource_type: '"a"', monitoredResourceType: '"b"'}`),
        instance('null', 'metric', `{value: '1', monitored_resource_type: '"a"', monitoredResourceType: null}`),
        instance('names', 'metric', `{value: '1', dimensions: {a_b: '"a"', aB: '"b"'}}`),
      ),
    ).toEqual([
      'handler istio-system/twice: spec.params.max_amount: is the same field as maxAmount, which is there too',
      'instance istio-system/twice: spec.params.monitoredResourceType: is the same field as monitored_resource_type, which is there too',
    ]);
  });

  it('takes any name of a dimension', () => {
    const [written] = objectsOf(instance('m', 'metric', `{value: '1', dimensions: {a: request.path}}`));
    (written!.spec as { params: object }).params = JSON.parse(
      '{"value": "1", "dimensions": {"__proto__": "request.path", "constructor": "2", "a": "3"}}',
    ) as object;
    const objects = objectsOf(
      yaml(handler('writer', 'writer'), rule('r', '{actions: [{handler: writer, instances: [m]}]}')),
    );
    const plan = compilePolicy([manifest, written!, ...objects], adapters, 'istio-system');
    expect(plan.problems).toEqual([]);
    const made = plan.handlers.get('writer.istio-system')!.instances.get('m.instance.istio-system')!;
    expect(JSON.stringify(made.types['dimensions'])).toBe('{"__proto__":"STRING","constructor":"INT64","a":"INT64"}');
    const { values } = made.make(new Evaluation(plan.table, bagOf(plan, { 'request.path': '/a' })))!;
    expect(JSON.stringify(values)).toBe('{"value":1,"dimensions":{"__proto__":"/a","constructor":2,"a":3}}');
  });

  it('tells of a hundred problems of an object, and that there are more', () => {
    const params = JSON.stringify(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, 1])));
    for (const bad of [handler('o', 'judge', '{}'), instance('o', 'metric', '{}'), instance('p', 'quota', '{}')]) {
      const [object] = objectsOf(bad);
      const all = JSON.parse(params) as object;
      (object!.spec as { params: object }).params = object!.name === 'p' ? { dimensions: all } : all;
      const { problems } = compilePolicy([manifest, object!], adapters, 'istio-system');
      expect(problems).toHaveLength(101);
      expect(problems[100]).toMatchObject({ field: 'spec.params', message: 'more than these 100 problems' });
    }
  });

  describe('S42 headers that reports read', () => {
    const demand = (...documents: string[]): PolicyDemand & { warnings: string[] } => {
      const plan = planOf(yaml(handler('writer', 'writer'), judge, ...documents));
      expect(plan.problems).toEqual([]);
      const warnings = plan.warnings.map(({ object = '', field = '', message }) => `${object}: ${field}: ${message}`);
      return { ...demandOf(plan, 'istio-system', () => 'unknown'), warnings };
    };
    const log = (variables: string): string => instance('log', 'logentry', `{variables: ${variables}}`);
    const logs = rule('logs', '{actions: [{handler: writer, instances: [log]}]}');

    it('under literal keys, in instances and in the match, are known', () => {
      const match = `(request.headers["X-Match"] | "") != "a" && (response.headers["x-b"] | "") == ""`;
      expect(
        demand(
          log(`{a: 'request.headers["x-b"] | "-"', b: 'request.headers["X-B"] | "" ', c: 'request.path | ""'}`),
          rule('logs', `{match: '${match}', actions: [{handler: writer, instances: [log]}]}`),
        ),
      ).toEqual({
        checks: false,
        reports: true,
        requestHeaders: ['x-b', 'x-match'],
        responseHeaders: ['x-b'],
        warnings: [],
      });
    });

    it('in another way are told of: no Envoy is asked for them', () => {
      const only = (map: string): string => `only literal keys of ${map} reach the reports of Envoys`;
      const { requestHeaders, warnings } = demand(
        log(`{a: 'request.headers[request.path] | ""', b: request.headers, c: 'request.headers["x"] | ""'}`),
        rule(
          'logs',
          `{match: 'response.headers[request.path] == "a"', actions: [{handler: writer, instances: [log]}]}`,
        ),
      );
      expect(requestHeaders).toEqual(['x']);
      expect(warnings).toEqual([
        `instance istio-system/log: spec.params.variables.a: request.headers[request.path] | "": ${only('request.headers')}`,
        `instance istio-system/log: spec.params.variables.b: request.headers: ${only('request.headers')}`,
        `rule istio-system/logs: spec.match: response.headers[request.path] == "a": ${only('response.headers')}`,
      ]);
    });

    it('are no matter of checks, which get them all, nor of other maps', () => {
      expect(
        demand(
          instance('header', 'listentry', '{value: "request.headers[request.path]"}'),
          log('{a: source.labels}'),
          logs,
          rule(
            'checks',
            `{match: 'request.headers[request.path] == "a"', actions: [{handler: judge, instances: [header]}]}`,
          ),
        ).warnings,
      ).toEqual([]);
    });
  });

  it('S40 a request of a namespace is matched by the rules of the root namespace, then by its own', () => {
    const plan = planOf(
      yaml(
        judge,
        nothing,
        ...['z', 'y'].map((name) => rule(name, '{actions: [{handler: judge, instances: [nothing]}]}')),
        rule('x', `{match: 'request.path == "/x"', actions: [{handler: judge, instances: [nothing]}]}`),
        rule('w', `{match: 'request.size > 1', actions: [{handler: judge, instances: [nothing]}]}`),
        ...['a', 'b'].map((name) =>
          rule(
            name,
            `{match: 'request.path == "/x" && request.size > 1', actions: [{handler: judge.istio-system, instances: [nothing.istio-system]}]}`,
            'shop',
          ),
        ),
      ),
    );
    expect(plan.problems).toEqual([]);
    const told: string[] = [];
    const matching = (namespace: string, values: Record<string, string | number>): string[] =>
      plan
        .rulesOf(namespace)
        .check.matching(new Evaluation(plan.table, bagOf(plan, values)), (title) => told.push(title))
        .map(({ title }) => title);
    const root = ['rule istio-system/x', 'rule istio-system/y', 'rule istio-system/z'];
    expect(matching('shop', { 'request.path': '/x' })).toEqual(root);
    expect(told).toEqual(['rule istio-system/w', 'rule shop/a', 'rule shop/b']);
    expect(matching('shop', { 'request.path': '/x', 'request.size': 2 })).toEqual([
      'rule istio-system/w',
      ...root,
      'rule shop/a',
      'rule shop/b',
    ]);
    expect(matching('bank', { 'request.path': '/x' })).toEqual(root);
    expect(matching('shop', { 'request.path': '/y', 'request.size': 0 })).toEqual(root.slice(1));
  });
});
