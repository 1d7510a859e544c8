import type { Findings } from './findings';
import { isRecord } from './json-value';
import type { ConfigObject } from './object';
import { isQualifiedName, checkLabels } from './rules/labels';
import { checkNamespace, isDnsSubdomain } from './rules/names';
import { childPath, nearest } from '@keelson/core/problems';

/** What servers write and users pass on without meaning anything by it. */
const ofServers = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid'];
const ofKubernetes = [
  'finalizers',
  'generateName',
  'ownerReferences',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
];
const known = ['name', 'namespace', 'labels', 'annotations'];
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const mostAnnotations = 256 * 1024;

/** Checks an object's metadata, and takes out what servers had added. */
export function checkMetadata(object: ConfigObject, findings: Findings): void {
  const metadata = object.metadata as unknown as Record<string, unknown>;
  for (const key of Object.keys(metadata)) {
    if (known.includes(key)) continue;
    if (ofServers.includes(key)) Reflect.deleteProperty(metadata, key);
    else if (ofKubernetes.includes(key)) findings.unsupported(`metadata.${key}`);
    else {
      const near = nearest(key, known);
      findings.add(
        childPath('metadata', key),
        `unknown field${near ? `, did you mean ${near}?` : ''}`,
        'unknown-field',
      );
    }
  }
  const { name, namespace } = object.metadata;
  if (name === '') findings.add('metadata.name', 'a name is required, as a string');
  else if (!isDnsSubdomain(name))
    findings.add(
      'metadata.name',
      `${JSON.stringify(name)} is not a name: lower case letters, digits, dashes and dots, 253 at most`,
    );
  checkNamespace(findings, 'metadata.namespace', namespace);
  if (checkTexts(findings, 'metadata.labels', metadata['labels']))
    checkLabels(findings, 'metadata.labels', object.metadata.labels);
  if (checkTexts(findings, 'metadata.annotations', metadata['annotations'])) checkAnnotations(findings, object);
}

function checkTexts(findings: Findings, field: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (!isRecord(value)) {
    findings.add(field, 'must be an object');
    return false;
  }
  const wrong = Object.keys(value).filter((key) => typeof value[key] !== 'string');
  for (const key of wrong)
    findings.add(childPath(field, key), `must be a string, not ${JSON.stringify(value[key]).slice(0, 60)}`);
  return wrong.length === 0;
}

function checkAnnotations(findings: Findings, { metadata }: ConfigObject): void {
  const annotations = metadata.annotations ?? {};
  // kubectl's copy of what was applied; it would repeat in every commit what the commit holds.
  Reflect.deleteProperty(annotations, lastApplied);
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!isQualifiedName(key))
      findings.add(childPath('metadata.annotations', key), `${JSON.stringify(key)} is not an annotation's key`);
    size += key.length + value.length;
  }
  if (size > mostAnnotations)
    findings.add('metadata.annotations', 'must not be larger than 256 KiB together', 'too-large');
}
