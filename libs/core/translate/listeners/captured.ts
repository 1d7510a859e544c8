import type { Scope } from '@keelson/core/mesh';
import { TrafficDirection } from '@keelson/api/envoy/config/core/v3/base';
import { socketAddress } from '../address';
import type { Built } from '../built';
import { outboundTcpReports } from '../mixer/reports';
import { blackHole, passthrough } from '../names';
import { passesUnknown } from '../routes/fallback';
import { tcpConnection } from '../tcp-connection';
import { encodeListener } from './encode';

const outboundPort = 15001;

/** The listeners that depend on no service: `virtualOutbound`, which takes what was captured, where anything is. */
export function staticListeners(scope: Scope): Built[] {
  if (scope.role !== 'sidecar' || scope.interception === 'NONE') return [];
  const { config } = scope.settings;
  const port = (config.proxyListenPort ?? 0) === 0 ? outboundPort : (config.proxyListenPort ?? outboundPort);
  const cluster = unknownCluster(scope);
  return [
    encodeListener({
      name: 'virtualOutbound',
      address: socketAddress('0.0.0.0', port),
      useOriginalDst: true,
      filterChains: [
        {
          // Who dials the port itself would be sent to it again, for ever.
          name: 'virtualOutbound-blackhole',
          filterChainMatch: { destinationPort: port },
          filters: [tcpConnection(config, blackHole, blackHole)],
        },
        {
          name: 'virtualOutbound-catchall-tcp',
          filters: [tcpConnection(config, cluster, cluster, outboundTcpReports(scope))],
        },
      ],
      trafficDirection: TrafficDirection.OUTBOUND,
      ...(scope.interception === 'TPROXY' ? { transparent: true } : {}),
    }),
  ];
}

/** Where connections go that no listener knows. */
export function unknownCluster(scope: Scope): string {
  return passesUnknown(scope) ? passthrough : blackHole;
}
