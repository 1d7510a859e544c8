import type { WorkloadEntry } from '@keelson/api/istio/networking/v1alpha3/workload_entry';
import type { Findings } from '../../findings';
import { isIP } from '../../rules/addresses';
import { checkLabels } from '../../rules/labels';
import { isDnsLabel, isDnsSubdomain, isHostName } from '../../rules/names';
import { checkPort, checkUnixAddress } from '../../rules/values';
import { childPath } from '@keelson/core/problems';

/** A WorkloadEntry, or an endpoint written into a ServiceEntry, which then has to keep to the ports of that. */
export function checkWorkloadEntry(
  findings: Findings,
  field: string,
  entry: WorkloadEntry,
  servicePorts: ReadonlySet<string> | undefined,
): void {
  checkEntryAddress(findings, field, entry, servicePorts);
  for (const [name, port] of Object.entries(entry.ports ?? {})) {
    const at = childPath(`${field}.ports`, name);
    if (!isDnsLabel(name)) findings.add(at, `${JSON.stringify(name)} is not the name of a port`);
    else if (servicePorts && !servicePorts.has(name))
      findings.add(at, `the service has no port ${JSON.stringify(name)}`, 'bad-reference');
    checkPort(findings, at, port);
  }
  checkLabels(findings, `${field}.labels`, entry.labels);
  if (entry.serviceAccount && !isDnsSubdomain(entry.serviceAccount))
    findings.add(
      `${field}.serviceAccount`,
      `${JSON.stringify(entry.serviceAccount)} is not the name of a service account`,
    );
  if (entry.locality && !/^[^/]+(?:\/[^/]+){0,2}$/.test(entry.locality))
    findings.add(`${field}.locality`, 'is not region/zone/subzone');
}

function checkEntryAddress(
  findings: Findings,
  field: string,
  entry: WorkloadEntry,
  servicePorts: ReadonlySet<string> | undefined,
): void {
  const at = `${field}.address`;
  const address = entry.address ?? '';
  if (address.startsWith('unix://')) {
    checkUnixAddress(findings, at, address);
    if (Object.keys(entry.ports ?? {}).length > 0)
      findings.add(`${field}.ports`, 'a socket in the file system has no ports');
    if (servicePorts && servicePorts.size !== 1)
      findings.add(at, 'a socket in the file system serves exactly one port');
  } else if (address === '') findings.add(at, 'an address is required');
  else if (isIP(address)) return;
  else if (isHostName(address)) findings.unsupported(at, 'a host name as an address');
  else findings.add(at, `${JSON.stringify(address)} is not an IP address`);
}
