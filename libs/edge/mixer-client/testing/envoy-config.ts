import type { TlsMaterial } from '@keelson/edge/service';

/** Where everything is that an Envoy under test speaks to, and the ports that it opens. */
export interface EnvoyPlaces {
  /** The socket that serves checks and access logs. */
  socket: string;
  admin: string;
  inbound: number;
  secure: number;
  outbound: number;
  tcp: number;
  application: number;
  grpcApplication: number;
  tcpApplication: number;
}

/** Attributes and quotas that a route tells, by its path. */
export type RouteTexts = Readonly<Record<string, Readonly<Record<string, string>>>>;

const type = (name: string): { '@type': string } => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` });
const any = (name: string, fields: object): object => ({ ...type(name), ...fields });

const policy = { envoy_grpc: { cluster_name: 'policy' } };

/** A static configuration as Pilot's is: checks before the application, access logs of both directions. */
export function envoyConfig(places: EnvoyPlaces, tls: TlsMaterial, routes: RouteTexts): object {
  return {
    admin: { address: { pipe: { path: places.admin } } },
    static_resources: {
      listeners: [
        listener('inbound', places.inbound, [httpChain(routes)]),
        listener('secure', places.secure, [{ ...httpChain(routes), transport_socket: serverTls(tls) }]),
        listener('outbound', places.outbound, [outboundChain()]),
        listener('tcp', places.tcp, [tcpChain()]),
      ],
      clusters: [
        cluster('policy', { pipe: { path: places.socket } }, true),
        cluster('application', address(places.application), false),
        cluster('grpc', address(places.grpcApplication), true),
        cluster('tcp', address(places.tcpApplication), false),
        cluster('outbound|9080|v2|reviews.shop.svc.cluster.local', address(places.application), false),
      ],
    },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function listener(name: string, port: number, chains: object[]): object {
  const inspector = {
    name: 'envoy.filters.listener.tls_inspector',
    typed_config: type('filters.listener.tls_inspector.v3.TlsInspector'),
  };
  return {
    name,
    address: address(port),
    filter_chains: chains,
    ...(name === 'secure' && { listener_filters: [inspector] }),
  };
}

function cluster(name: string, endpoint: object, http2: boolean): object {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name,
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: { address: endpoint },
              metadata: { filter_metadata: { istio: { workload: 'reviews-v2;shop;reviews;v2;one' } } },
            },
          ],
        },
      ],
    },
    ...(http2 && {
      typed_extension_protocol_options: {
        [options]: { '@type': `type.googleapis.com/${options}`, explicit_http_config: { http2_protocol_options: {} } },
      },
    }),
  };
}

function serverTls({ key, chain, roots }: TlsMaterial): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: any('transport_sockets.tls.v3.DownstreamTlsContext', {
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { inline_string: chain }, private_key: { inline_string: key } }],
        validation_context: { trusted_ca: { inline_string: roots } },
        alpn_protocols: ['h2', 'http/1.1'],
      },
    }),
  };
}

const commonLog = (direction: string, tags: object[]): object => ({
  log_name: `istio.mixer/${direction}`,
  grpc_service: policy,
  transport_api_version: 'V3',
  buffer_flush_interval: '0.02s',
  custom_tags: tags,
});

const literal = (tag: string, value: string): object => ({ tag, literal: { value } });

function httpLog(direction: string, tags: object[]): object {
  return {
    name: 'envoy.access_loggers.http_grpc',
    typed_config: any('access_loggers.grpc.v3.HttpGrpcAccessLogConfig', {
      common_config: commonLog(direction, tags),
      additional_request_headers_to_log: ['content-type', 'x-user'],
      additional_response_headers_to_log: ['content-type', 'grpc-status', 'grpc-message'],
      additional_response_trailers_to_log: ['grpc-status', 'grpc-message'],
    }),
  };
}

const router = { name: 'envoy.filters.http.router', typed_config: type('filters.http.router.v3.Router') };

function httpChain(routes: RouteTexts): object {
  return {
    filters: [
      {
        name: 'envoy.filters.network.http_connection_manager',
        typed_config: any('filters.network.http_connection_manager.v3.HttpConnectionManager', {
          stat_prefix: 'inbound',
          codec_type: 'AUTO',
          access_log: [httpLog('inbound', [literal('destination.service.name', 'ratings')])],
          http_filters: [
            {
              name: 'envoy.filters.http.header_to_metadata',
              typed_config: any('filters.http.header_to_metadata.v3.Config', {
                request_rules: [
                  {
                    header: 'x-istio-attributes',
                    on_header_present: { metadata_namespace: 'istio.mixer', key: 'attributes', type: 'STRING' },
                    remove: true,
                  },
                ],
              }),
            },
            {
              name: 'envoy.filters.http.ext_authz',
              typed_config: any('filters.http.ext_authz.v3.ExtAuthz', {
                grpc_service: { ...policy, timeout: '2s' },
                transport_api_version: 'V3',
                status_on_error: { code: 'ServiceUnavailable' },
                metadata_context_namespaces: ['istio.mixer'],
                include_tls_session: true,
                stat_prefix: 'mixer',
              }),
            },
            router,
          ],
          route_config: {
            virtual_hosts: [
              {
                name: 'all',
                domains: ['*'],
                routes: Object.entries(routes).map(([prefix, texts]) => ({
                  match: { prefix },
                  route: { cluster: prefix.startsWith('/grpc.') ? 'grpc' : 'application' },
                  typed_per_filter_config: {
                    'envoy.filters.http.ext_authz': any('filters.http.ext_authz.v3.ExtAuthzPerRoute', {
                      check_settings: { context_extensions: texts },
                    }),
                  },
                })),
              },
            ],
          },
        }),
      },
    ],
  };
}

const workloadTag = {
  tag: 'istio.workload',
  metadata: { kind: { host: {} }, metadata_key: { key: 'istio', path: [{ key: 'workload' }] } },
};

function outboundChain(): object {
  return {
    filters: [
      {
        name: 'envoy.filters.network.http_connection_manager',
        typed_config: any('filters.network.http_connection_manager.v3.HttpConnectionManager', {
          stat_prefix: 'outbound',
          access_log: [httpLog('outbound', [workloadTag])],
          http_filters: [router],
          route_config: {
            virtual_hosts: [
              {
                name: 'all',
                domains: ['*'],
                routes: [
                  { match: { prefix: '/' }, route: { cluster: 'outbound|9080|v2|reviews.shop.svc.cluster.local' } },
                ],
              },
            ],
          },
        }),
      },
    ],
  };
}

function tcpChain(): object {
  return {
    filters: [
      {
        name: 'envoy.filters.network.ext_authz',
        typed_config: any('filters.network.ext_authz.v3.ExtAuthz', {
          stat_prefix: 'mixer',
          grpc_service: policy,
          transport_api_version: 'V3',
        }),
      },
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: any('filters.network.tcp_proxy.v3.TcpProxy', {
          stat_prefix: 'tcp',
          cluster: 'tcp',
          access_log_options: { flush_access_log_on_connected: true, access_log_flush_interval: '0.1s' },
          access_log: [
            {
              name: 'envoy.access_loggers.tcp_grpc',
              typed_config: any('access_loggers.grpc.v3.TcpGrpcAccessLogConfig', {
                common_config: commonLog('inbound', [literal('destination.service.name', 'mongo')]),
              }),
            },
          ],
        }),
      },
    ],
  };
}
