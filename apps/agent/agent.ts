import { Health as WireHealth } from '@keelson/api/keelson/workload/v1/workload';
import {
  FatalError,
  findBinary,
  Health,
  lockDir,
  makePrivateDir,
  obtainIdentity,
  writePrivateFile,
  type Logger,
  type TlsIdentity,
} from '@keelson/edge/service';
import { X509Certificate } from 'node:crypto';
import { join, resolve } from 'node:path';
import { AgentHttp } from './agent-http';
import { Application } from './application';
import { EnvoyAdmin } from './envoy/admin';
import { bootstrapOf } from './envoy/bootstrap';
import { EnvoyProcess } from './envoy/envoy-process';
import { checkPortIsFree } from './envoy/free-port';
import { nodeOf } from './envoy/node';
import { askReadiness, notReady, type Readiness } from './envoy/readiness';
import { AgentMetrics } from './metrics/agent-metrics';
import { MergedMetrics } from './metrics/merged-metrics';
import { MixerClient } from './mixer/mixer-client';
import { ownAttributes, peerText } from './mixer/own-attributes';
import { socketPath } from './processes/socket-path';
import { Registration } from './registration/registration';
import { CredentialFiles } from './secrets/credential-files';
import { SecretServer } from './secrets/secret-server';
import { SecretTable } from './secrets/secret-table';
import type { AgentOptions } from './settings';

const pollMs = { starting: 100, ready: 2_000 };
const deregistrationMs = 2_000;
const stopGraceMs = 10_000;

/** One workload's agent: its identity, its Envoy, its registration and its application, from start to stop. */
export class Agent {
  /** Resolves with the exit code when everything has stopped. */
  readonly ended: Promise<number>;
  private readonly health = new Health();
  private readonly metrics = new AgentMetrics();
  private readonly secrets = new SecretTable();
  private readonly admin: EnvoyAdmin;
  private readonly endings: (() => Promise<void> | void)[] = [];
  private readonly startedAt = Date.now();
  private finish: (exitCode: number) => void = () => undefined;
  private fail: (error: unknown) => void = () => undefined;
  private identity: TlsIdentity | undefined;
  private envoy: EnvoyProcess | undefined;
  private application: Application | undefined;
  private registration: Registration | undefined;
  private stopping: Promise<void> | undefined;
  private poll: NodeJS.Timeout | undefined;
  private wasReady = false;
  private binary = '';

  constructor(
    private readonly options: AgentOptions,
    private readonly command: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
    private readonly log: Logger,
  ) {
    this.admin = new EnvoyAdmin(options.admin);
    this.ended = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  }

  /** Starts what can start now, and the rest as soon as there is a certificate; rejects where it cannot run at all. */
  async start(): Promise<void> {
    const { values } = this.options;
    this.binary = envoyBinary();
    makePrivateDir(values.dataDir);
    const folder = resolve(values.dataDir, 'agent');
    this.endings.push(lockDir(folder));
    this.setReadiness(notReady('starting'));
    const ports = await this.openHttp();
    this.openIdentity(folder);
    const socket = await this.openSecrets(folder);
    if (this.command.length > 0) {
      this.application = new Application(
        this.command,
        join(folder, 'application.json'),
        this.env,
        this.log,
        (exitCode) => void this.stop('SIGTERM', exitCode),
      );
      if (!values.holdApplication) await this.application.start();
    }
    const mixerSocket = await this.openMixer(folder);
    this.startProxy(folder, { secretSocket: socket, mixerSocket }, ports.metricsPort).catch((error: unknown) => {
      this.fail(error);
    });
  }

  /** Whether a stop has begun. */
  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Stops in order: out of the mesh, connections drained, application, Envoy. The signal goes to the application. */
  stop(signal: NodeJS.Signals, exitCode?: number): Promise<void> {
    this.stopping ??= this.stopAll(signal, exitCode).then((code) => {
      this.finish(code);
    });
    return this.stopping;
  }

  /** Ends Envoy and the application at once. */
  async kill(): Promise<void> {
    await Promise.all([this.application?.stop('SIGKILL', 0), this.envoy?.stop(0)]);
  }

  /** Forwards a signal to the application. A hang-up without one ends the agent, as it would any program. */
  forward(signal: NodeJS.Signals): void {
    if (this.application) this.application.signal(signal);
    else if (signal === 'SIGHUP') void this.stop(signal);
  }

