import type { Findings } from '../findings';

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const anyCaseLabel = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const wildcardLabel = /^(?:\*|\*?[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?|\*-[-a-zA-Z0-9]{0,60}[a-zA-Z0-9])$/;

/** A name such as a namespace has: lower case letters, digits and dashes, 63 at most. */
export function isDnsLabel(name: string): boolean {
  return dnsLabel.test(name);
}

/** A name such as an object has: DNS labels with dots between, 253 at most. */
export function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every(isDnsLabel);
}

/** A host name; short or with dots, a dot at the end allowed, never one that reads like an address. */
export function isHostName(name: string): boolean {
  if (name.length === 0 || name.length > 255) return false;
  return areLabels((name.endsWith('.') ? name.slice(0, -1) : name).split('.'));
}

/** A host name whose first label may be or begin with `*`. */
export function isHostPattern(name: string): boolean {
  if (name.length === 0 || name.length > 255) return false;
  const dot = name.indexOf('.');
  const first = dot < 0 ? name : name.slice(0, dot);
  return wildcardLabel.test(first) && (dot < 0 || isHostName(name.slice(dot + 1)));
}

function areLabels(labels: readonly string[]): boolean {
  return labels.every((label) => anyCaseLabel.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** `*.example.com` and `*` are whole wildcards, `*example.com` is a part of one. */
export function isPartialWildcard(name: string): boolean {
  return name.includes('*') && name !== '*' && !name.startsWith('*.');
}

export function checkNamespace(findings: Findings, field: string, name: string): void {
  if (!isDnsLabel(name))
    findings.add(
      field,
      `${JSON.stringify(name)} is not a namespace: lower case letters, digits and dashes, 63 at most`,
    );
}

export function checkHostName(findings: Findings, field: string, name: string | undefined): void {
  if (!name) findings.add(field, 'a host is required');
  else if (!isHostName(name)) findings.add(field, `${JSON.stringify(name)} is not a host name`);
}

export function checkHostPattern(findings: Findings, field: string, name: string | undefined): void {
  if (!name) findings.add(field, 'a host is required');
  else if (!isHostPattern(name))
    findings.add(field, `${JSON.stringify(name)} is not a host name, nor one with a wildcard as its first label`);
}
