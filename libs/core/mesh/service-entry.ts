import {
  ServiceEntry_Location,
  ServiceEntry_Resolution,
  type ServiceEntry,
} from '@keelson/api/istio/networking/v1alpha3/service_entry';
import type { WorkloadEntry } from '@keelson/api/istio/networking/v1alpha3/workload_entry';
import { fullHostName, type MeshObject } from '@keelson/core/config';
import { spiffeId } from './identity';
import type { Endpoint, Protocol, Resolution, Service, ServicePort } from './service';
import type { Workload } from './workload';

const protocols = new Set<string>(['HTTP', 'HTTP2', 'GRPC', 'HTTPS', 'TLS', 'TCP', 'MONGO', 'REDIS', 'MYSQL', 'UDP']);

const resolutions: Readonly<Record<number, Resolution>> = {
  [ServiceEntry_Resolution.NONE]: 'none',
  [ServiceEntry_Resolution.STATIC]: 'static',
  [ServiceEntry_Resolution.DNS]: 'dns',
  [ServiceEntry_Resolution.DNS_ROUND_ROBIN]: 'dns-round-robin',
};

/** The protocol that a port's `protocol` field names, in any letter case; TCP where it names none. */
export function protocolOf(name: string | undefined): Protocol {
  const upper = (name ?? '').toUpperCase().replace('GRPC-WEB', 'GRPC');
  return protocols.has(upper) ? (upper as Protocol) : 'TCP';
}

/** The services that a ServiceEntry stands for, one for each of its hosts. */
export function servicesOfEntry(entry: MeshObject<ServiceEntry>, domainSuffix: string): Service[] {
  const { spec } = entry;
  const ports: ServicePort[] = (spec.ports ?? []).map((port) => ({
    number: port.number ?? 0,
    name: port.name ?? '',
    protocol: protocolOf(port.protocol),
    targetPort: port.targetPort !== undefined && port.targetPort !== 0 ? port.targetPort : (port.number ?? 0),
  }));
  return (spec.hosts ?? []).map((host) => ({
    hostname: fullHostName(host, entry.namespace, domainSuffix),
    namespace: entry.namespace,
    addresses: spec.addresses ?? [],
    ports,
    location: spec.location === ServiceEntry_Location.MESH_INTERNAL ? 'mesh' : 'external',
    resolution: resolutions[spec.resolution ?? 0] ?? 'none',
    exportTo: spec.exportTo !== undefined && spec.exportTo.length > 0 ? spec.exportTo : ['*'],
    subjectAltNames: spec.subjectAltNames ?? [],
    source: { kind: entry.kind, namespace: entry.namespace, name: entry.name, revision: entry.revision },
    created: entry.created,
  }));
}

/** Whether two definitions of a service generate the same configuration, wherever they come from. */
export function sameDefinition(a: Service, b: Service): boolean {
  return (
    a.hostname === b.hostname &&
    a.namespace === b.namespace &&
    a.created === b.created &&
    a.location === b.location &&
    a.resolution === b.resolution &&
    sameList(a.addresses, b.addresses) &&
    sameList(a.exportTo, b.exportTo) &&
    sameList(a.subjectAltNames, b.subjectAltNames) &&
    a.ports.length === b.ports.length &&
    a.ports.every((port, i) => {
      const other = b.ports[i];
      return (
        port.number === other?.number &&
        port.name === other.name &&
        port.protocol === other.protocol &&
        port.targetPort === other.targetPort
      );
    })
  );
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** Label by which a workload without a lease says that its proxy takes mutual TLS. */
const tlsModeLabel = 'security.istio.io/tlsMode';

/** One endpoint written into a ServiceEntry, or a WorkloadEntry that one selects. */
export function endpointOfEntry(
  entry: WorkloadEntry,
  where: { namespace: string; labels: Readonly<Record<string, string>> },
  ports: readonly ServicePort[],
  trustDomain: string,
): Endpoint {
  const labels = { ...where.labels, ...entry.labels };
  return {
    address: entry.address ?? '',
    ports: resolvePorts(ports, entry.ports ?? {}),
    labels,
    namespace: where.namespace,
    identity: entry.serviceAccount ? spiffeId(trustDomain, where.namespace, entry.serviceAccount) : '',
    mutualTls: labels[tlsModeLabel] === 'istio',
    network: entry.network ?? '',
    locality: entry.locality ?? '',
    weight: Math.max(1, entry.weight ?? 1),
    health: 'healthy',
  };
}

/** A registered workload as an endpoint. Its agent brought it a certificate, so it takes mutual TLS. */
export function endpointOfWorkload(workload: Workload, ports: readonly ServicePort[], trustDomain: string): Endpoint {
  return {
    address: workload.address,
    ports: resolvePorts(ports, workload.ports),
    labels: workload.labels,
    namespace: workload.namespace,
    identity: spiffeId(trustDomain, workload.namespace, workload.serviceAccount),
    mutualTls: true,
    network: workload.network,
    locality: workload.locality,
    weight: Math.max(1, workload.weight),
    health: workload.health,
    workload: { name: workload.name, cluster: workload.cluster },
  };
}

function resolvePorts(
  ports: readonly ServicePort[],
  named: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const resolved: Record<string, number> = {};
  for (const port of ports) resolved[port.name] = named[port.name] ?? port.targetPort;
  return resolved;
}
