import { Module, type DynamicModule } from '@nestjs/common';
import { formatSpiffeId, isTrustDomain } from '@keelson/core/pki';
import { authorities } from '@keelson/edge/authorities';
import {
  connectNats,
  createCertificate,
  defaultTlsNames,
  FatalError,
  GrpcServer,
  HttpServer,
  type Runtime,
  type ServiceOptions,
} from '@keelson/edge/service';
import { join } from 'node:path';
import { adminRoutes } from './admin-api';
import { BootstrapFolder } from './bootstrap-folder';
import { CertificateIndex } from './certificate-index';
import { CertificateService } from './certificate-service';
import { IssuedIdentity } from './issued-identity';
import { Issuer } from './issuer';
import { Ledger } from './ledger';
import { CitadelMetrics } from './metrics';
import { claimRoot } from './root-claim';
import { citadelSettings, type CitadelSettings } from './settings';
import { TokenStore } from './token-store';

/** The largest certificate request that is taken in; a real one has 1 KiB. */
const maxRequestBytes = 64 * 1024;
const maxAdminBodyBytes = 64 * 1024;
/** A client asks for one certificate at a time; 32 also serve one that asks for many workloads. */
const callsPerConnection = 32;
/** Anybody may connect and ask: requests that are not sent to their end must not fill the memory. This is 64 MiB of them. */
const maxUnfinishedRequests = 1024;

@Module({})
export class CitadelModule {
  static forRuntime(runtime: Runtime<CitadelSettings>): DynamicModule {
    const { settings, log } = runtime;
    const { trustDomain, rootNamespace } = settings;
    if (!isTrustDomain(trustDomain))
      throw new FatalError(`--trust-domain: ${JSON.stringify(trustDomain)} is not a trust domain`);
    const dir = runtime.openDataDir();
    const authority = authorities['self-signed']({ dir, trustDomain });
    const index = new CertificateIndex();
    const tokens = new TokenStore(join(dir, 'tokens.json'), authority.rootPin);
    const names = settings.tlsNames.length > 0 ? settings.tlsNames : defaultTlsNames('citadel', rootNamespace);
    const ledger = new Ledger({ file: join(dir, 'ledger-pending.jsonl'), index, log });
    const issuer = new Issuer(authority, ledger, {
      defaultMs: settings.workloadCertTtl,
      maxMs: settings.maxWorkloadCertTtl,
    });
    const own = { trustDomain, namespace: rootNamespace, serviceAccount: 'citadel' };
    const identity = new IssuedIdentity(issuer, { identity: own, serverNames: names, ttlMs: 0 }, log);
    // Citadel is ready without NATS, since NATS gets its certificate from here.
    const link =
      settings.natsUrl === ''
        ? undefined
        : connectNats({ url: settings.natsUrl, prefix: settings.natsPrefix, identity, name: 'citadel', log });
    const bootstrap = new BootstrapFolder({
      dir: join(settings.dataDir, 'bootstrap'),
      issuer,
      tokens,
      trustDomain,
      rootNamespace,
      natsNames: [...new Set([...defaultTlsNames('nats', rootNamespace), ...settings.serverNames])],
      log,
    });
    const service = new CertificateService({
      issuer,
      tokens,
      metrics: new CitadelMetrics(runtime.metrics, authority.notAfter),
      trustDomain,
      rootNamespace,
      furtherNames: settings.serverNames,
    });
    const grpc = new GrpcServer({
      log,
      maxReceiveBytes: maxRequestBytes,
      maxStreams: callsPerConnection,
      maxBodies: maxUnfinishedRequests,
    });
    grpc.addService({ createCertificate }, { createCertificate: (request, call) => service.create(request, call) });
    const admin = new HttpServer({ log, bodyLimit: maxAdminBodyBytes });
    const operator = formatSpiffeId({ trustDomain, namespace: rootNamespace, serviceAccount: 'operator' });
    adminRoutes(admin, { tokens, index, authority, trustDomain, operator });

    runtime.serve({
      name: 'citadel',
      start: async () => {
        await ledger.start(link);
        await identity.start();
        await bootstrap.start();
        const { grpcPort, adminPort, bindAddress: host } = settings;
        const grpcOptions = { host, port: grpcPort, flag: '--grpc-port', tls: identity } as const;
        runtime.ports.set('grpc', await grpc.listen({ ...grpcOptions, clientCert: 'optional' }));
        const adminOptions = { host, port: adminPort, flag: '--admin-port', tls: identity } as const;
        runtime.ports.set('admin', await admin.listen({ ...adminOptions, clientCert: 'require' }));
        log.info({ ports: Object.fromEntries(runtime.ports), root: authority.rootFingerprint }, 'signing certificates');
        if (link === undefined) return;
        void claimRoot(link, authority.rootFingerprint, runtime.signal, log).then((holder) => {
          if (holder === undefined) return;
          log.fatal({ root: authority.rootFingerprint, holder }, 'this mesh belongs to another root');
          runtime.shutdown(1, 'this mesh belongs to another root');
        });
      },
      stop: async () => {
        await grpc.stop();
        await admin.stop();
        bootstrap.stop();
        identity.stop();
        await ledger.stop();
        await link?.stop();
      },
    });
    return { module: CitadelModule, providers: [{ provide: CertificateService, useValue: service }] };
  }
}

/** The service as a process runs it. */
export const citadel: ServiceOptions<typeof citadelSettings.declarations> = {
  name: 'citadel',
  settings: citadelSettings,
  monitoringPort: ({ monitoringPort }) => monitoringPort,
  module: (runtime) => CitadelModule.forRuntime(runtime),
};
