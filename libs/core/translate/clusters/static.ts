import type { Scope } from '@keelson/core/mesh';
import { Cluster, Cluster_DiscoveryType, Cluster_LbPolicy } from '@keelson/api/envoy/config/cluster/v3/cluster';
import { HttpProtocolOptions } from '@keelson/api/envoy/extensions/upstreams/http/v3/http_protocol_options';
import type { Built } from '../built';
import { seconds } from '../durations';
import { mixerClusters } from '../mixer/targets';
import { blackHole, inboundPassthrough, passthrough } from '../names';
import { byName } from '../order';
import { anyOf } from '../wire';
import { circuitBreakers } from './connection-pool';

/** The clusters that depend on no service: where traffic ends that nothing matches, and where captured traffic goes on. */
export function staticClusters(scope: Scope): Built[] {
  const captured = scope.role === 'sidecar' && scope.interception !== 'NONE';
  const made = [
    blackHoleCluster(scope),
    ...(captured ? [toOriginal(scope, passthrough), toOriginal(scope, inboundPassthrough)] : []),
  ];
  return [...made, ...mixerClusters(scope.settings, scope.client)]
    .map((cluster) => ({ name: cluster.name ?? '', body: Cluster.encode(cluster).finish() }))
    .sort((a, b) => byName(a.name, b.name));
}

function blackHoleCluster(scope: Scope): Cluster {
  return {
    name: blackHole,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: scope.settings.config.connectTimeout ?? seconds(10),
  };
}

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function toOriginal(scope: Scope, name: string): Cluster {
  return {
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: scope.settings.config.connectTimeout ?? seconds(10),
    circuitBreakers: circuitBreakers(undefined),
    typedExtensionProtocolOptions: {
      [optionsType]: anyOf(optionsType, HttpProtocolOptions, {
        upstreamProtocolOptions: {
          $case: 'useDownstreamProtocolConfig',
          value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
        },
      }),
    },
    ...(name === inboundPassthrough ? { upstreamBindConfig: fromInside } : {}),
  };
}

/** The source address by which interception knows what comes from the proxy itself and is not caught again. */
const fromInside = {
  sourceAddress: { address: '127.0.0.6', portSpecifier: { $case: 'portValue', value: 0 } as const },
};
