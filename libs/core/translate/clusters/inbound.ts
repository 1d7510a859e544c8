import type { InboundPort, InboundScope } from '@keelson/core/mesh';
import { Cluster, Cluster_DiscoveryType } from '@keelson/api/envoy/config/cluster/v3/cluster';
import { parseAddress } from '../address';
import type { Built } from '../built';
import { seconds } from '../durations';
import { inboundCluster } from '../names';
import { provenanceOf } from '../provenance';
import { circuitBreakers, httpOptions } from './connection-pool';

/** For each port of a workload the cluster of the application behind it. */
export function inboundClusters(inbound: InboundScope): Built[] {
  return inbound.ports.filter((port) => port.protocol !== 'UDP').map((port) => toApplication(inbound, port));
}

function toApplication(inbound: InboundScope, port: InboundPort): Built {
  const name = inboundCluster(port.port);
  const cluster: Cluster = {
    name,
    clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: inbound.settings.config.connectTimeout ?? seconds(10),
    circuitBreakers: circuitBreakers(undefined),
    ...httpOptions(port.protocol, undefined),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: [{ hostIdentifier: { $case: 'endpoint', value: { address: parseAddress(port.endpoint) } } }] },
      ],
    },
  };
  return { name, body: Cluster.encode(cluster).finish(), ...provenanceOf([port.service?.source]) };
}
