import { jsonToBinary, type JsonObject } from '@keelson/api';

import { type Resource } from '../resource';

const ads = { ads: {}, resourceApiVersion: 'V3' };
const socketAddress = (port: number) => ({ socketAddress: { address: '127.0.0.1', portValue: port } });

/** Resources for a real Envoy, with no mesh behind them. */
export const envoyResources = {
  cluster: (name: string, timeout = '1s'): Resource =>
    made('envoy.config.cluster.v3.Cluster', name, {
      name,
      type: 'EDS',
      connectTimeout: timeout,
      edsClusterConfig: { edsConfig: ads },
    }),

  endpoints: (name: string, port: number): Resource =>
    made('envoy.config.endpoint.v3.ClusterLoadAssignment', name, {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    }),

  listener: (name: string, port: number, routes: string): Resource =>
    made('envoy.config.listener.v3.Listener', name, {
      name,
      address: socketAddress(port),
      filterChains: [
        {
          filters: [
            {
              name: 'envoy.filters.network.http_connection_manager',
              typedConfig: {
                '@type':
                  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                statPrefix: name,
                rds: { configSource: ads, routeConfigName: routes },
                httpFilters: [
                  {
                    name: 'envoy.filters.http.router',
                    typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                  },
                ],
              },
            },
          ],
        },
      ],
    }),

  routes: (name: string): Resource =>
    made('envoy.config.route.v3.RouteConfiguration', name, { name, vhds: { configSource: ads } }),

  host: (routes: string, host: string, cluster: string, domain = host): Resource => ({
    ...made('envoy.config.route.v3.VirtualHost', `${routes}/${host}`, {
      name: `${routes}/${host}`,
      domains: [domain],
      routes: [{ match: { prefix: '/' }, route: { cluster } }],
    }),
    needs: [cluster],
  }),
};

function made(type: string, name: string, json: JsonObject): Resource {
  return { name, body: jsonToBinary(type, json), provenance: `test ${name}` };
}

/** A bootstrap that has everything by delta ADS from a local port. */
export function bootstrap(xdsPort: number, adminPath: string): JsonObject {
  const clusterName = 'xds';
  return {
    node: { id: 'envoy', cluster: 'test' },
    admin: { address: { pipe: { path: adminPath } } },
    dynamicResources: {
      ldsConfig: ads,
      cdsConfig: ads,
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName } }],
      },
    },
    staticResources: {
      clusters: [
        {
          name: clusterName,
          type: 'STATIC',
          connectTimeout: '1s',
          typedExtensionProtocolOptions: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicitHttpConfig: { http2ProtocolOptions: {} },
            },
          },
          loadAssignment: {
            clusterName,
            endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(xdsPort) } }] }],
          },
        },
      ],
    },
  };
}
