import type { Headers, Headers_HeaderOperations } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Findings } from '../findings';
import { childPath } from '@keelson/core/problems';

const headerName = /^[-_A-Za-z0-9]+$/;
/** Text with Envoy's commands in it: `%%` stands for a percent sign, `%REQ(x-id):12%` for a value. */
const headerValue = /^(?:[^%]|%%|%[A-Z0-9_]+(?:\([^()]*\))?(?::\d+)?%)*$/;
// A header must not smuggle another one in: no control characters but the tab.
const controlCharacters = /[\u0000-\u0008\u000A-\u001F\u007F]/;

export function checkHeaderName(findings: Findings, field: string, name: string): void {
  if (!headerName.test(name)) findings.add(field, `${JSON.stringify(name)} is not a header name`);
}

/** What a route adds, sets and removes. */
export function checkHeaderOperations(findings: Findings, field: string, headers: Headers | undefined): void {
  checkOperations(findings, `${field}.request`, headers?.request, true);
  checkOperations(findings, `${field}.response`, headers?.response, false);
}

/** Whether a header names the host that is asked for. */
export function isAuthority(name: string): boolean {
  return /^(?::authority|host)$/i.test(name);
}

function checkOperations(
  findings: Findings,
  field: string,
  operations: Headers_HeaderOperations | undefined,
  request: boolean,
): void {
  for (const verb of ['set', 'add'] as const)
    for (const [name, value] of Object.entries(operations?.[verb] ?? {})) {
      const at = childPath(`${field}.${verb}`, name);
      if (!(request && isAuthority(name))) checkChangedName(findings, at, name);
      checkHeaderValue(findings, at, value);
    }
  for (const [i, name] of (operations?.remove ?? []).entries())
    checkChangedName(findings, `${field}.remove[${String(i)}]`, name);
}

function checkChangedName(findings: Findings, field: string, name: string): void {
  if (name.startsWith(':') || isAuthority(name))
    findings.add(field, `${JSON.stringify(name)} is not a header that can be changed here`);
  else checkHeaderName(findings, field, name);
}

function checkHeaderValue(findings: Findings, field: string, value: string): void {
  if (controlCharacters.test(value)) findings.add(field, 'a header value must not have control characters');
  else if (!headerValue.test(value))
    findings.add(field, 'a percent sign in a header value is written %%, or begins a command such as %PROTOCOL%');
}
