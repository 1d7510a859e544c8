import { Agent } from 'node:http';
import { readFileSync } from 'node:fs';
import type { EchoApplication, Echo } from './echo';
import { EnvoyAdmin } from './envoy-admin';
import { http, type CallOptions, type Reply } from './http';
import { Load, type LoadOptions } from './load';
import { hostOf, type ServicePorts, type WorkloadIdentity } from './services';
import type { TestProcess } from './test-process';
import { until } from './until';

/** One line of an Envoy's access log. */
export type AccessLogLine = Record<string, string | number | null>;

/** A workload of the mesh under test: application, proxy, and the calls that its application makes. */
export class Workload {
  readonly admin: EnvoyAdmin;

  constructor(
    readonly identity: WorkloadIdentity,
    /** The agent with its Envoy, or an Envoy alone. */
    readonly process: TestProcess,
    /** The application; a gateway has none. */
    readonly application: EchoApplication | undefined,
    private readonly ports: ServicePorts,
  ) {
    this.admin = new EnvoyAdmin(`http://${identity.address}:15000`);
  }

  get name(): string {
    return this.identity.name;
  }

  get address(): string {
    return this.identity.address;
  }

  get app(): EchoApplication {
    if (this.application === undefined) throw new Error(`${this.name} has no application`);
    return this.application;
  }

  /** Calls a service as this workload's application would: by the listener on its own address. */
  call(service: string, path = '/', options: CallOptions = {}): Promise<Reply> {
    return http(this.url(service, path), { ...options, headers: { host: hostOf(service), ...options.headers } });
  }

  /** Which workload answers a call. */
  async who(service: string, path = '/', options: CallOptions = {}): Promise<string> {
    const { status, text } = await this.call(service, path, options);
    if (status !== 200) throw new Error(`${service}${path}: HTTP ${status}: ${text.slice(0, 200)}`);
    return (JSON.parse(text) as Echo).workload;
  }

  /** Calls a service steadily until the load is stopped. */
  load(service: string, path: string, options: LoadOptions): Load {
    return new Load(this.url(service, path), { ...options, headers: { host: hostOf(service), ...options.headers } });
  }

  url(service: string, path = '/'): string {
    return `http://${this.address}:${this.ports.of(service)}${path}`;
  }

  /** Where its proxy serves its own application. */
  get inbound(): { host: string; port: number } {
    return { host: this.address, port: this.ports.of(this.identity.app) };
  }

  /** The first line of its Envoy's access log that fits. */
  accessLog(what: string, fits: (line: AccessLogLine) => boolean): Promise<AccessLogLine> {
    return until(`${this.name}: access log of ${what}`, 15_000, () => this.accessLogLines().find(fits));
  }

  accessLogLines(): AccessLogLine[] {
    return readFileSync(this.process.logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"response_code"'))
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as AccessLogLine];
        } catch {
          return [];
        }
      });
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.application?.stop();
  }
}

/** An agent that keeps one connection open, so that what happens to it is seen. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}
