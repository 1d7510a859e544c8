import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinary } from '@keelson/edge/service';
import type { WorkloadIdentity } from './services';

export type XdsMode = 'delta' | 'sotw';

/** Command of an Envoy that dials Pilot in plaintext by a bootstrap of its own: no agent, no identity. */
export function plainEnvoyCommand(
  folder: string,
  workload: WorkloadIdentity,
  role: 'sidecar' | 'router',
  pilotPort: number,
  mode: XdsMode,
): string[] {
  const file = join(folder, `${workload.name}.bootstrap.json`);
  const socket = (address: string, port: number): object => ({ socketAddress: { address, portValue: port } });
  const ads = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };
  const bootstrap = {
    node: {
      id: `${role}~${workload.address}~${workload.name}.${workload.namespace}~${workload.namespace}.svc.cluster.local`,
      cluster: `${workload.app}.${workload.namespace}`,
      metadata: {
        NAMESPACE: workload.namespace,
        LABELS: workload.labels,
        SERVICE_ACCOUNT: workload.serviceAccount,
        WORKLOAD_NAME: workload.name,
        INTERCEPTION_MODE: 'NONE',
        ISTIO_VERSION: '1.31.0',
      },
    },
    admin: { address: socket(workload.address, 15000) },
    dynamicResources: {
      ldsConfig: ads,
      cdsConfig: ads,
      adsConfig: {
        apiType: mode === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transportApiVersion: 'V3',
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
      },
    },
    staticResources: {
      clusters: [
        {
          name: 'xds-grpc',
          type: 'STATIC',
          connectTimeout: '1s',
          typedExtensionProtocolOptions: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicitHttpConfig: { http2ProtocolOptions: {} },
            },
          },
          loadAssignment: {
            clusterName: 'xds-grpc',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: socket('127.0.0.1', pilotPort) } }] }],
          },
        },
      ],
    },
  };
  writeFileSync(file, JSON.stringify(bootstrap));
  return [
    findBinary('envoy'),
    '-c',
    file,
    '--disable-hot-restart',
    '--concurrency',
    '1',
    '--file-flush-interval-msec',
    '200',
    '--drain-time-s',
    '1',
    '--log-level',
    'warn',
  ];
}
