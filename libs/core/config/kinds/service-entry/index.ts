import { ServiceEntry, ServiceEntry_Resolution } from '@keelson/api/istio/networking/v1alpha3/service_entry';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import { fullHostName } from '../../names';
import type { MeshObject } from '../../object';
import { providedHost } from '../../provided';
import { checkExportTo } from '../../rules/export-to';
import { checkSelector } from '../../rules/labels';
import { checkHostPattern, isDnsLabel, isPartialWildcard } from '../../rules/names';
import { checkProtocol, isHttp } from '../../rules/protocols';
import { Repeated } from '../../rules/repeated';
import { checkPort, checkSubnet } from '../../rules/values';
import type { Served } from '../../served';
import { networking } from '../groups';
import { checkWorkloadEntry } from '../workload-entry/entry';

const served: Served = {
  hosts: true,
  addresses: true,
  ports: true,
  location: true,
  resolution: ['STATIC'],
  endpoints: true,
  workloadSelector: true,
  exportTo: true,
  subjectAltNames: true,
};

/** A service, of the mesh or outside it, with its endpoints or the labels that select them. */
export const serviceEntry = defineKind<ServiceEntry>({
  ...networking,
  kind: 'ServiceEntry',
  plural: 'serviceentries',
  collection: 'istio/networking/v1alpha3/serviceentries',
  typeName: 'istio.networking.v1alpha3.ServiceEntry',
  served,
  decode: (bytes) => ServiceEntry.decode(bytes),
  validate,
  provides: ({ namespace, spec }, { domainSuffix }) =>
    (spec.hosts ?? []).map((host) => providedHost(fullHostName(host, namespace, domainSuffix))),
});

function validate({ namespace, spec }: MeshObject<ServiceEntry>, _: NameScope, findings: Findings): void {
  checkHosts(findings, spec);
  for (const [i, address] of (spec.addresses ?? []).entries())
    checkSubnet(findings, `spec.addresses[${String(i)}]`, address);
  checkPorts(findings, spec);
  if ((spec.resolution ?? ServiceEntry_Resolution.NONE) === ServiceEntry_Resolution.NONE)
    findings.unsupported('spec.resolution', 'NONE, which is the default,');
  if (spec.workloadSelector) {
    checkSelector(findings, 'spec.workloadSelector.labels', spec.workloadSelector.labels);
    if (spec.endpoints && spec.endpoints.length > 0)
      findings.add('spec.endpoints', 'a service has endpoints or a workloadSelector, not both');
  }
  const ports = new Set((spec.ports ?? []).map((port) => port.name ?? ''));
  for (const [i, endpoint] of (spec.endpoints ?? []).entries())
    checkWorkloadEntry(findings, `spec.endpoints[${String(i)}]`, endpoint, ports);
  checkExportTo(findings, spec.exportTo, namespace, true);
}

function checkHosts(findings: Findings, spec: ServiceEntry): void {
  const hosts = spec.hosts ?? [];
  if (hosts.length === 0) findings.add('spec.hosts', 'at least one host is required');
  const repeated = new Repeated(findings, 'host');
  for (const [i, host] of hosts.entries()) {
    const field = `spec.hosts[${String(i)}]`;
    repeated.check(field, host);
    if (host === '*') findings.add(field, 'a service for every host is not allowed');
    else checkHostPattern(findings, field, host);
    if (isPartialWildcard(host)) findings.add(field, 'a wildcard stands for a whole label: *.example.com');
  }
  const plain = (spec.ports ?? []).findIndex(
    ({ protocol }) => !isHttp(protocol) && !/^(?:https|tls)$/i.test(protocol ?? ''),
  );
  if (hosts.length > 1 && plain >= 0)
    findings.add(
      `spec.ports[${String(plain)}].protocol`,
      'several hosts cannot be told apart on a port that is neither HTTP nor TLS',
    );
}

function checkPorts(findings: Findings, spec: ServiceEntry): void {
  const numbers = new Repeated(findings, 'port');
  const names = new Repeated(findings, 'port');
  for (const [i, port] of (spec.ports ?? []).entries()) {
    const field = `spec.ports[${String(i)}]`;
    checkPort(findings, `${field}.number`, port.number);
    numbers.check(`${field}.number`, port.number);
    if (!isDnsLabel(port.name ?? ''))
      findings.add(`${field}.name`, `${JSON.stringify(port.name ?? '')} is not the name of a port`);
    names.check(`${field}.name`, port.name);
    checkProtocol(findings, `${field}.protocol`, port.protocol);
    if (port.targetPort) checkPort(findings, `${field}.targetPort`, port.targetPort);
  }
}
