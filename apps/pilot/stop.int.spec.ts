import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { GrpcClient, grpcMethod, startService } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';
import { pilotModule } from './pilot.module';
import { pilotSettings } from './settings';

const deltaAds = grpcMethod(
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  'bidi',
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
);

it('S16 a Pilot that stops sends its proxies away with UNAVAILABLE, so that they try another at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-pilot-'));
  const port = await freePort();
  const pilot = await startService(
    {
      name: 'pilot',
      settings: pilotSettings,
      monitoringPort: (values) => values.monitoringPort,
      module: pilotModule,
    },
    [
      `--config-source=fs://${folder}`,
      `--data-dir=${join(folder, 'data')}`,
      `--grpc-port=${port}`,
      '--secure-grpc-port=0',
      '--http-port=0',
      '--monitoring-port=0',
      '--log-level=silent',
    ],
  );
  const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const stream = client.bidi(deltaAds);
  const answered = new Promise((resolve) => stream.once('data', resolve));
  const ended = new Promise<ServiceError>((resolve) => stream.once('error', resolve));
  stream.write({
    node: { id: 'sidecar~10.0.0.1~a.default~default.svc.cluster.local', userAgentName: 'envoy' },
    typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  });
  await answered;
  expect(await pilot.stop()).toBe(0);
  expect(await ended).toMatchObject({ code: status.UNAVAILABLE, details: 'this replica stops' });
  client.close();
  rmSync(folder, { recursive: true });
});
