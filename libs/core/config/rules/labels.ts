import type { Findings } from '../findings';
import { childPath } from '@keelson/core/problems';
import { isDnsSubdomain } from './names';

const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** A label's or annotation's key: a name, with a DNS prefix and a slash before it if wanted. */
export function isQualifiedName(key: string): boolean {
  const slash = key.lastIndexOf('/');
  return name.test(key.slice(slash + 1)) && (slash < 0 || isDnsSubdomain(key.slice(0, slash).toLowerCase()));
}

export function checkLabels(
  findings: Findings,
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isQualifiedName(key)) findings.add(childPath(field, key), `${JSON.stringify(key)} is not a label's key`);
    if (value !== '' && !name.test(value))
      findings.add(childPath(field, key), `${JSON.stringify(value)} is not a label's value`);
  }
}

/** What selects workloads: labels without wildcards. `field` is the path of the labels. */
export function checkSelector(
  findings: Findings,
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): void {
  for (const [key, value] of Object.entries(labels ?? {}))
    if (key.includes('*') || value.includes('*')) findings.add(childPath(field, key), 'a selector has no wildcards');
    else checkLabels(findings, field, { [key]: value });
  if (labels === undefined || Object.keys(labels).length === 0)
    findings.warn(field, 'no labels: every workload of the namespace is selected');
}
