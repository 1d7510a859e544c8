// Makes testdata/kubernetes.json, by which the manifests are checked: the kinds that they use and nothing else, from the file
// api/openapi-spec/swagger.json in the source of a Kubernetes release.
//   node deploy/testing/kubernetes-schema.mjs <swagger.json> <release, as in 1.34.4>
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const kinds = [
  'v1 Namespace',
  'v1 PersistentVolumeClaim',
  'v1 Service',
  'v1 ServiceAccount',
  'apps/v1 Deployment',
  'apps/v1 StatefulSet',
  'networking.k8s.io/v1 NetworkPolicy',
  'policy/v1 PodDisruptionBudget',
];

const [file, release] = process.argv.slice(2);
if (file === undefined || !/^\d+\.\d+\.\d+$/.test(release ?? '')) {
  console.error('usage: node deploy/testing/kubernetes-schema.mjs <swagger.json> <release, as in 1.34.4>');
  process.exit(2);
}
const { definitions: source } = JSON.parse(readFileSync(file, 'utf8'));
const definitions = {};

/** A definition as JSON schema: only what constrains, and no field that is not named. */
function schemaOf(value) {
  if (Array.isArray(value)) return value;
  const { type, properties, additionalProperties, items, required, enum: values, $ref } = value;
  if ($ref !== undefined) {
    need($ref.split('/').at(-1));
    return { $ref };
  }
  if (value['x-kubernetes-int-or-string'] === true || value.format === 'int-or-string')
    return { type: ['integer', 'string'] };
  const schema = { type };
  if (values !== undefined) schema.enum = values;
  if (required !== undefined) schema.required = required;
  if (items !== undefined) schema.items = schemaOf(items);
  if (properties !== undefined) {
    schema.properties = {};
    for (const [name, property] of Object.entries(properties)) schema.properties[name] = schemaOf(property);
    schema.additionalProperties = false;
  } else if (additionalProperties !== undefined) schema.additionalProperties = schemaOf(additionalProperties);
  return schema;
}

function need(name) {
  if (definitions[name] !== undefined) return;
  definitions[name] = {};
  definitions[name] = schemaOf(source[name]);
}

const roots = {};
for (const kind of kinds) {
  const found = Object.entries(source).find(([, definition]) =>
    definition['x-kubernetes-group-version-kind']?.some(
      (id) => kind === `${id.group === '' ? '' : `${id.group}/`}${id.version} ${id.kind}`,
    ),
  );
  if (found === undefined) throw new Error(`${file} knows no ${kind}`);
  const [name, { properties, ...definition }] = found;
  // Nobody applies a status.
  const { status: _, ...applied } = properties;
  definitions[name] = schemaOf({ ...definition, properties: applied });
  roots[kind] = name;
}

// A definition a line, so that a newer release shows as what it changes.
const lines = Object.keys(definitions)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(definitions[name])}`);
writeFileSync(
  join(import.meta.dirname, 'testdata', 'kubernetes.json'),
  `{"release":${JSON.stringify(release)},\n"kinds":${JSON.stringify(roots)},\n"definitions":{\n${lines.join(',\n')}\n}}\n`,
);
