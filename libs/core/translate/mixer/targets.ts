import type { ClientProfile, MeshSettings } from '@keelson/core/mesh';
import { type Cluster, Cluster_DiscoveryType } from '@keelson/api/envoy/config/cluster/v3/cluster';
import { HttpProtocolOptions } from '@keelson/api/envoy/extensions/upstreams/http/v3/http_protocol_options';
import type { GrpcService } from '@keelson/api/envoy/config/core/v3/grpc_service';
import { isIP } from '@keelson/core/config';
import { socketAddress } from '../address';
import { seconds } from '../durations';
import { anyOf } from '../wire';

/** In an agent's bootstrap: its own Mixer client, behind a socket. */
const agentsClient = 'mixer-client';
const checkCluster = 'mixer-check';
const reportCluster = 'mixer-report';

/** The clusters that a proxy's checks and reports go to; undefined where it has nobody to ask, or is not to ask. */
export function mixerTargets(
  { config }: MeshSettings,
  client: ClientProfile,
): { check: string | undefined; report: string | undefined } {
  const own = client.mixerClient ? agentsClient : undefined;
  return {
    check:
      config.disablePolicyChecks === true ? undefined : (own ?? (config.mixerCheckServer ? checkCluster : undefined)),
    report:
      config.disableMixerHttpReports === true
        ? undefined
        : (own ?? (config.mixerReportServer ? reportCluster : undefined)),
  };
}

/** How Envoy calls one of them. */
export function mixerService(clusterName: string): GrpcService {
  return { targetSpecifier: { $case: 'envoyGrpc', value: { clusterName } }, timeout: seconds(2) };
}

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The clusters of Mixer itself, for proxies without an agent that speaks to it. */
export function mixerClusters({ config }: MeshSettings, client: ClientProfile): Cluster[] {
  if (client.mixerClient) return [];
  const servers = [
    [checkCluster, config.mixerCheckServer],
    [reportCluster, config.mixerReportServer],
  ] as const;
  return servers.flatMap(([name, server]): Cluster[] => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(server ?? '') ?? [];
    if (host === '') return [];
    return [
      {
        name,
        clusterDiscoveryType: {
          $case: 'type',
          value: isIP(host) ? Cluster_DiscoveryType.STATIC : Cluster_DiscoveryType.STRICT_DNS,
        },
        connectTimeout: config.connectTimeout ?? seconds(10),
        loadAssignment: {
          clusterName: name,
          endpoints: [
            {
              lbEndpoints: [
                { hostIdentifier: { $case: 'endpoint', value: { address: socketAddress(host, Number(port)) } } },
              ],
            },
          ],
        },
        typedExtensionProtocolOptions: {
          [optionsType]: anyOf(optionsType, HttpProtocolOptions, {
            upstreamProtocolOptions: {
              $case: 'explicitHttpConfig',
              value: { protocolConfig: { $case: 'http2ProtocolOptions', value: {} } },
            },
          }),
        },
      },
    ];
  });
}
