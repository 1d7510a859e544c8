import type { DestinationRule, Subset } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { MeshObject } from '@keelson/core/config';
import type { Scope, Service, ServicePort } from '@keelson/core/mesh';
import { Cluster, Cluster_DiscoveryType, Cluster_LbPolicy } from '@keelson/api/envoy/config/cluster/v3/cluster';
import type { Built } from '../built';
import { circuitBreakers } from '../clusters/connection-pool';
import { trafficPolicy } from '../clusters/traffic-policy';
import { fromAds } from '../config-source';
import { outboundCluster } from '../names';
import { configPath, istioMetadata, provenanceOf } from '../provenance';
import { dialledPorts } from './served';

/**
 * The clusters of a service for gRPC clients, under the names that they have for Envoys: for each port one, and one for each
 * subset of its DestinationRule. They are called in plaintext, and their endpoints come by discovery (gRFC A27). Of the
 * connection pool gRPC knows the number of calls at a time (A32); it does not count errors one after the other.
 */
export function grpcClusters(scope: Scope, service: Service): Built[] {
  const rule = scope.destinationRule(service.hostname);
  const subsets: (Subset | undefined)[] = [undefined, ...(rule?.spec.subsets ?? [])];
  return dialledPorts(service).flatMap((port) => subsets.map((subset) => cluster(service, port, rule, subset)));
}

function cluster(
  service: Service,
  port: ServicePort,
  rule: MeshObject<DestinationRule> | undefined,
  subset: Subset | undefined,
): Built {
  const name = outboundCluster(service.hostname, port.number, subset?.name);
  const policy = trafficPolicy(rule?.spec, subset, port.number);
  const metadata = istioMetadata({ config: rule && configPath(rule), subset: subset?.name });
  const made: Cluster = {
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: fromAds, serviceName: name },
    // Every client knows it; one that lacks another policy would refuse the cluster.
    lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
    // Without a word gRPC would allow 1,024.
    circuitBreakers: circuitBreakers(policy.connectionPool),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { name, body: Cluster.encode(made).finish(), ...provenanceOf([service.source, rule]) };
}