  private async openHttp(): Promise<{ metricsPort: number }> {
    const { values, workload } = this.options;
    const merged = new MergedMetrics(this.admin, this.metrics, values.appMetricsUrl || undefined, this.log);
    const http = new AgentHttp({
      host: workload.address,
      metricsPort: values.metricsPort,
      readinessPort: values.readinessPort,
      health: this.health,
      metrics: () => merged.text(),
      onQuit: () => void this.stop('SIGTERM'),
      log: this.log,
    });
    this.endings.push(() => {
      http.stop();
    });
    return http.listen();
  }

  private openIdentity(folder: string): void {
    const { values, tokenFile, rootCertFile } = this.options;
    if (values.insecure) return;
    const identity = obtainIdentity({
      citadelAddress: values.citadelAddress,
      ...(values.joinToken === '' ? { tokenFile } : { token: values.joinToken }),
      rootCertFile,
      dir: folder,
      ...(values.certTtl > 0 ? { ttlMs: values.certTtl } : {}),
      log: this.log,
    });
    this.identity = identity;
    const serve = ({ key, chain, roots }: { key: string; chain: string; roots: string }): void => {
      this.secrets.put('ROOTCA', { roots });
      this.secrets.put('default', { chain, key });
      this.metrics.certificate('default', Date.parse(new X509Certificate(chain).validTo));
    };
    identity.onChange(serve);
    void identity.ready().then(() => {
      serve(identity.current());
    });
    this.endings.push(() => {
      identity.stop();
    });
  }

  private async openSecrets(folder: string): Promise<string> {
    const socket = socketPath(folder, 'sds.sock');
    const server = new SecretServer(this.secrets, this.log);
    await server.listen(socket);
    this.endings.push(() => server.stop());
    if (this.options.values.credentialsDir !== '') {
      const files = new CredentialFiles(this.options.values.credentialsDir, this.secrets, this.log);
      files.start();
      this.endings.push(() => {
        files.stop();
      });
    }
    return socket;
  }

  /** Asks Mixer for the proxy, where there is one. */
  private async openMixer(folder: string): Promise<string | undefined> {
    const { values, workload, mixer } = this.options;
    if (mixer === undefined) return undefined;
    const client = new MixerClient({
      address: mixer,
      identity: this.identity,
      mixerId: `spiffe://${values.trustDomain}/ns/${values.rootNamespace}/sa/mixer`,
      trustDomain: values.trustDomain,
      workload,
      log: this.log,
    });
    const socket = socketPath(folder, 'mixer.sock');
    await client.start(socket);
    this.metrics.followMixer(client.counters);
    this.endings.push(() => client.stop());
    return socket;
  }

  private async startProxy(
    folder: string,
    { secretSocket, mixerSocket }: { secretSocket: string; mixerSocket: string | undefined },
    metricsPort: number,
  ): Promise<void> {
    const { values, workload } = this.options;
    const waiting = `no certificate from Citadel at ${values.citadelAddress} yet`;
    if (this.identity) {
      this.setReadiness(notReady(waiting));
      await this.identity.ready();
      if (this.isStopping) return;
    }
    const node = nodeOf(workload, values.domainSuffix, mixerSocket !== undefined);
    const bootstrap = bootstrapOf({
      node,
      admin: this.options.admin,
      agent: { host: workload.address, port: metricsPort },
      pilots: this.options.pilots,
      pilotName: this.options.pilotName,
      xdsMode: this.options.xdsMode,
      secretSocket,
      mixerSocket,
      domainSuffix: values.domainSuffix,
      maxConnections: values.maxConnections,
    });
    const peer = peerText(ownAttributes(workload, values.trustDomain, 'source'));
    const bootstrapFile = join(folder, 'bootstrap.json');
    writePrivateFile(bootstrapFile, `${JSON.stringify(bootstrap, undefined, 2)}\n`);
    this.envoy = new EnvoyProcess({
      binary: this.binary,
      args: envoyArguments(this.options, bootstrapFile),
      recordFile: join(folder, 'envoy.json'),
      purpose: JSON.stringify([
        node.id,
        this.options.admin,
        secretSocket,
        ...(mixerSocket === undefined ? [] : [peer]),
      ]),
      output: values.envoyLogFile || join(folder, 'envoy.log'),
      env: mixerSocket === undefined ? this.env : { ...this.env, ISTIO_ATTRIBUTES: peer },
      check: () => checkPortIsFree({ ...this.options.admin, flag: '--admin-port' }),
      log: this.log,
    });
    await this.envoy.start();
    this.watchReadiness();
  }

