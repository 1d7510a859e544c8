import type { AccessLog } from '@keelson/api/envoy/config/accesslog/v3/accesslog';
import type { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { Filter } from '@keelson/api/envoy/config/listener/v3/listener_components';
import type { Duration } from '@keelson/api/google/protobuf/duration';
import { TcpProxy } from '@keelson/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy';
import type { Scope } from '@keelson/core/mesh';
import { accessLog } from './access-log';
import { trafficPolicy } from './clusters/traffic-policy';
import { typedConfig } from './wire';

/**
 * Forwards connections to a cluster, until nothing was said for `idleTimeout`; Envoy's hour without one. `reports` are told
 * beside the mesh's access log.
 */
export function tcpConnection(
  config: MeshConfig,
  statPrefix: string,
  cluster: string,
  reports: readonly AccessLog[] = [],
  idleTimeout?: Duration,
): Filter {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    configType: typedConfig('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', TcpProxy, {
      statPrefix,
      clusterSpecifier: { $case: 'cluster', value: cluster },
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
      accessLog: [...accessLog(config), ...reports],
    }),
  };
}

/** How long connections to a port of a service may be idle, by its DestinationRule. */
export function idleTimeoutOf(scope: Scope, hostname: string, port: number): Duration | undefined {
  return trafficPolicy(scope.destinationRule(hostname)?.spec, undefined, port).connectionPool?.tcp?.idleTimeout;
}
