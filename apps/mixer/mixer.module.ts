import { hostname } from 'node:os';
import { Module, type DynamicModule } from '@nestjs/common';
import { compilePolicy } from '@keelson/core/policy';
import { HandlerPool, makeAdapters } from '@keelson/edge/adapters';
import { componentIdentity, GrpcServer, type Runtime, type ServiceOptions } from '@keelson/edge/service';
import { QuietCallLog } from './call-log';
import { LivePolicy } from './calls';
import { folderOf, followConfiguration } from './configuration';
import { MixerMetrics } from './metrics';
import { envoyPolicies } from './envoy-policies';
import { mixerHandlers, mixerMethods } from './mixer-service';
import { PolicyVersions, policyVersionOf } from './policy-versions';
import { mixerSettings, type MixerSettings } from './settings';

/** What one connection may ask at one time. What is more waits at the caller, and not in this process. */
const callsPerConnection = 1024;

@Module({})
class MixerModule {}

/** Wires Mixer: configuration that is compiled once a revision, its handlers, and the calls that they answer. */
function mixerModule(runtime: Runtime<MixerSettings>): DynamicModule {
  const { settings, log, health } = runtime;
  const { trustDomain, rootNamespace } = settings;
  const alone = settings.insecure || folderOf(settings.configStoreUrl) !== undefined;
  const identity = alone ? undefined : componentIdentity(runtime, 'mixer');
  const { adapters, stop } = makeAdapters({ host: settings.bindAddress, prometheusPort: settings.prometheusPort, log });
  const pool = new HandlerPool(adapters, { log });
  const callLog = new QuietCallLog(log);
  const trust = identity && { trustDomain, rootNamespace };
  const metrics = new MixerMetrics(runtime.metrics);
  let policy: LivePolicy | undefined;

  const grpc = new GrpcServer({ log, maxReceiveBytes: settings.maxMessageSize, maxStreams: callsPerConnection });
  grpc.addService(
    mixerMethods,
    mixerHandlers({
      policy: () => policy,
      log: callLog,
      maxWaiting: settings.maxConcurrentStreams,
      trust,
    }),
  );
  const policies = envoyPolicies({ policy: () => policy, callLog, log, trust });
  grpc.addService(policies.methods, policies.handlers);
  metrics.follow(policies.counters);
  runtime.onStop(async () => {
    await policies.settled();
    await pool.close();
    await stop();
  });
  const versions = new PolicyVersions();
  grpc.addService(versions.methods, versions.handlers);
  health.set('configuration', false, `not loaded yet from ${settings.configStoreUrl}`);
  runtime.serve({
    name: 'mixer',
    // Nobody is answered before everything is loaded: a request would pass that a rule refuses.
    start: async () => {
      const sinkId = `${hostname()}-${settings.monitoringPort}`;
      await followConfiguration(runtime, { identity, sinkId }, (revision, objects) => {
        const plan = compilePolicy(objects, adapters, rootNamespace);
        for (const problem of plan.problems) log.warn({ revision, ...problem }, 'configuration that is left out');
        for (const warning of plan.warnings)
          log.warn({ revision, ...warning }, 'configuration that does not do all that it says');
        policy = new LivePolicy(plan, pool.open(plan));
        versions.set(policyVersionOf(objects));
        metrics.configured(plan);
        log.info({ revision, rules: plan.rules.length, handlers: plan.handlers.size }, 'configuration taken up');
      });
      health.set('configuration', true);
      const port = await grpc.listen({
        host: settings.bindAddress,
        port: settings.grpcPort,
        flag: '--grpc-port',
        tls: identity,
        clientCert: 'require',
      });
      runtime.ports.set('grpc', port);
    },
    stop: async () => {
      const closed = grpc.stop();
      versions.stop();
      await closed;
    },
  });
  return { module: MixerModule };
}

/** The service as it is started. */
export const mixer: ServiceOptions<typeof mixerSettings.declarations> = {
  name: 'mixer',
  settings: mixerSettings,
  monitoringPort: (values) => values.monitoringPort,
  module: mixerModule,
};
