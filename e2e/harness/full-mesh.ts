import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinary, natsServerConfig } from '@keelson/edge/service';
import { component, type ComponentOptions } from './component';
import { GalleyApi, type ApplyResult } from './galley-api';
import { isOk, json, type CallOptions } from './http';
import { endLeftovers } from './leftovers';
import { Mesh } from './mesh';
import { meshctl, type MeshctlRun } from './meshctl';
import { mixerReplica, type MixerReplica } from './mixer-replica';
import type { WorkloadIdentity, WorkloadOptions } from './services';
import { Site } from './site';
import { takesConnections } from './takes-connections';
import { root, TestProcess } from './test-process';
import { grpcMethods, type Listener } from './listener';
import type { Workload } from './workload';

export interface FullMeshOptions {
  galleys?: number;
  pilots?: number;
  /** None by default: then no agent asks one. */
  mixers?: number;
  /** More flags for each component. */
  citadelFlags?: readonly string[];
  galleyFlags?: readonly string[];
  pilotFlags?: readonly string[];
  mixerFlags?: readonly string[];
  agentFlags?: readonly string[];
}

interface GalleyReplica {
  process: TestProcess;
  address: string;
  /** Where Pilots get configuration. */
  mcp: string;
  api: GalleyApi;
}

interface PilotReplica {
  process: TestProcess;
  address: string;
  /** Its debug pages. */
  debug: string;
}

/** STRICT mutual TLS and an access log, as every scenario with identities wants it. */
const base = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
---
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: default, namespace: istio-system }
spec:
  accessLogFile: /dev/stdout
  accessLogEncoding: JSON
