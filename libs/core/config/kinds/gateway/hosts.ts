import type { Findings } from '../../findings';
import { isIP } from '../../rules/addresses';
import { isDnsLabel, isHostPattern, isPartialWildcard } from '../../rules/names';

/** `host`, or `namespace/host` where only VirtualServices of that namespace bind; `*` and `.` stand for all and its own. */
export function checkGatewayHost(findings: Findings, field: string, text: string): void {
  const slash = text.indexOf('/');
  const namespace = slash < 0 ? '*' : text.slice(0, slash);
  const host = text.slice(slash + 1);
  if (namespace !== '*' && namespace !== '.' && !isDnsLabel(namespace))
    findings.add(field, `${JSON.stringify(namespace)} is neither a namespace nor * nor .`);
  if (isIP(host)) return;
  if (!isHostPattern(host))
    findings.add(field, `${JSON.stringify(host)} is not a host name, nor one with a wildcard as its first label`);
  else if (host !== '*' && !host.includes('.')) findings.add(field, 'a short host name is not allowed here');
  else if (isPartialWildcard(host)) findings.add(field, 'a wildcard stands for a whole label: *.example.com');
}
