import type { Scope, Service } from '@keelson/core/mesh';
import type {
  FilterChain,
  FilterChainMatch,
  ListenerFilter,
} from '@keelson/api/envoy/config/listener/v3/listener_components';
import { cidrRange, isRange } from '../address';
import { seconds } from '../durations';
import { outboundTcpReports } from '../mixer/reports';
import { outboundCluster } from '../names';
import { idleTimeoutOf, tcpConnection } from '../tcp-connection';
import { tlsInspector } from './encode';

/**
 * The filter chains for connections to services that meet on one port, the oldest first: TLS is told apart by the name
 * that it asks for, other connections by the address ranges of their service. `known` says that the listener's address
 * is that of a service already.
 */
export function serviceChains(scope: Scope, services: readonly Service[], port: number, known: boolean): FilterChain[] {
  const taken = new Set<string>();
  const reports = outboundTcpReports(scope);
  return services.flatMap((service): FilterChain[] => {
    const match = known ? {} : matchOf(service, port);
    const key = JSON.stringify(match);
    if (taken.has(key)) return [];
    taken.add(key);
    const cluster = outboundCluster(service.hostname, port);
    return [
      {
        name: cluster,
        ...(key === '{}' ? {} : { filterChainMatch: match }),
        filters: [
          tcpConnection(scope.settings.config, cluster, cluster, reports, idleTimeoutOf(scope, service.hostname, port)),
        ],
      },
    ];
  });
}

/** Whether what is asked for by TLS has to be known to choose a chain. */
export function inspection(chains: readonly FilterChain[]): {
  listenerFilters?: ListenerFilter[];
  listenerFiltersTimeout?: { seconds?: number };
  continueOnListenerFiltersTimeout?: boolean;
} {
  if (!chains.some((chain) => chain.filterChainMatch?.serverNames !== undefined)) return {};
  // A client that waits for its server to speak is not held up for ever.
  return {
    listenerFilters: [tlsInspector],
    listenerFiltersTimeout: seconds(5),
    continueOnListenerFiltersTimeout: true,
  };
}

/** Whether connections to a port of a service begin with the name that they ask for. */
export function asksByName(service: Service, port: number): boolean {
  const protocol = service.ports.find((each) => each.number === port)?.protocol;
  return protocol === 'TLS' || protocol === 'HTTPS';
}

function matchOf(service: Service, port: number): FilterChainMatch {
  const ranges = service.addresses.filter(isRange).sort().map(cidrRange);
  return {
    ...(ranges.length === 0 ? {} : { prefixRanges: ranges }),
    ...(asksByName(service, port) ? { serverNames: [service.hostname] } : {}),
  };
}
