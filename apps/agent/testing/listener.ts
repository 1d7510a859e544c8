import type { Listener } from '@keelson/api/envoy/config/listener/v3/listener';
import { Router } from '@keelson/api/envoy/extensions/filters/http/router/v3/router';
import { HttpConnectionManager } from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import { DownstreamTlsContext } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/tls';
import type { SdsSecretConfig } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/secret';
import { ApiConfigSource_ApiType, ApiVersion } from '@keelson/api/envoy/config/core/v3/config_source';

const typed = (name: string, value: Uint8Array) => ({
  $case: 'typedConfig' as const,
  value: { typeUrl: `type.googleapis.com/${name}`, value },
});

/** A listener that answers 200 by itself, with the certificate of a secret where one is named. */
export function answeringListener(host: string, port: number, secret?: string): Listener {
  const manager = HttpConnectionManager.encode({
    statPrefix: 'answer',
    routeSpecifier: {
      $case: 'routeConfig',
      value: {
        name: 'answer',
        virtualHosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [
              {
                match: { pathSpecifier: { $case: 'prefix', value: '/' } },
                action: {
                  $case: 'directResponse',
                  value: { status: 200, body: { specifier: { $case: 'inlineString', value: 'hello\n' } } },
                },
              },
            ],
          },
        ],
      },
    },
    httpFilters: [
      {
        name: 'router',
        configType: typed('envoy.extensions.filters.http.router.v3.Router', Router.encode({}).finish()),
      },
    ],
  }).finish();
  return {
    name: `answer-${port}`,
    address: {
      address: {
        $case: 'socketAddress',
        value: { address: host, portSpecifier: { $case: 'portValue', value: port } },
      },
    },
    filterChains: [
      {
        filters: [
          {
            name: 'http',
            configType: typed(
              'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              manager,
            ),
          },
        ],
        ...(secret === undefined ? {} : { transportSocket: tlsWith(secret) }),
      },
    ],
  };
}

function tlsWith(secret: string): NonNullable<NonNullable<Listener['filterChains']>[number]['transportSocket']> {
  const context = DownstreamTlsContext.encode({
    commonTlsContext: { tlsCertificateSdsSecretConfigs: [secretConfig(secret)] },
  }).finish();
  return {
    name: 'tls',
    configType: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', context),
  };
}

function secretConfig(name: string): SdsSecretConfig {
  return {
    name,
    sdsConfig: {
      resourceApiVersion: ApiVersion.V3,
      initialFetchTimeout: { seconds: 0, nanos: 0 },
      configSourceSpecifier: {
        $case: 'apiConfigSource',
        value: {
          apiType: ApiConfigSource_ApiType.GRPC,
          transportApiVersion: ApiVersion.V3,
          setNodeOnFirstMessageOnly: true,
          grpcServices: [{ targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: 'sds-grpc' } } }],
        },
      },
    },
  };
}
