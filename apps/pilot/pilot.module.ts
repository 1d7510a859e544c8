import { hostname } from 'node:os';
import { Module, type DynamicModule } from '@nestjs/common';
import { adapters } from '@keelson/edge/adapters';
import { RegisteredWorkloads } from '@keelson/edge/platforms';
import { componentIdentity, componentNats, GrpcServer, HttpServer, type Runtime } from '@keelson/edge/service';
import { folderOf, followConfiguration } from './configuration';
import { debugRoutes } from './debug-routes';
import { Discovery } from './discovery';
import { PilotMetrics } from './metrics';
import { Receipts } from './receipts';
import type { PilotSettings } from './settings';

/** xDS clients claim tens of thousands of virtual hosts in one request when they come back. */
const maxRequestBytes = 64 * 1024 * 1024;

@Module({})
class PilotModule {}

/** Wires Pilot: where configuration and workloads come from, the discovery in the middle, and who is served. */
export function pilotModule(runtime: Runtime<PilotSettings>): DynamicModule {
  const { settings, log, health } = runtime;
  const alone = settings.insecure || folderOf(settings.configSource) !== undefined;
  const identity = alone ? undefined : componentIdentity(runtime, 'pilot');
  const nats = componentNats(runtime, 'pilot', identity);
  const replica = describeReplica(settings);

  const receipts = nats && new Receipts(nats, replica, () => discovery, log);
  const metrics = new PilotMetrics(runtime.metrics, () => discovery);
  const discovery: Discovery = new Discovery(
    { ...settings, adapters },
    {
      moved: (proxy) => receipts?.proxyMoved(proxy),
      gone: (proxy) => receipts?.proxyGone(proxy),
      rejected: (rejection) => {
        metrics.rejected(rejection.typeUrl);
        receipts?.rejected(rejection);
      },
      changed: (type) => {
        metrics.changed(type);
      },
      converged: (seconds) => {
        metrics.converged(seconds);
      },
    },
    log,
  );
  const workloads = new RegisteredWorkloads({
    nats,
    trustDomain: settings.trustDomain,
    ttlMs: settings.leaseTtl,
    servicesOf: (workload) => discovery.model.services.hostsOf(workload),
    log,
  });
  workloads.onChange(({ put, remove }, sequence) => {
    discovery.applyWorkloads(sequence, { put, remove });
  });
  runtime.onStop(async () => {
    receipts?.stop();
    discovery.stop();
    await workloads.stop();
  });

  const plaintext = new GrpcServer({ log, maxReceiveBytes: maxRequestBytes });
  const secure = new GrpcServer({ log, maxReceiveBytes: maxRequestBytes });
  discovery.xds.register(plaintext);
  discovery.xds.register(secure);
  secure.addService(workloads.methods, workloads.handlers);
  health.set('configuration', false, `not loaded yet from ${settings.configSource}`);
  runtime.serve({
    name: 'discovery',
    // Nobody is answered before everything is loaded: an empty set would be taken at its word.
    start: async () => {
      const configuration = followConfiguration(runtime, discovery, { identity, sinkId: replica.id });
      await Promise.all([configuration, workloads.start()]);
      health.set('configuration', true);
      if (settings.grpcPort !== 0)
        await plaintext.listen({ host: settings.grpcAddress, port: settings.grpcPort, flag: '--grpc-port' });
      if (identity && settings.secureGrpcPort !== 0)
        await secure.listen({
          host: settings.bindAddress,
          port: settings.secureGrpcPort,
          flag: '--secure-grpc-port',
          tls: identity,
          clientCert: 'require',
        });
    },
    stop: async () => {
      const closed = Promise.all([plaintext.stop(), secure.stop()]);
      discovery.endStreams();
      await closed;
    },
  });

  debugRoutes(runtime.http, discovery, workloads);
  if (settings.httpPort !== 0) {
    const pages = new HttpServer({ log });
    debugRoutes(pages, discovery, workloads);
    runtime.serve({
      name: 'http',
      start: async () => {
        await pages.listen({ host: settings.bindAddress, port: settings.httpPort, flag: '--http-port' });
      },
      stop: () => pages.stop(),
    });
  }
  return { module: PilotModule, providers: [{ provide: Discovery, useValue: discovery }], exports: [Discovery] };
}

/** How this replica is called in receipts, and where its debug pages are. */
function describeReplica(settings: PilotSettings): { id: string; debug: string } {
  const port = String(settings.monitoringPort);
  const id = settings.pilotId || `${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}-${port}`;
  const host = settings.bindAddress === '0.0.0.0' ? hostname() : settings.bindAddress;
  return { id, debug: `http://${host}:${port}` };
}
