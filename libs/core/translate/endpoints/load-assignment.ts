import type { Endpoint, Scope, Service, ServicePort } from '@keelson/core/mesh';
import type { Subset } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import { HealthStatus } from '@keelson/api/envoy/config/core/v3/health_check';
import { ClusterLoadAssignment } from '@keelson/api/envoy/config/endpoint/v3/endpoint';
import type { LbEndpoint, LocalityLbEndpoints } from '@keelson/api/envoy/config/endpoint/v3/endpoint_components';
import { endpointAddress } from '../address';
import type { Built } from '../built';
import { discoversEndpoints } from '../clusters/discovery';
import { spreadsByLocality } from '../clusters/locality-policy';
import { trafficPolicy } from '../clusters/traffic-policy';
import { mutualTlsMatch } from '../clusters/transport';
import { workloadMetadata } from '../mixer/workload';
import { outboundCluster } from '../names';
import { byName } from '../order';
import { provenanceOf } from '../provenance';
import { distance, localityOf } from './locality';

/** Where the calling proxy stands. */
export interface Place {
  network: string;
  /** `region/zone/subzone`. */
  locality: string;
}

/** The endpoints of every cluster that `clusters` makes for a service and that gets its endpoints by discovery. */
export function loadAssignments(scope: Scope, service: Service, at: Place): Built[] {
  const rule = scope.destinationRule(service.hostname);
  const subsets: (Subset | undefined)[] = [undefined, ...(rule?.spec.subsets ?? [])];
  return service.ports.flatMap((port) =>
    subsets.flatMap((subset) => {
      if (!discoversEndpoints(scope, service, trafficPolicy(rule?.spec, subset, port.number))) return [];
      const assignment = loadAssignment(scope, service, port, subset, at);
      return [
        {
          name: assignment.clusterName ?? '',
          body: ClusterLoadAssignment.encode(assignment).finish(),
          ...provenanceOf([service.source, subset === undefined ? undefined : rule]),
        },
      ];
    }),
  );
}

/** The endpoints of one port and subset, grouped by locality. */
export function loadAssignment(
  scope: Scope,
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  at: Place | undefined,
): ClusterLoadAssignment {
  const rule = scope.destinationRule(service.hostname);
  const nearFirst =
    at !== undefined && spreadsByLocality(scope, trafficPolicy(rule?.spec, subset, port.number)) ? at.locality : '';
  const groups = new Map<string, Endpoint[]>();
  const chosen = scope.endpoints(service).filter((endpoint) => hasLabels(endpoint, subset));
  const weightOf = weights(chosen);
  const named = [scope.reports('http'), scope.reports('tcp')].some((demand) => demand !== undefined);
  for (const endpoint of chosen) {
    const group = groups.get(endpoint.locality);
    if (group === undefined) groups.set(endpoint.locality, [endpoint]);
    else group.push(endpoint);
  }
  const localities = [...groups.keys()].sort(byName);
  const ranks = ranksOf(localities, nearFirst);
  return {
    clusterName: outboundCluster(service.hostname, port.number, subset?.name),
    endpoints: localities.map((locality): LocalityLbEndpoints => {
      const endpoints = (groups.get(locality) ?? [])
        .map((endpoint) => [portOf(endpoint, port), endpoint] as const)
        .sort(([a, x], [b, y]) => byName(x.address, y.address) || a - b);
      const known = localityOf(locality);
      return {
        ...(known === undefined ? {} : { locality: known }),
        lbEndpoints: endpoints.map(([number, endpoint]) =>
          lbEndpoint(endpoint, port.name, number, weightOf(endpoint), named),
        ),
        loadBalancingWeight: endpoints.reduce((sum, [, endpoint]) => sum + weightOf(endpoint), 0),
        priority: ranks.get(locality) ?? 0,
      };
    }),
  };
}

/** Neither a proxy nor the message takes more of all weights together. */
const mostWeight = 4_294_967_295;

/** The weights of endpoints, made smaller in proportion where they are too much together. */
function weights(endpoints: readonly Endpoint[]): (endpoint: Endpoint) => number {
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  if (total <= mostWeight) return ({ weight }) => weight;
  // Each gets at least 1.
  const share = (mostWeight - endpoints.length) / total;
  return ({ weight }) => Math.max(1, Math.floor(weight * share));
}

/** Priorities have to be without gaps: the nearest locality that exists has 0, the next distance 1, and so on. */
function ranksOf(localities: readonly string[], from: string): Map<string, number> {
  if (from === '') return new Map();
  const distances = localities.map((locality) => distance(from, locality));
  const steps = [...new Set(distances)].sort((a, b) => a - b);
  return new Map(localities.map((locality, i) => [locality, steps.indexOf(distances[i] ?? 0)]));
}

function hasLabels(endpoint: Endpoint, subset: Subset | undefined): boolean {
  return Object.entries(subset?.labels ?? {}).every(([key, value]) => endpoint.labels[key] === value);
}

function portOf(endpoint: Endpoint, port: ServicePort): number {
  return endpoint.ports[port.name] ?? (port.targetPort === 0 ? port.number : port.targetPort);
}

const health = {
  healthy: HealthStatus.UNKNOWN,
  unhealthy: HealthStatus.UNHEALTHY,
  draining: HealthStatus.DRAINING,
} as const;

function lbEndpoint(endpoint: Endpoint, portName: string, port: number, weight: number, named: boolean): LbEndpoint {
  const mutualTls = endpoint.mutualTls && endpoint.plaintextPorts?.includes(portName) !== true;
  const filterMetadata = {
    ...(mutualTls ? { 'envoy.transport_socket_match': mutualTlsMatch } : {}),
    ...(named ? workloadMetadata(endpoint) : {}),
  };
  return {
    hostIdentifier: { $case: 'endpoint', value: { address: endpointAddress(endpoint.address, port) } },
    healthStatus: health[endpoint.health],
    ...(mutualTls || named ? { metadata: { filterMetadata } } : {}),
    loadBalancingWeight: weight,
  };
}
