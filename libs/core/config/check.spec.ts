import { ProblemError, type Problem } from '@keelson/core/problems';
import { checkDocument, checkObject, parseDocuments, type CheckedObject } from '.';

function check(yaml: string): CheckedObject {
  const [document] = parseDocuments(yaml);
  return checkDocument(document!, { namespace: 'default' });
}

function problems(yaml: string): Problem[] {
  try {
    check(yaml);
  } catch (error) {
    if (error instanceof ProblemError) return [...error.problems];
    throw error;
  }
  return [];
}

const virtualService = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: reviews}\nspec:\n${spec.replace(/^(?=.)/gm, '  ')}`;

describe('M6 a bad object is refused with its field', () => {
  it('takes an object, completes its namespace and decodes it', () => {
    const { object, typed, warnings } = check(
      virtualService('hosts: [reviews]\nhttp:\n- timeout: 1m30s\n  route:\n  - destination: {host: reviews}'),
    );
    expect(object.metadata).toEqual({ name: 'reviews', namespace: 'default' });
    expect(typed).toMatchObject({
      kind: 'VirtualService',
      namespace: 'default',
      name: 'reviews',
      revision: '',
      created: 0,
    });
    expect(typed.spec).toMatchObject({ hosts: ['reviews'], http: [{ timeout: { seconds: 90 } }] });
    expect(warnings).toEqual([]);
  });

  it('names object, field and line of a field that is not known, and what was meant', () => {
    expect(
      problems(virtualService('hosts: [reviews]\nhttp:\n- timout: 1s\n  route:\n  - destination: {host: reviews}')),
    ).toEqual([
      {
        code: 'unknown-field',
        message: 'unknown field "timout", did you mean timeout?',
        object: 'VirtualService default/reviews',
        field: 'spec.http[0].timout',
        line: 7,
      },
    ]);
  });

  it.each([
    ['wrong type', 'hosts: reviews', 'spec.hosts', 'must be a list, not "reviews"'],
    ['wrong type inside', 'hosts: [1]', 'spec.hosts[0]', 'must be a string, not 1'],
    ['null in a list', 'hosts: [null]', 'spec.hosts[0]', 'must be a string, not null'],
    ['fraction', 'http: [{route: [{weight: 1.5}]}]', 'spec.http[0].route[0].weight', 'must be a whole number, not 1.5'],
    [
      'out of range',
      'http: [{route: [{weight: 4294967296}]}]',
      'spec.http[0].route[0].weight',
      'must be <= 2147483647, not 4294967296',
    ],
    [
      'duration',
      'http: [{timeout: soon}]',
      'spec.http[0].timeout',
      'must be a duration such as "10s" or "1m30s", not "soon"',
    ],
    [
      'number as duration',
      'http: [{timeout: 5}]',
      'spec.http[0].timeout',
      'must be a duration such as "10s" or "1m30s", not 5',
    ],
    [
      'both of a oneof',
      'http: [{match: [{uri: {exact: /a, prefix: /b}}]}]',
      'spec.http[0].match[0].uri',
      'has exact and prefix, of which only one is allowed',
    ],
    [
      'enumeration',
      'http: [{redirect: {derivePort: FROM_REQUEST}}]',
      'spec.http[0].redirect.derivePort',
      'must be one of FROM_PROTOCOL_DEFAULT, FROM_REQUEST_PORT, not "FROM_REQUEST"',
    ],
    ['snake case', 'export_to: ["*"]', 'spec.export_to', 'unknown field "export_to", did you mean exportTo?'],
    [
      'header name with dots',
      'http: [{match: [{headers: {"x.y": 5}}]}]',
      'spec.http[0].match[0].headers["x.y"]',
      'must be an object, not 5',
    ],
  ])('schema: %s', (_, spec, field, message) => {
    expect(problems(virtualService(spec))).toEqual(
      expect.arrayContaining([expect.objectContaining({ field, message, object: 'VirtualService default/reviews' })]),
    );
  });

  it('tells every error of the schema at once', () => {
    expect(problems(virtualService('hosts: 1\ngateways: 2\nhttp: 3')).map(({ field }) => field)).toEqual([
      'spec.hosts',
      'spec.gateways',
      'spec.http',
    ]);
  });

  it('tells the first error only of an input that is full of them', () => {
    expect(problems(virtualService(`hosts: [${'1,'.repeat(5_000)}]`))).toHaveLength(1);
  });

  it('takes null for a field that is not there', () => {
    expect(
      check(virtualService('hosts: [a.b]\ngateways:\nhttp: [{redirect: {uri: /x}, route: null}]')).object.spec,
    ).toEqual({
      hosts: ['a.b'],
      http: [{ redirect: { uri: '/x' } }],
    });
  });

  it.each([
    ['not an object', 'just text', 'malformed', undefined],
    ['no kind', 'apiVersion: v1', 'malformed', 'kind'],
    [
      'unknown kind',
      'apiVersion: networking.istio.io/v1\nkind: VirtualServce\nmetadata: {name: a}',
      'unknown-kind',
      undefined,
    ],
    ['unknown group', 'apiVersion: v1\nkind: Gateway\nmetadata: {name: a}', 'unknown-kind', undefined],
    [
      'unknown version',
      'apiVersion: networking.istio.io/v2\nkind: Gateway\nmetadata: {name: a}',
      'unknown-kind',
      undefined,
    ],
    ['no metadata', 'apiVersion: networking.istio.io/v1\nkind: Gateway', 'malformed', 'metadata'],
    ['no name', 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {}', 'invalid-value', 'metadata.name'],
    [
      'bad name',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: A_b}',
      'invalid-value',
      'metadata.name',
    ],
    [
      'bad namespace',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, namespace: a.b}',
      'invalid-value',
      'metadata.namespace',
    ],
    [
      'namespace that is no string',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, namespace: 5}',
      'invalid-value',
      'metadata.namespace',
    ],
    [
      'bad label',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, labels: {app: "a b"}}',
      'invalid-value',
      'metadata.labels.app',
    ],
    [
      'label that is no string',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, labels: {v: 1}}',
      'invalid-value',
      'metadata.labels.v',
    ],
    [
      'unknown metadata',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, lables: {}}',
      'unknown-field',
      'metadata.lables',
    ],
    [
      'owner of Kubernetes',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a, ownerReferences: []}',
      'not-supported',
      'metadata.ownerReferences',
    ],
    [
      'field beside spec',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nhosts: []',
      'unknown-field',
      'hosts',
    ],
    [
      'spec that is a list',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nspec: []',
      'invalid-value',
      'spec',
    ],
  ])('envelope: %s', (_, yaml, code, field) => {
    expect(problems(yaml)).toEqual(
      expect.arrayContaining([expect.objectContaining({ code, ...(field ? { field } : {}) })]),
    );
  });

  it('drops what servers add, so that what was got can be applied', () => {
    const { object } = check(`
apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata:
  name: default
  namespace: istio-system
  uid: 7d0f
  resourceVersion: "812"
  generation: 2
  creationTimestamp: "2026-01-01T00:00:00Z"
  managedFields: [{manager: kubectl}]
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    team: edge
spec: {mtls: {mode: STRICT}}
status: {conditions: []}
`);
    expect(object).toEqual({
      apiVersion: 'security.istio.io/v1beta1',
      kind: 'PeerAuthentication',
      metadata: { name: 'default', namespace: 'istio-system', annotations: { team: 'edge' } },
      spec: { mtls: { mode: 'STRICT' } },
    });
  });

  it('puts the settings of the mesh into its root namespace', () => {
    const yaml =
      'apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: {name: default}\nspec: {trustDomain: a.b}';
    expect(check(yaml).object.metadata.namespace).toBe('istio-system');
    expect(problems(yaml.replace('name: default', 'name: other'))).toMatchObject([{ field: 'metadata.name' }]);
    expect(problems(yaml.replace('name: default', 'name: default, namespace: default'))).toMatchObject([
      { field: 'metadata.namespace' },
    ]);
  });

  it('refuses what is no JSON without a document around it', () => {
    expect(() =>
      checkObject(
        { apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata: { name: 'a' }, spec: { egress: () => 1 } },
        { namespace: 'a' },
      ),
    ).toThrow(ProblemError);
    const polluted: unknown = JSON.parse(
      '{"apiVersion":"networking.istio.io/v1","kind":"Sidecar","metadata":{"name":"a"},"spec":{"__proto__":{"a":1}}}',
    );
    expect(() => checkObject(polluted, { namespace: 'a' })).toThrow(/__proto__/);
  });
});