  private watchReadiness(): void {
    const look = async (): Promise<void> => {
      const readiness = this.envoy?.running ? await askReadiness(this.admin) : notReady('Envoy does not run');
      if (this.isStopping) return;
      this.metrics.envoyCrashes.set(this.envoy?.crashes ?? 0);
      this.setReadiness(readiness);
      if (readiness.ready && !this.wasReady) await this.onFirstReady();
      this.registration?.setHealth(readiness.ready ? WireHealth.HEALTHY : WireHealth.UNHEALTHY);
      this.poll = setTimeout(() => void look(), readiness.ready ? pollMs.ready : pollMs.starting);
    };
    void look();
  }

  private setReadiness({ ready, missing }: Readiness): void {
    const before = JSON.stringify(this.health.report());
    this.health.set('proxy', ready, missing.join('; '));
    this.metrics.ready.set(ready ? 1 : 0);
    if (!ready && before !== JSON.stringify(this.health.report())) this.log.info({ missing }, 'not ready');
  }

  private async onFirstReady(): Promise<void> {
    this.wasReady = true;
    const ms = Date.now() - this.startedAt;
    this.metrics.startup.set(ms / 1000);
    this.log.info({ ms }, 'the proxy is ready');
    await this.application?.start();
    this.openRegistration();
  }

  private openRegistration(): void {
    const { values, workload, pilotName } = this.options;
    if (!values.register || Object.keys(workload.ports).length === 0) return;
    if (!this.identity || pilotName === undefined) {
      this.log.info('without mutual TLS to Pilot the workload is not registered: it could not be believed');
      return;
    }
    this.registration = new Registration({
      addresses: values.pilotAddress,
      identity: this.identity,
      pilotId: `spiffe://${values.trustDomain}/ns/${values.rootNamespace}/sa/pilot`,
      workload: {
        uid: workload.uid,
        name: workload.name,
        address: workload.address,
        ports: { ...workload.ports },
        labels: { ...workload.labels },
        cluster: workload.cluster,
        network: workload.network,
        locality: workload.locality,
        weight: values.weight,
      },
      log: this.log,
      onRegistered: (registered) => {
        this.metrics.registered.set(registered ? 1 : 0);
      },
    });
    this.registration.start();
  }

  private async stopAll(signal: NodeJS.Signals, exitCode: number | undefined): Promise<number> {
    this.log.info({ signal }, 'stopping');
    clearTimeout(this.poll);
    this.setReadiness(notReady('stopping'));
    await this.registration?.stop(deregistrationMs);
    if (this.envoy?.running && this.wasReady && this.options.values.drainDuration > 0) {
      await this.admin.drain().catch((error: unknown) => {
        this.log.warn({ reason: String(error) }, 'Envoy could not be told to drain');
      });
      await new Promise((resolve) => setTimeout(resolve, this.options.values.drainDuration));
    }
    const applicationCode = await this.application?.stop(signal, stopGraceMs);
    await this.envoy?.stop(stopGraceMs);
    for (const end of this.endings.splice(0).reverse()) await end();
    return exitCode ?? applicationCode ?? 0;
  }
}

function envoyBinary(): string {
  try {
    return findBinary('envoy');
  } catch (error) {
    throw new FatalError(error instanceof Error ? error.message : String(error));
  }
}

function envoyArguments({ values }: AgentOptions, bootstrapFile: string): string[] {
  const drain = Math.max(1, Math.round(values.envoyDrainTime / 1000));
  return [
    ...['--config-path', bootstrapFile],
    '--disable-hot-restart',
    ...['--drain-time-s', String(drain)],
    ...['--drain-strategy', 'immediate'],
    ...['--parent-shutdown-time-s', String(drain + 15)],
    ...['--local-address-ip-version', 'v4'],
    ...['--file-flush-interval-msec', '1000'],
    ...['--concurrency', String(values.concurrency)],
    ...['--log-level', values.envoyLogLevel],
    ...['--log-format', '%Y-%m-%dT%T.%eZ\t%l\tenvoy %n %g:%#\t%v'],
  ];
}