`;

/** Citadel, NATS, Galleys and Pilots as processes, and workloads with agent and Envoy. */
export class FullMesh extends Mesh {
  citadel!: TestProcess;
  nats!: TestProcess;
  readonly galleys: GalleyReplica[] = [];
  readonly pilots: PilotReplica[] = [];
  readonly mixers: MixerReplica[] = [];
  private citadelAddress = '';
  private citadelAdmin = '';
  private natsAddress = '';

  private constructor(
    site: Site,
    private readonly options: FullMeshOptions,
  ) {
    super(site);
  }

  static async start(options: FullMeshOptions = {}): Promise<FullMesh> {
    const mesh = new FullMesh(Site.claim(), options);
    try {
      await mesh.startCitadel();
      await mesh.startNats();
      for (let i = 0; i < (options.galleys ?? 1); i++) await mesh.addGalley(`galley${i || ''}`);
      for (let i = 0; i < (options.pilots ?? 1); i++) await mesh.addPilot(`pilot${i || ''}`, i);
      for (let i = 0; i < (options.mixers ?? 0); i++) await mesh.addMixer(`mixer${i || ''}`, i);
      // A Pilot waits for its Galley by itself, and so does a Mixer.
      await Promise.all([...mesh.galleys, ...mesh.pilots, ...mesh.mixers].map(({ process }) => process.start()));
      await mesh.apply(base);
    } catch (error) {
      await mesh.stop().catch(() => undefined);
      throw error;
    }
    return mesh;
  }

  get galley(): GalleyApi {
    const galley = this.galleys.find(({ process }) => process.running);
    if (galley === undefined) throw new Error('no Galley runs');
    return galley.api;
  }

  /** Applies configuration and waits until every proxy has ACKed it. */
  async apply(yaml: string): Promise<ApplyResult> {
    const result = await this.galley.apply(yaml);
    // Before the first proxy there is nobody to wait for, and Galley has not heard of every Pilot yet.
    if (this.known.size > 0) await this.galley.settled(result.revision);
    return result;
  }

  /** Deletes what the documents name, and waits. */
  async delete(yaml: string): Promise<ApplyResult> {
    const result = await this.galley.delete(yaml);
    await this.galley.settled(result.revision);
    return result;
  }

  /** Runs meshctl as a user would. */
  meshctl(...args: string[]): Promise<MeshctlRun> {
    const context = join(this.folder, 'data', 'meshctl.json');
    writeFileSync(
      context,
      JSON.stringify({
        server: this.galley.base,
        citadel: this.citadelAdmin,
        ca: this.bootstrap('root-cert.pem'),
        cert: this.bootstrap('operator-cert.pem'),
        key: this.bootstrap('operator-key.pem'),
      }),
    );
    return meshctl(context, this.folder, args);
  }

  /** Ends a workload's agent and Envoy as a crash of its machine would. */
  async crash(workload: Workload): Promise<void> {
    this.expectLeftovers();
    await workload.process.kill();
    endLeftovers(this.agentFolder(workload.name));
  }

  /** A join token for a service account. */
  async joinToken(namespace: string, serviceAccount: string): Promise<string> {
    const { token } = await json<{ token: string }>(`${this.citadelAdmin}/v1/tokens`, {
      method: 'POST',
      body: JSON.stringify({ namespace, serviceAccount, uses: 10 }),
      headers: { 'content-type': 'application/json' },
      tls: this.operator(),
    });
    return token;
  }

  /** The folder of a gateway's certificates. */
  get credentials(): string {
    return join(this.folder, 'credentials');
  }

  /** Where a proxy's agent keeps its key and certificate. */
  agentFolder(workload: string): string {
    return join(this.folder, 'agents', workload);
  }

  /** Every port of the control plane, and what is served there. */
  listeners(): Listener[] {
    const { galley, pilot, citadel, mixer } = grpcMethods;
    return [
      { name: 'Citadel', address: this.citadelAddress, tls: true, grpc: citadel },
      { name: 'Citadel, administration', address: this.citadelAdmin.replace('https://', ''), tls: true, grpc: [] },
      ...this.galleys.flatMap(({ process: { name }, address, mcp }) => [
        { name: `${name}, API`, address, tls: true, grpc: [] },
        { name: `${name}, MCP`, address: mcp, tls: true, grpc: galley },
      ]),
      ...this.pilots.flatMap(({ process: { name }, address, debug }) => [
        { name, address, tls: true, grpc: pilot },
        { name: `${name}, debug`, address: debug.replace('http://', ''), tls: false, grpc: [] },
      ]),
      ...this.mixers.map(({ process: { name }, address }) => ({ name, address, tls: true, grpc: mixer })),
    ];
  }

  /** The operator's certificate, for who speaks to a port by himself. */
  operator(): NonNullable<CallOptions['tls']> & { ca: Buffer; cert: Buffer; key: Buffer } {
    const file = (name: string): Buffer => readFileSync(this.bootstrap(name));
    return { ca: file('root-cert.pem'), cert: file('operator-cert.pem'), key: file('operator-key.pem') };
  }

  get rootCertificate(): string {
    return readFileSync(this.bootstrap('root-cert.pem'), 'utf8');
  }

  protected endpointYaml(): string[] {
    return [];
  }

  protected async proxyOf(
    workload: WorkloadIdentity,
    role: 'sidecar' | 'router',
    options: WorkloadOptions,
  ): Promise<TestProcess> {
    const tokenFile = join(this.folder, `${workload.name}.token`);
    writeFileSync(tokenFile, await this.joinToken(workload.namespace, workload.serviceAccount), { mode: 0o600 });
    return new TestProcess({
      name: workload.name,
      folder: this.folder,
      command: [
        process.execPath,
        join(root, 'dist', 'apps', 'agent', 'main.js'),
        `--data-dir=${this.agentFolder(workload.name)}`,
        `--citadel-address=${this.citadelAddress}`,
        `--pilot-address=${this.pilots.map(({ address }) => address).join(',')}`,
        ...(this.mixers.length === 0 ? [] : [`--mixer-address=${this.mixers.map(({ address }) => address).join(',')}`]),
        `--join-token-file=${tokenFile}`,
        `--root-cert-file=${this.bootstrap('root-cert.pem')}`,
        `--namespace=${workload.namespace}`,
        `--service-account=${workload.serviceAccount}`,
        `--name=${workload.name}`,
        `--address=${workload.address}`,
        `--labels=${Object.entries(workload.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(',')}`,
        `--role=${role}`,
        '--interception-mode=NONE',
        '--drain-duration=1s',
        '--envoy-drain-time=5s',
        '--envoy-log-file=-',
        '--concurrency=1',
        `--credentials-dir=${this.credentials}`,
        ...(role === 'sidecar' ? [`--ports=http=${this.ports.of(workload.app)}`] : []),
        ...(this.options.agentFlags ?? []),
        ...(options.agentFlags ?? []),
      ],
      ready: () => isOk(`http://${workload.address}:15021/healthz/ready`),
    });
  }

  protected controlPlane(): readonly TestProcess[] {
    return [
      ...this.mixers.map(({ process }) => process),
      ...this.pilots.map(({ process }) => process),
      ...this.galleys.map(({ process }) => process),
      ...[this.nats, this.citadel].filter((process: TestProcess | undefined) => process !== undefined),
    ];
  }

  private async startCitadel(): Promise<void> {
    const [grpc, admin, monitoring] = [await this.site.port(), await this.site.port(), await this.site.port()];
    this.citadelAddress = `127.0.0.1:${grpc}`;
    this.citadelAdmin = `https://127.0.0.1:${admin}`;
    this.natsAddress = `127.0.0.1:${await this.site.port()}`;
    this.citadel = this.component('citadel', 'citadel', join(this.folder, 'data'), monitoring, [
      `--grpc-port=${grpc}`,
      `--admin-port=${admin}`,
      ...(this.options.citadelFlags ?? []),
    ]);
    await this.citadel.start();
  }

  private async startNats(): Promise<void> {
    const folder = join(this.folder, 'nats');
    mkdirSync(folder);
    const [host = '', port] = this.natsAddress.split(':');
    writeFileSync(
      join(folder, 'nats.conf'),
      natsServerConfig({
        host,
        port: Number(port),
        dataDir: join(folder, 'jetstream'),
        certFile: this.bootstrap('nats-cert.pem'),
        keyFile: this.bootstrap('nats-key.pem'),
        caFile: this.bootstrap('root-cert.pem'),
        prefix: 'mesh',
        trustDomain: 'cluster.local',
      }),
    );
    this.nats = new TestProcess({
      name: 'nats',
      folder: this.folder,
      command: [findBinary('nats-server'), '-c', join(folder, 'nats.conf')],
      ready: () => takesConnections(host, Number(port)),
    });
    await this.nats.start();
  }

  private async addGalley(name: string): Promise<void> {
    const [api, mcp, monitoring] = [await this.site.port(), await this.site.port(), await this.site.port()];
    const process = this.component('galley', name, this.dataOf(name), monitoring, [
      `--api-port=${api}`,
      `--mcp-port=${mcp}`,
      '--config-log=nats',
      `--citadel-address=${this.citadelAddress}`,
      ...(this.options.galleyFlags ?? []),
    ]);
    const address = `127.0.0.1:${api}`;
    this.galleys.push({
      process,
      address,
      mcp: `127.0.0.1:${mcp}`,
      api: new GalleyApi(`https://${address}`, () => this.operator()),
    });
  }

  private async addPilot(name: string, number: number): Promise<void> {
    const [grpc, monitoring] = [await this.site.port(), await this.site.port()];
    const process = this.component('pilot', name, this.dataOf(name), monitoring, [
      '--grpc-port=0',
      `--secure-grpc-port=${grpc}`,
      '--http-port=0',
      `--config-source=mcp://${this.galleys[number % this.galleys.length]!.mcp}`,
      `--citadel-address=${this.citadelAddress}`,
      ...(this.options.pilotFlags ?? []),
    ]);
    this.pilots.push({ process, address: `127.0.0.1:${grpc}`, debug: `http://127.0.0.1:${monitoring}` });
  }

  private async addMixer(name: string, number: number): Promise<void> {
    const flags = [
      `--config-store-url=mcp://${this.galleys[number % this.galleys.length]!.mcp}`,
      `--citadel-address=${this.citadelAddress}`,
      ...(this.options.mixerFlags ?? []),
    ];
    this.mixers.push(
      await mixerReplica(this.site, (monitoring, ports) =>
        this.component('mixer', name, this.dataOf(name), monitoring, [...ports, ...flags]),
      ),
    );
  }

  /** A second replica keeps its state elsewhere; the first trust comes from the same folder. */
  private dataOf(name: string): string {
    const folder = join(this.folder, /\d$/.test(name) ? `data-${name}` : 'data');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  private component(
    app: ComponentOptions['app'],
    name: string,
    dataDir: string,
    monitoringPort: number,
    more: readonly string[],
  ): TestProcess {
    const trust = [
      `--join-token-file=${this.bootstrap(`${app}.token`)}`,
      `--root-cert-file=${this.bootstrap('root-cert.pem')}`,
    ];
    const flags = [`--nats-url=tls://${this.natsAddress}`, ...(app === 'citadel' ? [] : trust), ...more];
    return component({ app, name, folder: this.folder, dataDir, monitoringPort, flags });
  }

  /** What Citadel wrote for those who have no certificate yet. */
  private bootstrap(file: string): string {
    return join(this.folder, 'data', 'bootstrap', file);
  }
}
