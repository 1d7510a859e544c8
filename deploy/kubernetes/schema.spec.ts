import Ajv from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { objects, workloads, type KubernetesObject } from '../testing/manifests';

interface Schemas {
  release: string;
  kinds: Record<string, string>;
  definitions: Record<string, object>;
}

const { release, kinds, definitions } = JSON.parse(
  readFileSync(join(__dirname, '..', 'testing', 'testdata', 'kubernetes.json'), 'utf8'),
) as Schemas;
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema({ $id: 'kubernetes', definitions });

/** What is wrong with an object, each with its path. */
function problemsOf(object: KubernetesObject): string[] {
  const definition = kinds[`${object.apiVersion} ${object.kind}`];
  if (definition === undefined) return [`the schema has no ${object.apiVersion} ${object.kind}`];
  const validate = ajv.getSchema(`kubernetes#/definitions/${definition}`);
  if (validate === undefined) throw new Error(`no schema ${definition}`);
  if (validate(object) === true) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}

describe(`the manifests by the schema of Kubernetes ${release}`, () => {
  it.each(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const))(
    '%s is valid',
    (_, object) => {
      expect(problemsOf(object)).toEqual([]);
    },
  );

  it('every object is named once', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect([...new Set(names)]).toEqual(names);
  });

  it('a field that nobody knows, and a value of another type, would be refused', () => {
    const [workload] = workloads;
    const changed = structuredClone(workload) as unknown as { spec: Record<string, unknown> } & KubernetesObject;
    changed.spec.replica = 2;
    changed.spec.replicas = '2';
    expect(problemsOf(changed)).toEqual([
      expect.stringContaining('"additionalProperty":"replica"'),
      expect.stringMatching(/^\/spec\/replicas must be integer/),
    ]);
  });
});
