import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Cluster } from '@keelson/api/envoy/config/cluster/v3/cluster';
import { Listener } from '@keelson/api/envoy/config/listener/v3/listener';
import { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { issuerOf, makeRoot, parseCsr, signLeaf, spkiHash, type Issuer } from '@keelson/core/pki';
import {
  createCertificate,
  createLog,
  GrpcServer,
  grpcMethod,
  peerOf,
  SettableIdentity,
  type TlsIdentity,
} from '@keelson/edge/service';
import { RegisteredWorkloads } from '@keelson/edge/platforms';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';

const log = createLog('stand-in', 'silent');
const types = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
};

/** A root, and certificates that it signs. */
export class TestRoot {
  readonly pem: string;
  private readonly issuer: Issuer;

  constructor() {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const now = Date.now();
    const validity = { notBefore: now - 60_000, notAfter: now + 3_600_000 };
    this.pem = makeRoot(key, { trustDomain: 'cluster.local', commonName: 'test root', validity });
    this.issuer = issuerOf(this.pem, key);
  }

  /** Signs for names, for a key that is given or made. */
  issue(
    names: { uris?: string[]; dns?: string[]; ips?: string[] },
    lifeMs = 3_600_000,
  ): { chain: string; key: string } {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    return {
      chain: this.sign(createPublicKey(key), names, lifeMs),
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  sign(publicKey: ReturnType<typeof createPublicKey>, names: { uris?: string[] }, lifeMs: number): string {
    const now = Date.now();
    return signLeaf(this.issuer, { publicKey, names, validity: { notBefore: now - 10_000, notAfter: now + lifeMs } });
  }

  identity(names: { uris?: string[]; dns?: string[]; ips?: string[] }): TlsIdentity {
    return new SettableIdentity({ ...this.issue(names), roots: this.pem });
  }

  get pin(): string {
    return spkiHash(this.issuer.certificate.publicKey);
  }
}

/** A Citadel that signs for whoever has its one token, and for whom it signed before. */
export class StandInCitadel {
  readonly token: string;
  readonly issued: { identity: string; by: 'token' | 'certificate' }[] = [];
  private readonly server = new GrpcServer({ log });

  constructor(
    private readonly root: TestRoot,
    private readonly identity: string,
    private readonly lifeMs: number,
  ) {
    this.token = `kt1.${randomBytes(8).toString('hex')}.${randomBytes(32).toString('base64url')}.${root.pin}`;
    this.server.addService(
      { createCertificate },
      {
        createCertificate: (request, call) => {
          const caller = peerOf(call)?.spiffeIds[0];
          const byToken = call.metadata.get('authorization')[0] === `Bearer ${this.token}`;
          if (caller === undefined && !byToken) throw new Error('nobody');
          const uri = caller ?? this.identity;
          this.issued.push({ identity: uri, by: caller === undefined ? 'token' : 'certificate' });
          return {
            certChain: [this.root.sign(parseCsr(request.csr ?? ''), { uris: [uri] }, this.lifeMs), this.root.pem],
          };
        },
      },
    );
  }

  async listen(): Promise<string> {
    const tls = this.root.identity({ dns: ['localhost'], ips: ['127.0.0.1'] });
    return `127.0.0.1:${await this.server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'optional' })}`;
  }

  async stop(): Promise<void> {
    await this.server.stop(0);
  }
}

const deltaAds = grpcMethod(
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  'bidi',
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
);

/** A Pilot that sends the same clusters and listeners to whoever asks, and takes registrations. */
export class StandInPilot {
  readonly nodes: string[] = [];
  readonly callers: string[] = [];
  readonly workloads: RegisteredWorkloads;
  private readonly server = new GrpcServer({ log });

  constructor(
    private readonly listeners: () => Listener[],
    ttlMs = 30_000,
  ) {
    this.workloads = new RegisteredWorkloads({ trustDomain: 'cluster.local', ttlMs, servicesOf: () => [], log });
    this.server.addService(this.workloads.methods, this.workloads.handlers);
    this.server.addService(
      { deltaAds },
      {
        deltaAds: (call) => {
          this.stream(call);
        },
      },
    );
  }

  /** Opens the port; plaintext without a root. */
  async listen(root: TestRoot | undefined, port = 0): Promise<number> {
    await this.workloads.start();
    const identity = root?.identity({
      dns: ['istiod.istio-system.svc'],
      ips: ['127.0.0.1'],
      uris: ['spiffe://cluster.local/ns/istio-system/sa/pilot'],
    });
    return this.server.listen({
      host: '127.0.0.1',
      port,
      ...(identity ? { tls: identity, clientCert: 'require' as const } : {}),
    });
  }

  async stop(): Promise<void> {
    await this.workloads.stop();
    await this.server.stop(0);
  }

  private stream(call: ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>): void {
    const asked = new Set<string>();
    call.on('data', (request: DeltaDiscoveryRequest) => {
      if (request.node?.id) {
        this.nodes.push(request.node.id);
        this.callers.push(peerOf(call)?.spiffeIds[0] ?? '');
      }
      const type = request.typeUrl ?? '';
      if (asked.has(type)) return;
      asked.add(type);
      const found =
        type === types.cluster
          ? [{ name: 'nothing', body: Cluster.encode({ name: 'nothing' }).finish() }]
          : type === types.listener
            ? this.listeners().map((each) => ({ name: each.name ?? '', body: Listener.encode(each).finish() }))
            : [];
      call.write({
        typeUrl: type,
        nonce: `${asked.size}`,
        resources: found.map(({ name, body }) => ({ name, version: '1', resource: { typeUrl: type, value: body } })),
      });
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());
  }
}
