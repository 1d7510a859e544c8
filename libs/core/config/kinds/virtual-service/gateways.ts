import type { Findings } from '../../findings';
import { isDnsLabel, isHostName } from '../../rules/names';

/** Names of Gateways as a VirtualService may write them; `mesh` stands for the proxies beside workloads. */
export function checkGatewayNames(findings: Findings, field: string, names: readonly string[] | undefined): void {
  for (const [i, name] of (names ?? []).entries()) {
    const at = `${field}[${String(i)}]`;
    const [namespace = '', gateway, ...rest] = name.split('/');
    if (gateway === undefined) {
      if (!isHostName(name)) findings.add(at, `${JSON.stringify(name)} is not the name of a Gateway`);
    } else if ((namespace !== '.' && !isDnsLabel(namespace)) || !isDnsLabel(gateway) || rest.length > 0)
      findings.add(at, `${JSON.stringify(name)} is not namespace/name of a Gateway`);
  }
}
