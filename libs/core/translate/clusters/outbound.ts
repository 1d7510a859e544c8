import type { DestinationRule, Subset } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { MeshObject } from '@keelson/core/config';
import type { Scope, Service, ServicePort } from '@keelson/core/mesh';
import {
  Cluster,
  Cluster_DiscoveryType as Type,
  Cluster_DnsLookupFamily,
} from '@keelson/api/envoy/config/cluster/v3/cluster';
import type { Built } from '../built';
import { fromAds } from '../config-source';
import { seconds } from '../durations';
import { loadAssignment } from '../endpoints/load-assignment';
import { outboundCluster } from '../names';
import { configPath, istioMetadata, provenanceOf } from '../provenance';
import { circuitBreakers, httpOptions, keepAlive, speaksHttp2 } from './connection-pool';
import { discoveryType } from './discovery';
import { loadBalancing } from './load-balancer';
import { spreadsByLocality } from './locality-policy';
import { outlierDetection } from './outlier-detection';
import { trafficPolicy } from './traffic-policy';
import { nameFromRequest, transport } from './transport';

/** The clusters of a service: for each port one, and one for each subset of its DestinationRule. */
export function clusters(scope: Scope, service: Service): Built[] {
  const rule = scope.destinationRule(service.hostname);
  const subsets: (Subset | undefined)[] = [undefined, ...(rule?.spec.subsets ?? [])];
  return service.ports
    .filter((port) => port.protocol !== 'UDP')
    .flatMap((port) => subsets.map((subset) => outbound(scope, service, port, rule, subset)));
}

function outbound(
  scope: Scope,
  service: Service,
  port: ServicePort,
  rule: MeshObject<DestinationRule> | undefined,
  subset: Subset | undefined,
): Built {
  const policy = trafficPolicy(rule?.spec, subset, port.number);
  const name = outboundCluster(service.hostname, port.number, subset?.name);
  const pool = policy.connectionPool;
  const outliers = outlierDetection(policy.outlierDetection);
  const metadata = istioMetadata({ config: rule && configPath(rule), subset: subset?.name });
  const cluster: Cluster = {
    name,
    ...discovery(scope, service, port, subset, discoveryType(scope, service, policy), name),
    connectTimeout: pool?.tcp?.connectTimeout ?? scope.settings.config.connectTimeout ?? seconds(10),
    ...loadBalancing(policy.loadBalancer, discoveryType(scope, service, policy)),
    circuitBreakers: circuitBreakers(pool),
    ...httpOptions(port.protocol, pool, nameFromRequest(service, policy.tls)),
    ...(outliers === undefined ? {} : { outlierDetection: outliers }),
    commonLbConfig: {
      // An endpoint that is said to be unhealthy gets nothing, however many others are.
      healthyPanicThreshold: { value: policy.outlierDetection?.minHealthPercent ?? 0 },
      ...(spreadsByLocality(scope, policy)
        ? { localityConfigSpecifier: { $case: 'localityWeightedLbConfig', value: {} } }
        : {}),
    },
    ...transport(scope, service, port, subset?.name ?? '', policy.tls, speaksHttp2(port.protocol, pool)),
    ...(pool?.tcp?.tcpKeepalive === undefined ? {} : { upstreamConnectionOptions: keepAlive(pool) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { name, body: Cluster.encode(cluster).finish(), ...provenanceOf([service.source, rule]) };
}

function discovery(
  scope: Scope,
  service: Service,
  port: ServicePort,
  subset: Subset | undefined,
  type: Type,
  name: string,
): Partial<Cluster> {
  const clusterDiscoveryType = { $case: 'type', value: type } as const;
  switch (type) {
    case Type.EDS:
      return { clusterDiscoveryType, edsClusterConfig: { edsConfig: fromAds, serviceName: name } };
    case Type.STRICT_DNS:
    case Type.LOGICAL_DNS:
      return {
        clusterDiscoveryType,
        dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
        respectDnsTtl: true,
        dnsRefreshRate: scope.settings.config.dnsRefreshRate ?? seconds(60),
        loadAssignment: loadAssignment(scope, service, port, subset, undefined),
      };
    default:
      return { clusterDiscoveryType };
  }
}
