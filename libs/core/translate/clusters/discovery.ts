import { LoadBalancerSettings_SimpleLB as Simple } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Scope, Service } from '@keelson/core/mesh';
import { Cluster_DiscoveryType as Type } from '@keelson/api/envoy/config/cluster/v3/cluster';
import type { PortPolicy } from './traffic-policy';

/** How a cluster of a service comes by its endpoints. */
export function discoveryType(scope: Scope, service: Service, policy: PortPolicy): Type {
  const balancer = policy.loadBalancer?.lbPolicy;
  const asked =
    service.resolution === 'none' || (balancer?.$case === 'simple' && balancer.value === Simple.PASSTHROUGH);
  // Without capture there is no original destination to go to: the endpoints are all that is known.
  if (asked && scope.interception !== 'NONE' && scope.role === 'sidecar') return Type.ORIGINAL_DST;
  if (service.resolution === 'dns') return Type.STRICT_DNS;
  // Envoy takes exactly one name for a logical cluster.
  if (service.resolution === 'dns-round-robin')
    return scope.endpoints(service).length === 1 ? Type.LOGICAL_DNS : Type.STRICT_DNS;
  return Type.EDS;
}

/** Whether the endpoints are resources of their own. */
export function discoversEndpoints(scope: Scope, service: Service, policy: PortPolicy): boolean {
  return discoveryType(scope, service, policy) === Type.EDS;
}
