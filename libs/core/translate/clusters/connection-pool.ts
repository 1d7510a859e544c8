import {
  ConnectionPoolSettings_HTTPSettings_H2UpgradePolicy as Upgrade,
  type ConnectionPoolSettings,
} from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Protocol } from '@keelson/core/mesh';
import type { CircuitBreakers } from '@keelson/api/envoy/config/cluster/v3/circuit_breaker';
import type { Cluster, UpstreamConnectionOptions } from '@keelson/api/envoy/config/cluster/v3/cluster';
import type { Http2ProtocolOptions } from '@keelson/api/envoy/config/core/v3/protocol';
import { HttpProtocolOptions } from '@keelson/api/envoy/extensions/upstreams/http/v3/http_protocol_options';
import { wholeSeconds } from '../durations';
import { isHttp, isHttp2 } from '../protocol';
import { anyOf } from '../wire';

const unlimited = 4_294_967_295;
const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Limits of a cluster; what is not limited is as good as without limit, where Envoy's own default is 1,024. */
export function circuitBreakers(pool: ConnectionPoolSettings | undefined): CircuitBreakers {
  const http = pool?.http;
  return {
    thresholds: [
      {
        maxConnections: set(pool?.tcp?.maxConnections),
        maxPendingRequests: set(http?.http1MaxPendingRequests),
        maxRequests: set(http?.http2MaxRequests),
        maxRetries: set(http?.maxRetries),
        trackRemaining: true,
      },
    ],
  };
}

/** What TLS takes from each request: the name that is asked for, and the name that the server has to prove. */
export interface NameFromRequest {
  autoSni?: boolean;
  autoSanValidation?: boolean;
}

/** How HTTP is spoken to the endpoints of a port; nothing where Envoy's own way is meant. */
export function httpOptions(
  protocol: Protocol,
  pool: ConnectionPoolSettings | undefined,
  names: NameFromRequest = {},
): Partial<Cluster> {
  if (!isHttp(protocol)) return {};
  const http = pool?.http;
  const http2 = speaksHttp2(protocol, pool);
  const common = {
    ...(http?.idleTimeout === undefined ? {} : { idleTimeout: http.idleTimeout }),
    ...(pool?.tcp?.maxConnectionDuration === undefined
      ? {}
      : { maxConnectionDuration: pool.tcp.maxConnectionDuration }),
    ...((http?.maxRequestsPerConnection ?? 0) > 0 ? { maxRequestsPerConnection: http?.maxRequestsPerConnection } : {}),
  };
  const hasCommon = Object.keys(common).length > 0;
  const follow = http?.useClientProtocol === true;
  const hasNames = names.autoSni === true || names.autoSanValidation === true;
  if (!http2 && !hasCommon && !follow && !hasNames) return {};
  const options: HttpProtocolOptions = {
    ...(hasNames ? { upstreamHttpProtocolOptions: names } : {}),
    ...(hasCommon ? { commonHttpProtocolOptions: common } : {}),
    upstreamProtocolOptions: follow
      ? {
          $case: 'useDownstreamProtocolConfig',
          value: { httpProtocolOptions: {}, http2ProtocolOptions: http2Options(pool) },
        }
      : {
          $case: 'explicitHttpConfig',
          value: {
            protocolConfig: http2
              ? { $case: 'http2ProtocolOptions', value: http2Options(pool) }
              : { $case: 'httpProtocolOptions', value: {} },
          },
        },
  };
  return { typedExtensionProtocolOptions: { [optionsType]: anyOf(optionsType, HttpProtocolOptions, options) } };
}

/** Whether a port is called by HTTP/2: by its protocol, or since a rule upgrades it. */
export function speaksHttp2(protocol: Protocol, pool: ConnectionPoolSettings | undefined): boolean {
  return isHttp2(protocol) || (protocol === 'HTTP' && pool?.http?.h2UpgradePolicy === Upgrade.UPGRADE);
}

/** TCP keep-alive towards the endpoints. */
export function keepAlive(pool: ConnectionPoolSettings | undefined): UpstreamConnectionOptions | undefined {
  const wanted = pool?.tcp?.tcpKeepalive;
  if (wanted === undefined) return undefined;
  return {
    tcpKeepalive: {
      ...((wanted.probes ?? 0) > 0 ? { keepaliveProbes: wanted.probes } : {}),
      ...(wanted.time === undefined ? {} : { keepaliveTime: wholeSeconds(wanted.time) }),
      ...(wanted.interval === undefined ? {} : { keepaliveInterval: wholeSeconds(wanted.interval) }),
    },
  };
}

function http2Options(pool: ConnectionPoolSettings | undefined): Http2ProtocolOptions {
  const http = pool?.http;
  const ping = http?.http2KeepAlive;
  return {
    ...((http?.maxConcurrentStreams ?? 0) > 0 ? { maxConcurrentStreams: http?.maxConcurrentStreams } : {}),
    ...(ping === undefined ? {} : { connectionKeepalive: { interval: ping.interval, timeout: ping.timeout } }),
  };
}

function set(limit: number | undefined): number {
  return limit === undefined || limit === 0 ? unlimited : limit;
}
