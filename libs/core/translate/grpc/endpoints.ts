import type { Subset } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Scope, Service } from '@keelson/core/mesh';
import { ClusterLoadAssignment } from '@keelson/api/envoy/config/endpoint/v3/endpoint';
import type { LbEndpoint, LocalityLbEndpoints } from '@keelson/api/envoy/config/endpoint/v3/endpoint_components';
import type { Built } from '../built';
import { loadAssignment, type Place } from '../endpoints/load-assignment';
import { provenanceOf } from '../provenance';
import { dialledPorts } from './served';

/** The endpoints of every cluster that `grpcClusters` makes for a service. */
export function grpcLoadAssignments(scope: Scope, service: Service, at: Place): Built[] {
  const rule = scope.destinationRule(service.hostname);
  const subsets: (Subset | undefined)[] = [undefined, ...(rule?.spec.subsets ?? [])];
  return dialledPorts(service).flatMap((port) =>
    subsets.map((subset) => {
      const { clusterName, endpoints } = loadAssignment(scope, service, port, subset, at);
      const made = { clusterName, endpoints: dialled(endpoints ?? []) };
      return {
        name: clusterName ?? '',
        body: ClusterLoadAssignment.encode(made).finish(),
        ...provenanceOf([service.source, subset === undefined ? undefined : rule]),
      };
    }),
  );
}

/**
 * Endpoints in the form that gRPC takes (gRFC A27): each is an IP with a port and stands but once, each locality is named, if
 * only by an empty name, stands but once too and has a weight, and priorities are without gaps. A client would refuse the
 * others with all the rest.
 */
function dialled(localities: readonly LocalityLbEndpoints[]): LocalityLbEndpoints[] {
  const seen = new Set<string>();
  const kept = new Map<string, LocalityLbEndpoints & { lbEndpoints: LbEndpoint[] }>();
  for (const { locality = {}, priority, lbEndpoints } of localities)
    for (const { hostIdentifier, healthStatus, loadBalancingWeight } of lbEndpoints ?? []) {
      const address = dialledAddress(hostIdentifier);
      if (address === undefined || seen.has(address)) continue;
      seen.add(address);
      const key = [locality.region, locality.zone, locality.subZone].join('/');
      const group = kept.get(key) ?? { locality, lbEndpoints: [], loadBalancingWeight: 0, priority };
      group.lbEndpoints.push({ hostIdentifier, healthStatus, loadBalancingWeight });
      group.loadBalancingWeight = (group.loadBalancingWeight ?? 0) + (loadBalancingWeight ?? 1);
      kept.set(key, group);
    }
  const ranks = [...new Set([...kept.values()].map(({ priority = 0 }) => priority))].sort((a, b) => a - b);
  return [...kept.values()].map((group) => ({ ...group, priority: ranks.indexOf(group.priority ?? 0) }));
}

function dialledAddress(host: LbEndpoint['hostIdentifier']): string | undefined {
  const address = host?.$case === 'endpoint' ? host.value.address?.address : undefined;
  if (address?.$case !== 'socketAddress') return undefined;
  return `${address.value.address ?? ''} ${String(address.value.portSpecifier?.value)}`;
}
