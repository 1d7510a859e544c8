import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planCommit, Snapshot, checkDocument, parseDocuments } from '@keelson/core/config';
import type { ProblemError } from '@keelson/core/problems';
import { adapters } from '@keelson/edge/adapters';
import { validateFiles, type Finding, type ValidationOptions, type Verdict } from './validation';

const root = join(__dirname, '..', '..');

function object(kind: string, name: string, spec: string, group = 'networking.istio.io/v1'): string {
  return `apiVersion: ${group}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}
const route = (name: string, to: string, more = ''): string =>
  object('VirtualService', name, `{hosts: [${name}.example.com], ${more}http: [{route: [{destination: ${to}}]}]}`);
const subsets = object('DestinationRule', 'a', '{host: a.example.com, subsets: [{name: v1, labels: {v: "1"}}]}');
const service = object(
  'ServiceEntry',
  'a',
  '{hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC}',
);
const policy = (kind: string, name: string, spec: string): string =>
  object(kind, name, spec, 'config.istio.io/v1alpha2');
const instance = policy('instance', 'path', '{compiledTemplate: listentry, params: {value: request.path}}');
const rule = policy('rule', 'r', '{actions: [{handler: deny, instances: [path]}]}');
const manifest = policy('attributemanifest', 'm', '{attributes: {request.path: {valueType: STRING}}}');
const denier = policy('handler', 'deny', '{compiledAdapter: denier}');

function judge(files: Record<string, string>, options: Partial<ValidationOptions> = {}): Verdict {
  const sources = Object.entries(files).map(([name, text]) => ({ name, text }));
  return validateFiles(sources, { adapters, ...options });
}
const line = (each: Finding): string =>
  [`${each.file}:${each.line ?? ''}`, each.object, each.field, each.message].filter(Boolean).join(': ');
const errorsOf = (files: Record<string, string>, options?: Partial<ValidationOptions>): string[] =>
  judge(files, options).errors.map(line);
const warningsOf = (files: Record<string, string>, options?: Partial<ValidationOptions>): string[] =>
  judge(files, options).warnings.map(line);

describe('S51 files judged without a server', () => {
  it('names file, line, object and field', () => {
    expect(errorsOf({ 'a.yaml': `# one\n${service}---\n${service.replace(/spec.*/, 'spec:\n  hosts: []')}` })).toEqual([
      expect.stringMatching(/^a\.yaml:11: ServiceEntry shop\/a: spec\.hosts: /),
      expect.stringMatching(/^a\.yaml:10: ServiceEntry shop\/a: spec\.resolution: /),
    ]);
  });

  it('tells what is wrong in every file and document, whatever is wrong with the others', () => {
    const told = errorsOf({
      'a.yaml': `a: b: c\n---\nkind: Other\napiVersion: x/v1\nmetadata: {name: a}\n---\n${service}`,
      'b.yaml': route('a', '{hots: a}'),
    });
    expect(told).toEqual([
      expect.stringMatching(/^a\.yaml:1: not YAML/),
      expect.stringMatching(/^a\.yaml:3: x\/v1 Other: unknown kind/),
      expect.stringMatching(/^b\.yaml:4: VirtualService shop\/a: .*destination\.hots: unknown field/),
    ]);
  });

  it('names a line that is there where the text ends too early', () => {
    expect(errorsOf({ 'a.yaml': '\n\na: [1,\n  2\n\n' })).toEqual([expect.stringMatching(/^a\.yaml:4: not YAML/)]);
  });

  it('takes references among the files, in whatever order they come', () => {
    const verdict = judge({
      'a.yaml': route('a', '{host: a.example.com, subset: v1}'),
      'b.yaml': subsets + '---\n' + service,
    });
    expect(verdict).toMatchObject({ objects: 3, errors: [], warnings: [], judgedTogether: true });
  });

  it('takes a wildcard among the files for the hosts that it covers', () => {
    const files = {
      'a.yaml': route('a', '{host: a.example.com}'),
      'b.yaml': service.replace('[a.example.com]', '["*.example.com"]'),
    };
    expect(judge(files)).toMatchObject({ errors: [], warnings: [] });
    expect(warningsOf({ ...files, 'a.yaml': route('a', '{host: a.example.org}') })).toHaveLength(1);
  });

  it('warns of a reference that is not in the files, once an object; where they are all there is, it is an error', () => {
    const files = { 'a.yaml': route('a', '{host: a.example.com, subset: v1}', 'gateways: [edge, edge], ') };
    const gateway = 'a.yaml:4: VirtualService shop/a: spec.gateways[0]: Gateway shop/edge is not in the files';
    const subset = expect.stringContaining('subset v1 of a.example.com in a DestinationRule is not in') as string;
    const host = expect.stringContaining('host a.example.com is not in the files') as string;
    expect(errorsOf(files)).toEqual([]);
    expect(warningsOf(files)).toEqual([gateway, host, subset]);
    // A host may be outside of the mesh: Galley never refuses it.
    expect(warningsOf(files, { strict: true })).toEqual([host]);
    expect(errorsOf(files, { strict: true })).toEqual([gateway, gateway.replace('[0]', '[1]'), subset]);
  });

  it('does not judge references while a document is wrong or a file could not be read', () => {
    const files = {
      'a.yaml': route('a', '{host: a.example.com, subset: v1}'),
      'b.yaml': subsets.replace('host:', 'hots:'),
    };
    expect(judge(files)).toMatchObject({ errors: [{ file: 'b.yaml' }], warnings: [], judgedTogether: false });
    const unreadable = [{ file: 'c.yaml', code: 'malformed' as const, message: 'gone' }];
    expect(judge({ 'a.yaml': files['a.yaml'] }, { unreadable })).toMatchObject({ errors: unreadable, warnings: [] });
  });

  it('refuses an object that is given twice, and says where it was first', () => {
    expect(errorsOf({ 'a.yaml': `\n${service}`, 'b.yaml': service })).toEqual([
      'b.yaml:1: ServiceEntry shop/a: is given more than once; first at a.yaml:2',
    ]);
  });

  it('S43 judges the expressions and names of Mixer with the adapters that there are', () => {
    const set = (changed: string, to: string): Record<string, string> => ({
      'p.yaml': [instance, rule, manifest, denier].join('---\n').replace(changed, to),
    });
    expect(errorsOf(set('denier', 'denyer'))).toEqual([
      expect.stringMatching(/^p\.yaml:19: handler shop\/deny: spec.compiledAdapter: there is no adapter "denyer"/),
    ]);
    expect(errorsOf(set('value: request.path', 'value: request.path ==')).join()).toMatch(
      /spec\.params\.value: .*parse/,
    );
    expect(errorsOf(set('listentry', 'metric'))).toEqual([
      'p.yaml:9: rule shop/r: spec.actions[0].instances[0]: handler shop/deny is a denier, which takes no metric',
    ]);
    expect(errorsOf(set('', ''))).toEqual([]);
  });

  it('S43 warns of an attribute, a handler or an instance that may be declared elsewhere', () => {
    const checknothing = instance.replace(/spec.*/, 'spec: {compiledTemplate: checknothing}');
    const matching = rule.replace('spec: {', 'spec: {match: request.path == "x", ');
    const files = { 'p.yaml': matching, 'q.yaml': checknothing };
    expect(errorsOf(files)).toEqual([]);
    expect(warningsOf(files)).toEqual([
      expect.stringContaining(
        'unknown attribute request.path; no attributemanifest in the files declares it',
      ) as string,
    ]);
    expect(errorsOf(files, { strict: true }).join()).toMatch(/unknown attribute request\.path$/);
    expect(warningsOf({ ...files, 'm.yaml': manifest })).toEqual([
      expect.stringMatching(
        /p\.yaml:4: rule shop\/r: spec\.actions\[0\]\.handler: handler shop\/deny is not in the files/,
      ),
    ]);
    expect(judge({ ...files, 'm.yaml': manifest, 'h.yaml': denier })).toMatchObject({ errors: [], warnings: [] });
  });

  it('S43 warns of headers that no Envoy will tell', () => {
    const log = '{compiledTemplate: logentry, params: {variables: {a: request.headers}}}';
    const files = [
      policy('instance', 'path', log),
      rule,
      manifest.replace('request.path: {valueType: STRING}', 'request.headers: {valueType: STRING_MAP}'),
      denier.replace('denier', 'stdio'),
    ];
    expect(judge({ 'p.yaml': files.join('---\n') }, { strict: true })).toMatchObject({
      errors: [],
      warnings: [{ file: 'p.yaml', line: 4, object: 'instance shop/path', field: 'spec.params.variables.a' }],
    });
  });

  it('reads names as the mesh has them', () => {
    const files = { 'm.yaml': 'apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: {name: default}\n' };
    const twice = { ...files, 'n.yaml': files['m.yaml'].replace('{name', '{namespace: root, name') };
    expect(errorsOf(twice)).toEqual([expect.stringContaining('live in its root namespace, istio-system')]);
    const scope = { domainSuffix: 'example.org', rootNamespace: 'root' };
    expect(errorsOf(twice, { scope })).toEqual([
      expect.stringContaining('MeshConfig root/default: is given more than once'),
    ]);
    expect(warningsOf({ 'r.yaml': route('a', '{host: b}') }, { scope }).join()).toContain(
      'host b.shop.svc.example.org',
    );
  });

  it('gives up after so many errors, and says so', () => {
    const verdict = judge({ 'a.yaml': '---\na: b: [\n'.repeat(50) }, { mostErrors: 10 });
    expect(verdict.errors).toHaveLength(10);
    expect(verdict.cutShort).toBe(true);
    expect(judge({ 'a.yaml': '---\na: b: [\n'.repeat(10) }, { mostErrors: 10 })).toMatchObject({ cutShort: false });
  });

  it('gives up among the objects of a list too', () => {
    const list = (items: number): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: Array.from({ length: items }, () => ({ kind: 'Other' })),
      });
    const whole = judge({ 'a.json': list(10) }, { mostErrors: 10 });
    expect(whole).toMatchObject({ cutShort: false });
    const verdict = judge({ 'a.json': list(50), 'b.yaml': service }, { mostErrors: whole.errors.length });
    expect(verdict).toMatchObject({ objects: 0, cutShort: true, errors: whole.errors });
  });

  it.each([
    ['nothing', ''],
    ['comments alone', '# a\n---\n# b\n'],
    ['deep nesting', `a: ${'['.repeat(50_000)}`],
    ['no YAML', '\u0000\u0001'],
    ['documents that are no objects', '1\n---\n- a\n---\nnull\n---\n"x"\n'],
    ['a list of nothing', 'kind: List\nitems: [1, null, {}]\n'],
    ['a prototype', '__proto__: {a: 1}\n'],
  ])('lives on %s', (_, text) => {
    expect(judge({ 'a.yaml': text, 'b.yaml': service })).toMatchObject({ objects: 1 });
  });

  it.each([
    ['the samples', readFileSync(join(root, 'samples/bookinfo/config/metrics.yaml'), 'utf8')],
    ['one object of each kind', readFileSync(join(root, 'libs/core/config/testdata/valid.yaml'), 'utf8')],
    [
      'routes to nothing',
      [route('a', '{host: x, subset: v1}', 'gateways: [edge], '), route('b', '{host: y}')].join('---\n'),
    ],
    ['broken policies', [instance, rule, denier.replace('denier', 'none')].join('---\n')],
    ['a whole policy', [instance, rule, denier, manifest].join('---\n')],
  ])('says of %s in an empty mesh what Galley would', (_, text) => {
    const put = parseDocuments(text).map((document) => ({
      op: 'put' as const,
      object: checkDocument(document, { namespace: 'default' }).object,
    }));
    const galley = (): string[] => {
      try {
        planCommit(Snapshot.empty('e'), put, 'api', adapters);
        return [];
      } catch (error) {
        return (error as ProblemError).problems.map(({ object: named, field }) => `${named ?? ''} ${field ?? ''}`);
      }
    };
    const ours = judge({ 'a.yaml': text }, { strict: true }).errors;
    const told = ours.map(({ object: named, field }) => `${named ?? ''} ${field ?? ''}`);
    // Galley judges policies only when no reference is missing.
    expect(told.slice(0, galley().length)).toEqual(galley());
    expect(told.length > 0).toBe(galley().length > 0);
  });
});
