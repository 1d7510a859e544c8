import type { HTTPMatchRequest, StringMatch } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Findings } from '../../findings';
import { checkHeaderName } from '../../rules/headers';
import { checkPort, checkRegex } from '../../rules/values';
import { childPath } from '@keelson/core/problems';
import { checkGatewayNames } from './gateways';

export function checkMatch(findings: Findings, field: string, match: HTTPMatchRequest): void {
  if (match.uri) checkString(findings, `${field}.uri`, match.uri, { emptyPrefix: true });
  for (const key of ['scheme', 'method', 'authority'] as const)
    if (match[key]) checkString(findings, `${field}.${key}`, match[key], {});
  for (const key of ['headers', 'withoutHeaders'] as const)
    for (const [name, value] of Object.entries(match[key] ?? {})) {
      const at = childPath(`${field}.${key}`, name);
      if (name.startsWith('@request.auth.claims')) findings.unsupported(at, 'routing by claims');
      else checkHeaderName(findings, at, name);
      checkString(findings, at, value, { present: true, anything: key === 'withoutHeaders' });
    }
  for (const [name, value] of Object.entries(match.queryParams ?? {}))
    checkString(findings, childPath(`${field}.queryParams`, name), value, { present: true });
  if (match.port) checkPort(findings, `${field}.port`, match.port);
  checkGatewayNames(findings, `${field}.gateways`, match.gateways);
}

interface Allowed {
  /** An empty prefix matches all. */
  emptyPrefix?: boolean;
  /** No value asks only whether it is there. */
  present?: boolean;
  /** `*` as a regular expression, which it is not, means any value. */
  anything?: boolean;
}

function checkString(findings: Findings, field: string, { matchType }: StringMatch, allowed: Allowed): void {
  if (!matchType) {
    if (!allowed.present) findings.add(field, 'needs exact, prefix or regex');
  } else if (matchType.$case === 'prefix' && matchType.value === '' && !allowed.emptyPrefix)
    findings.add(`${field}.prefix`, 'must not be empty');
  else if (matchType.$case === 'regex' && !(allowed.anything && matchType.value === '*'))
    checkRegex(findings, `${field}.regex`, matchType.value);
}
