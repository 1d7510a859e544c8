import { isIP } from 'node:net';
import type { EnvoyNode } from './node';
import { statsTags } from './stats-tags';

/** A host, by name or address, and a port. */
export interface HostPort {
  host: string;
  port: number;
}

export interface BootstrapOptions {
  node: EnvoyNode;
  admin: HostPort;
  /** Where the agent serves metrics and health. */
  agent: HostPort;
  /** One or more Pilots; Envoy goes on to the next when one is away. */
  pilots: readonly HostPort[];
  /** The DNS name that Pilot's certificate must carry, or undefined for plaintext. */
  pilotName: string | undefined;
  xdsMode: 'delta' | 'sotw';
  /** The socket from which secrets come. */
  secretSocket: string;
  /** The socket on which Mixer is asked, if it is. */
  mixerSocket: string | undefined;
  domainSuffix: string;
  maxConnections: number;
}

const http2Options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const typeOf = (name: string): string => `type.googleapis.com/${name}`;

/** Envoy's bootstrap, in Envoy's own JSON: where its configuration and its secrets come from, and who it is. */
export function bootstrapOf(options: BootstrapOptions): object {
  const ads = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: options.node,
    admin: { address: socketAddress(options.admin), ignore_global_conn_limit: true },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: options.xdsMode === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds-grpc',
              // Half a minute, which is Envoy's own, is too long to stay with an old configuration once Pilot is back.
              retry_policy: { retry_back_off: { base_interval: '0.250s', max_interval: '3s' } },
            },
          },
        ],
      },
    },
    static_resources: {
      clusters: [
        staticCluster('prometheus_stats', options.admin),
        staticCluster('agent', options.agent),
        socketCluster('sds-grpc', options.secretSocket),
        ...(options.mixerSocket === undefined ? [] : [socketCluster('mixer-client', options.mixerSocket)]),
        pilotCluster(options),
      ],
    },
    stats_config: { use_all_default_tags: false, stats_tags: statsTags(options.domainSuffix) },
    layered_runtime: {
      layers: [
        { name: 'static', static_layer: { 're2.max_program_size.error_level': 32768 } },
        { name: 'admin', admin_layer: {} },
      ],
    },
    overload_manager: {
      refresh_interval: '0.25s',
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type': typeOf('envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig'),
            max_active_downstream_connections: options.maxConnections,
          },
        },
      ],
    },
  };
}

/** The source of a secret that the agent serves; the same everywhere, so that Envoy asks once for each name. */
function secretSource(name: string): object {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      },
    },
  };
}

function pilotCluster(options: BootstrapOptions): object {
  const allAddresses = options.pilots.every(({ host }) => isIP(host) !== 0);
  return {
    name: 'xds-grpc',
    type: allAddresses ? 'STATIC' : 'STRICT_DNS',
    ...(allAddresses ? {} : { dns_lookup_family: 'V4_PREFERRED', dns_refresh_rate: '30s', respect_dns_ttl: true }),
    connect_timeout: '1s',
    load_assignment: assignment(
      'xds-grpc',
      options.pilots.map((pilot) => socketAddress(pilot)),
    ),
    typed_extension_protocol_options: {
      [http2Options]: {
        '@type': typeOf(http2Options),
        explicit_http_config: {
          http2_protocol_options: {
            // A Pilot whose machine vanished says nothing: without probes Envoy would wait for it for ever.
            connection_keepalive: { interval: '30s', timeout: '10s' },
          },
        },
      },
    },
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } },
    circuit_breakers: limits,
    ...(options.pilotName === undefined ? {} : { transport_socket: pilotTls(options.pilotName) }),
  };
}

function pilotTls(name: string): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': typeOf('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      sni: name,
      common_tls_context: {
        alpn_protocols: ['h2'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        tls_certificate_sds_secret_configs: [secretSource('default')],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }],
          },
          validation_context_sds_secret_config: secretSource('ROOTCA'),
        },
      },
    },
  };
}

/** What the agent serves by gRPC on a socket. */
function socketCluster(name: string, path: string): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: assignment(name, [{ pipe: { path } }]),
    typed_extension_protocol_options: {
      [http2Options]: { '@type': typeOf(http2Options), explicit_http_config: { http2_protocol_options: {} } },
    },
    circuit_breakers: limits,
  };
}

function staticCluster(name: string, to: HostPort): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '0.250s',
    load_assignment: assignment(name, [socketAddress(to)]),
  };
}

const limits = {
  thresholds: ['DEFAULT', 'HIGH'].map((priority) => ({
    priority,
    max_connections: 100_000,
    max_pending_requests: 100_000,
    max_requests: 100_000,
  })),
};

function assignment(cluster: string, addresses: readonly object[]): object {
  return {
    cluster_name: cluster,
    endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
  };
}

function socketAddress({ host, port }: HostPort): object {
  return { socket_address: { address: host, port_value: port } };
}
