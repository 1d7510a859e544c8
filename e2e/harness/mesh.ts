import { EchoApplication } from './echo';
import { endLeftovers } from './leftovers';
import {
  identify,
  serviceYaml,
  ServicePorts,
  sidecarYaml,
  yamlOf,
  type WorkloadIdentity,
  type WorkloadOptions,
} from './services';
import type { Site } from './site';
import type { TestProcess } from './test-process';
import { until } from './until';
import { Workload } from './workload';

/** Set by environment.cjs. */
declare const failedTests: readonly string[];

/** A mesh under test, whatever its control plane consists of. */
export abstract class Mesh {
  readonly ports = new ServicePorts();
  protected readonly known = new Map<string, Workload>();
  private readonly services = new Set<string>();
  private killed = false;

  protected constructor(protected readonly site: Site) {}

  /** Where this mesh keeps its files. */
  get folder(): string {
    return this.site.folder;
  }

  /** Applies configuration and waits until every proxy has it. */
  abstract apply(yaml: string): Promise<unknown>;

  /** What a workload needs besides its Sidecar to be an endpoint of its service. */
  protected abstract endpointYaml(workload: WorkloadIdentity): string[];

  /** The process of a workload's proxy. */
  protected abstract proxyOf(
    workload: WorkloadIdentity,
    role: 'sidecar' | 'router',
    options: WorkloadOptions,
  ): Promise<TestProcess>;

  /** Processes of the control plane, in the order in which they stop. */
  protected abstract controlPlane(): readonly TestProcess[];

  /** Starts workloads side by side and waits until those that call each other know each other's endpoints. */
  async workloads<const Name extends string>(
    wanted: Readonly<Record<Name, WorkloadOptions>>,
  ): Promise<Record<Name, Workload>> {
    const started = await this.startWorkloads(wanted);
    await until('every caller knows the endpoints of what it calls', 15_000, () => this.endpointsKnown());
    return started;
  }

  /** Starts workloads side by side, each with an application and a proxy, and makes their services known. */
  async startWorkloads<const Name extends string>(
    wanted: Readonly<Record<Name, WorkloadOptions>>,
  ): Promise<Record<Name, Workload>> {
    const entries = Object.entries<WorkloadOptions>(wanted);
    const planned = await Promise.all(
      entries.map(async ([name, options]) => ({
        identity: identify(name, options, this.site.address()),
        options,
        application: await new EchoApplication(name).start(),
      })),
    );
    const services = new Set(planned.flatMap(({ identity }) => [identity.app, ...identity.calls]));
    const documents = [...services]
      .filter((service) => !this.services.has(service) && !service.includes('.'))
      .map((service) => serviceYaml(service, this.ports.of(service)));
    for (const service of services) this.services.add(service);
    for (const { identity, options, application } of planned)
      documents.push(
        sidecarYaml(identity, this.ports, application.port, options.ingress),
        ...this.endpointYaml(identity),
      );
    await this.apply(yamlOf(documents));
    const started = await Promise.all(
      planned.map(({ identity, options, application }) =>
        this.startWorkload(identity, 'sidecar', options, application),
      ),
    );
    return Object.fromEntries(started.map((workload) => [workload.name, workload])) as Record<Name, Workload>;
  }

  /** Starts one workload. */
  async workload(name: string, options: WorkloadOptions = {}): Promise<Workload> {
    return (await this.workloads({ [name]: options }))[name]!;
  }

  /** Starts a gateway; Gateways select it by `istio: <name>`. */
  async gateway(name: string, options: WorkloadOptions = {}): Promise<Workload> {
    const identity = identify(name, { ...options, labels: { istio: name, ...options.labels } }, this.site.address());
    return this.startWorkload(identity, 'router', options, undefined);
  }

  /** A free port for whatever a scenario needs one for. */
  freePort(): Promise<number> {
    return this.site.port();
  }

  /** Tells that processes were killed on purpose, so that what they left behind is not a fault. */
  expectLeftovers(): void {
    this.killed = true;
  }

  /** Stops everything and checks that nothing is left. */
  async stop(): Promise<void> {
    const failed = typeof failedTests !== 'undefined' && failedTests.length > 0;
    const problems: string[] = [];
    const attempt = async (stop: () => Promise<void>): Promise<void> => {
      await stop().catch((error: unknown) => {
        problems.push(error instanceof Error ? error.message : String(error));
      });
    };
    await Promise.all([...this.known.values()].map((workload) => attempt(() => workload.stop())));
    for (const process of this.controlPlane()) await attempt(() => process.stop());
    const left = endLeftovers(this.folder);
    if (left.length > 0 && !this.killed) problems.push(`left running:\n${left.join('\n')}`);
    if (failed || problems.length > 0) {
      const processes = [...this.controlPlane(), ...[...this.known.values()].map(({ process }) => process)];
      process.stderr.write(`${processes.map((each) => each.logTail()).join('\n')}\nlogs: ${this.folder}\n`);
    }
    this.site.release(failed || problems.length > 0);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  private async endpointsKnown(): Promise<boolean> {
    const running = [...this.known.values()].filter(({ process }) => process.running);
    const checks = running.flatMap((caller) =>
      caller.identity.calls.map(async (service) => {
        const members = await caller.admin.stat(
          `^cluster\\.outbound\\|${this.ports.of(service)}\\|\\|${service}\\..*\\.membership_healthy$`,
        );
        return members >= running.filter(({ identity }) => identity.app === service).length;
      }),
    );
    return (await Promise.all(checks)).every(Boolean);
  }

  private async startWorkload(
    identity: WorkloadIdentity,
    role: 'sidecar' | 'router',
    options: WorkloadOptions,
    application: EchoApplication | undefined,
  ): Promise<Workload> {
    const process = await this.proxyOf(identity, role, options);
    const workload = new Workload(identity, process, application, this.ports);
    this.known.set(identity.name, workload);
    await process.start();
    return workload;
  }
}
