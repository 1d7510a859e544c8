import type { Scope, Service } from '@keelson/core/mesh';
import { TrafficDirection } from '@keelson/api/envoy/config/core/v3/base';
import { socketAddress } from '../address';
import type { Built } from '../built';
import { outboundTcpReports } from '../mixer/reports';
import { provenanceOf } from '../provenance';
import type { OutboundPiece } from '../routes/outbound-plan';
import { tcpConnection } from '../tcp-connection';
import { unknownCluster } from './captured';
import { encodeListener } from './encode';
import { inspection, serviceChains } from './service-chains';

/** The listener for captured connections to a port without HTTP, of all services that meet there, the oldest first. */
export function tcpListener(scope: Scope, services: readonly Service[], { listener, port }: OutboundPiece): Built {
  const address = listener.slice(0, -`_${port}`.length);
  const filterChains = serviceChains(scope, services, port, address !== '0.0.0.0');
  const unknown = unknownCluster(scope);
  return encodeListener(
    {
      name: listener,
      address: socketAddress(address, port),
      filterChains,
      ...(filterChains.some((chain) => chain.filterChainMatch === undefined)
        ? {}
        : {
            defaultFilterChain: {
              filters: [tcpConnection(scope.settings.config, unknown, unknown, outboundTcpReports(scope))],
            },
          }),
      ...inspection(filterChains),
      trafficDirection: TrafficDirection.OUTBOUND,
      bindToPort: false,
    },
    provenanceOf([...services.map((service) => service.source), scope.sidecar]),
  );
}
