import type { Operation, Source } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { Findings } from '../../findings';

/** Warns of values that are allowed but fit no caller, so that a rule lets nobody in, or denies nobody. */
export function warnOfSource(findings: Findings, field: string, source: Source): void {
  for (const key of ['principals', 'notPrincipals'] as const)
    for (const [i, value] of (source[key] ?? []).entries()) {
      const at = `${field}.${key}[${String(i)}]`;
      if (value.startsWith('spiffe://'))
        findings.warn(at, `fits nobody: a principal is written without spiffe://, ${value.slice('spiffe://'.length)}`);
      else if (!value.includes('/') && !value.includes('*'))
        findings.warn(at, 'fits nobody: a principal is <trust domain>/ns/<namespace>/sa/<account>');
      else warnOfInnerWildcard(findings, at, value);
    }
}

/** The same for values that fit no request. */
export function warnOfOperation(findings: Findings, field: string, operation: Operation): void {
  for (const key of ['methods', 'notMethods'] as const)
    for (const [i, value] of (operation[key] ?? []).entries())
      if (/[a-z]/.test(value))
        findings.warn(
          `${field}.${key}[${String(i)}]`,
          `fits no usual method: letter case counts, ${value.toUpperCase()}`,
        );
  for (const key of ['paths', 'notPaths'] as const)
    for (const [i, value] of (operation[key] ?? []).entries()) {
      const at = `${field}.${key}[${String(i)}]`;
      if (!value.startsWith('/') && !value.startsWith('*')) findings.warn(at, 'fits no request: a path begins with /');
      else if (!/\{\*/.test(value)) warnOfInnerWildcard(findings, at, value);
    }
  for (const key of ['hosts', 'notHosts'] as const)
    for (const [i, value] of (operation[key] ?? []).entries())
      warnOfInnerWildcard(findings, `${field}.${key}[${String(i)}]`, value);
}

function warnOfInnerWildcard(findings: Findings, field: string, value: string): void {
  const inner = value === '*' ? '' : value.startsWith('*') ? value.slice(1) : value.replace(/\*$/, '');
  if (inner.includes('*')) findings.warn(field, 'a * stands for anything as the first or the last character only');
}
