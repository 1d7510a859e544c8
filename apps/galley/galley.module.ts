import { resolve } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { problemError } from '@keelson/core/problems';
import { adapters } from '@keelson/edge/adapters';
import { maxMessageBytes, mcpSourceService, ResourceStore } from '@keelson/edge/mcp';
import {
  componentIdentity,
  componentNats,
  SettingsError,
  GrpcServer,
  HttpServer,
  type Runtime,
  type TlsIdentity,
} from '@keelson/edge/service';
import { OperatorRoutes } from './api/operators';
import { ReadRoutes } from './api/read-routes';
import { WriteRoutes } from './api/write-routes';
import { Configuration } from './configuration';
import { FolderSource } from './folder/folder-source';
import { McpFeed, servedCollections } from './mcp-feed';
import { admitReaders } from './mcp-readers';
import { ReceiptBook } from './receipts/receipt-book';
import { takeReceipts } from './receipts/receipts-intake';
import type { GalleySettings } from './settings';

@Module({})
class GalleyModule {}

/** Wires Galley: the log and its fold in the middle, operators and a folder that write, sinks and receipts that read. */
export function galleyModule(runtime: Runtime<GalleySettings>): DynamicModule {
  const { settings, log, health, signal } = runtime;
  const inMemory = logKind(settings) === 'memory';
  const identity = componentIdentity(runtime, 'galley');
  const link = inMemory ? undefined : componentNats(runtime, 'galley', identity);
  if (!inMemory && !link)
    throw new SettingsError('--nats-url is needed for --config-log nats; or use --config-log memory');
  const scope = { domainSuffix: settings.domainSuffix, rootNamespace: settings.rootNamespace };
  const store = new ResourceStore(servedCollections);
  const receipts = new ReceiptBook();
  const metrics = makeMetrics(runtime);

  if (link)
    takeReceipts({
      link,
      book: receipts,
      log,
      signal,
      onNack: () => {
        metrics.proxyNacks.inc();
      },
    });
  else receipts.settle();

  let configuration: Configuration | undefined;
  runtime.serve({
    name: 'configuration',
    start: async () => {
      let live = false;
      configuration = await Configuration.open({
        link,
        dataDir: inMemory ? undefined : runtime.openDataDir(),
        replicas: settings.configReplicas,
        scope,
        // Only judged with: none of them is opened here.
        adapters,
        listeners: [
          new McpFeed(store, log),
          {
            onCommit: ({ revision, after }) => {
              receipts.committed(revision, live);
              metrics.objects.set(after.size);
            },
            onLoaded: () => (live = true),
            onReplaced: () => (live = false),
          },
        ],
        log,
        health,
        onBroken: () => {
          runtime.shutdown(1, 'the log cannot be followed');
        },
        signal,
      });
      if (settings.configDir !== '') followFolder(runtime, configuration, scope);
    },
    stop: () => undefined,
  });
  serveMcp(runtime, store, identity, metrics);
  const api = new HttpServer({ log, bodyLimit: settings.maxApplyBytes });
  const routes = new OperatorRoutes(api, identity && componentId(settings, 'operator'));
  const current = (): Configuration => {
    if (!configuration) throw problemError('unavailable', 'the log is not open yet; try again in a moment');
    return configuration;
  };
  new ReadRoutes({ configuration: current, receipts }).register(routes);
  new WriteRoutes({ configuration: current, scope, maxApplyBytes: settings.maxApplyBytes, ...metrics }).register(
    routes,
  );
  runtime.serve({
    name: 'api',
    start: async () => {
      const { bindAddress: host, apiPort: port } = settings;
      const bound = await api.listen({ host, port, flag: '--api-port', tls: identity, clientCert: 'optional' });
      log.info({ port: bound }, 'the API is served');
    },
    stop: () => api.stop(),
  });
  return { module: GalleyModule };
}

function serveMcp(
  runtime: Runtime<GalleySettings>,
  store: ResourceStore,
  identity: TlsIdentity | undefined,
  metrics: Metrics,
): void {
  const { settings, log } = runtime;
  const { methods, handlers } = mcpSourceService({
    store,
    ...(identity ? { admit: admitReaders(settings.mcpReaders.map((account) => componentId(settings, account))) } : {}),
    onRefused: ({ collection, revision, message }, peer) => {
      metrics.sinkNacks.inc({ collection });
      log.warn({ collection, revision, peer, reason: message }, 'a sink refused a response');
    },
    onStreams: (open) => {
      metrics.sinks.set(open);
    },
  });
  const server = new GrpcServer({ log, maxReceiveBytes: maxMessageBytes });
  server.addService(methods, handlers);
  runtime.serve({
    name: 'mcp',
    start: async () => {
      const { bindAddress: host, mcpPort: port } = settings;
      const bound = await server.listen({ host, port, flag: '--mcp-port', tls: identity, clientCert: 'require' });
      log.info({ port: bound }, 'MCP is served');
    },
    stop: () => server.stop(),
  });
}

function followFolder(
  runtime: Runtime<GalleySettings>,
  configuration: Configuration,
  scope: { domainSuffix: string; rootNamespace: string },
): void {
  const { settings, log, health, signal } = runtime;
  const dir = resolve(settings.configDir);
  const owner = `folder:${settings.configDirId || dir}`;
  new FolderSource({ dir, owner, configuration, scope, log, health, signal });
}

interface Metrics {
  sinks: Gauge;
  sinkNacks: Counter<'collection'>;
  proxyNacks: Counter;
  objects: Gauge;
  passed: Counter;
  failed: Counter;
}

/** Names that users of Istio's Galley know, and two of our own. */
function makeMetrics({ metrics }: Runtime<GalleySettings>): Metrics {
  const registers = [metrics];
  return {
    sinks: new Gauge({ name: 'galley_mcp_source_clients_total', help: 'Connected sinks.', registers }),
    sinkNacks: new Counter({
      name: 'galley_mcp_source_request_nacks_total',
      help: 'Responses that sinks refused.',
      labelNames: ['collection'],
      registers,
    }),
    passed: new Counter({ name: 'galley_validation_passed', help: 'Requests that were accepted.', registers }),
    failed: new Counter({ name: 'galley_validation_failed', help: 'Requests that were refused.', registers }),
    proxyNacks: new Counter({ name: 'keelson_proxy_nacks_total', help: 'Responses that proxies refused.', registers }),
    objects: new Gauge({ name: 'keelson_config_objects', help: 'Objects in the newest snapshot.', registers }),
  };
}

function logKind({ configLog }: GalleySettings): 'nats' | 'memory' {
  if (configLog === 'nats' || configLog === 'memory') return configLog;
  throw new SettingsError(`--config-log: ${JSON.stringify(configLog)} is neither nats nor memory`);
}

function componentId({ trustDomain, rootNamespace }: GalleySettings, component: string): string {
  return `spiffe://${trustDomain}/ns/${rootNamespace}/sa/${component}`;
}
