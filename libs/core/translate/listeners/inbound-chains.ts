import type { InboundPort, InboundScope } from '@keelson/core/mesh';
import type { Filter, FilterChain, FilterChainMatch } from '@keelson/api/envoy/config/listener/v3/listener_components';
import type { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import { noTimeout } from '../durations';
import { httpConnection, tellCaller } from '../http-connection';
import { checkOverrides, httpChecks, networkChecks } from '../mixer/checks';
import { peerHeader } from '../mixer/peer-attributes';
import { inboundHttpReports, inboundTcpReports } from '../mixer/reports';
import { blackHole, inboundCluster, inboundPassthrough } from '../names';
import { allowancesOf, httpPolicyFilters, networkPolicyFilters } from '../policy/filters';
import { isHttp } from '../protocol';
import { istioMetadata } from '../provenance';
import { anyRequest } from '../routes/match';
import { tcpConnection } from '../tcp-connection';
import { meshAlpns, meshDownstreamTls } from '../tls';

/** Which connections of one port a mode takes, and with what. */
interface Way {
  suffix: string;
  match?: FilterChainMatch;
  mutualTls: boolean;
  /** Whether requests are seen; TLS that is not ours cannot be looked into. */
  opaque?: boolean;
}

const meshTls: Way = {
  suffix: '',
  match: { transportProtocol: 'tls', applicationProtocols: meshAlpns },
  mutualTls: true,
};

/**
 * STRICT has no way for plaintext, so such a connection is closed. PERMISSIVE takes mesh TLS by the protocol that its
 * callers announce, plaintext, and passes other TLS through to the application. Callers of the mesh have the very same
 * way in both: Envoy keeps their connections when one becomes the other.
 */
const ways: Record<InboundPort['mtls'], readonly Way[]> = {
  STRICT: [meshTls, { suffix: '_tls', match: { transportProtocol: 'tls' }, mutualTls: true }],
  PERMISSIVE: [
    meshTls,
    { suffix: '_plaintext', match: { transportProtocol: 'raw_buffer' }, mutualTls: false },
    { suffix: '_tls', match: { transportProtocol: 'tls' }, mutualTls: false, opaque: true },
  ],
  DISABLE: [{ suffix: '', mutualTls: false }],
};

/** The filter chains of one port; for a captured one they match its number. */
export function portChains(inbound: InboundScope, port: InboundPort, captured: boolean): FilterChain[] {
  const address = port.bind ?? '0.0.0.0';
  return ways[port.mtls].map((way): FilterChain => {
    const http = isHttp(port.protocol) && way.opaque !== true;
    const match = { ...(captured ? { destinationPort: port.port } : {}), ...way.match };
    const statPrefix = `inbound_${address}_${port.port}${way.suffix}`;
    return {
      name: `${address}_${port.port}${way.suffix}`,
      ...(Object.keys(match).length === 0 ? {} : { filterChainMatch: match }),
      filters: http
        ? [requests(inbound, port, statPrefix)]
        : connections(inbound, statPrefix, inboundCluster(port.port), port),
      ...(way.mutualTls ? { transportSocket: meshDownstreamTls(inbound.settings, http) } : {}),
    };
  });
}

/** The filter chains of captured ports that no service names; what was sent to the proxy itself goes nowhere. */
export function passthroughChains(inbound: InboundScope, listenerPort: number): FilterChain[] {
  const { config } = inbound.settings;
  return [
    {
      name: 'virtualInbound-blackhole',
      filterChainMatch: { destinationPort: listenerPort },
      filters: [tcpConnection(config, blackHole, blackHole)],
    },
    ...ways[inbound.passthroughMtls].map(
      (way): FilterChain => ({
        name: `virtualInbound${way.suffix}`,
        ...(way.match === undefined ? {} : { filterChainMatch: way.match }),
        filters: connections(inbound, inboundPassthrough, inboundPassthrough),
        ...(way.mutualTls ? { transportSocket: meshDownstreamTls(inbound.settings, false) } : {}),
      }),
    ),
  ];
}

function connections(inbound: InboundScope, statPrefix: string, cluster: string, port?: InboundPort): Filter[] {
  // What Mixer's rules want was asked of requests: a connection to a port of HTTP that cannot be looked into is no request.
  const policed = port === undefined || isHttp(port.protocol) ? undefined : port;
  return [
    ...networkPolicyFilters(inbound),
    ...(policed === undefined ? [] : networkChecks(inbound, policed)),
    tcpConnection(
      inbound.settings.config,
      statPrefix,
      cluster,
      policed === undefined ? [] : inboundTcpReports(inbound, policed),
    ),
  ];
}

function requests(inbound: InboundScope, port: InboundPort, statPrefix: string): Filter {
  const checks = httpChecks(inbound, port);
  return httpConnection(
    inbound.settings.config,
    statPrefix,
    { $case: 'routeConfig', value: toApplication(inbound, port) },
    [...checks.first, ...httpPolicyFilters(inbound), ...checks.last],
    { ...tellCaller, serverName: 'istio-envoy', accessLog: inboundHttpReports(inbound, port) },
  );
}

function toApplication(inbound: InboundScope, port: InboundPort): RouteConfiguration {
  const cluster = inboundCluster(port.port);
  const metadata = istioMetadata({ policies: allowancesOf(inbound) });
  const typedPerFilterConfig = checkOverrides(inbound, port);
  return {
    name: cluster,
    validateClusters: false,
    virtualHosts: [
      {
        name: `inbound|http|${port.port}`,
        domains: ['*'],
        // Between proxies; the application is not told.
        requestHeadersToRemove: [peerHeader],
        routes: [
          {
            name: 'default',
            match: anyRequest,
            action: {
              $case: 'route',
              value: {
                clusterSpecifier: { $case: 'cluster', value: cluster },
                timeout: noTimeout,
                // The application may close an idle connection just when it is used again: nothing was sent then.
                retryPolicy: { retryOn: 'reset-before-request', numRetries: 2 },
              },
            },
            ...(metadata === undefined ? {} : { metadata }),
            ...(typedPerFilterConfig === undefined ? {} : { typedPerFilterConfig }),
          },
        ],
      },
    ],
  };
}
