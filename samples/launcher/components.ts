import { join } from 'node:path';
import { addressOf, type WorkloadSpec } from './workloads';
import type { Flags } from './flags';
import { answersOk, takesConnections } from './probes';
import type { ProcessSpec } from './supervised-process';

/** Where everything lies. */
export interface Places {
  /** The clone. */
  root: string;
  dataDir: string;
  logs: string;
}

const readyWithinMs = 60_000;

/** What the processes of the mesh are started with. */
export class Components {
  constructor(
    private readonly flags: Flags,
    private readonly places: Places,
    private readonly binaries: { natsServer: string; envoy: string },
  ) {}

  citadel(): ProcessSpec {
    const { citadelPort, citadelAdminPort, citadelMonitoringPort } = this.flags;
    return this.app('citadel', citadelMonitoringPort, [
      ['--grpc-port', citadelPort],
      ['--admin-port', citadelAdminPort],
      ['--monitoring-port', citadelMonitoringPort],
    ]);
  }

  nats(configFile: string): ProcessSpec {
    return this.process(
      'nats',
      [this.binaries.natsServer, '-c', configFile],
      takesConnections('127.0.0.1', this.flags.natsPort),
    );
  }

  galley(): ProcessSpec {
    const { galleyPort, mcpPort, galleyMonitoringPort } = this.flags;
    return this.app('galley', galleyMonitoringPort, [
      ['--api-port', galleyPort],
      ['--mcp-port', mcpPort],
      ['--monitoring-port', galleyMonitoringPort],
      ['--config-log', 'nats'],
      ...this.citadelFlags(),
    ]);
  }

  pilot(): ProcessSpec {
    const { pilotPort, pilotMonitoringPort, mcpPort } = this.flags;
    return this.app('pilot', pilotMonitoringPort, [
      ['--grpc-port', 0],
      ['--secure-grpc-port', pilotPort],
      ['--http-port', 0],
      ['--monitoring-port', pilotMonitoringPort],
      ['--config-source', `mcp://127.0.0.1:${mcpPort}`],
      ...this.citadelFlags(),
    ]);
  }

  mixer(): ProcessSpec {
    const { mixerPort, mixerMonitoringPort, prometheusPort, mcpPort } = this.flags;
    return this.app('mixer', mixerMonitoringPort, [
      ['--grpc-port', mixerPort],
      ['--monitoring-port', mixerMonitoringPort],
      ['--prometheus-port', prometheusPort],
      ['--config-store-url', `mcp://127.0.0.1:${mcpPort}`],
      ...this.citadelFlags(),
    ]);
  }

  agent(workload: WorkloadSpec, tokenFile: string): ProcessSpec {
    const address = addressOf(workload, this.flags);
    const { application, service } = workload;
    const port = service && this.flags.applicationPort + service.applicationOffset;
    const script = application && join(this.places.root, 'dist', 'samples', 'bookinfo', 'services', application.script);
    const flags: [string, string | number][] = [
      ['--data-dir', join(this.places.dataDir, 'workloads', workload.name)],
      ['--log-level', this.flags.logLevel],
      ['--citadel-address', `127.0.0.1:${this.flags.citadelPort}`],
      ['--pilot-address', `127.0.0.1:${this.flags.pilotPort}`],
      ['--mixer-address', `127.0.0.1:${this.flags.mixerPort}`],
      ['--join-token-file', tokenFile],
      ['--root-cert-file', join(this.places.dataDir, 'bootstrap', 'root-cert.pem')],
      ['--namespace', workload.namespace],
      ['--service-account', workload.serviceAccount],
      ['--name', workload.name],
      ['--address', address],
      [
        '--labels',
        Object.entries(workload.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
      ],
      ['--role', workload.role],
      ['--interception-mode', 'NONE'],
      // Policies that change take hold of open connections when these have drained; nobody wants to wait 45 s for it here.
      ['--envoy-drain-time', '5s'],
      ['--envoy-log-file', join(this.places.logs, `${workload.name}-envoy.log`)],
      ['--credentials-dir', join(this.places.dataDir, 'credentials')],
    ];
    if (service !== undefined) flags.push(['--ports', `http=${service.port}`]);
    return {
      ...this.process(
        workload.name,
        [
          process.execPath,
          this.script('agent'),
          ...words(flags),
          ...(script === undefined ? [] : ['--', process.execPath, script]),
        ],
        answersOk(`http://${address}:15021/healthz/ready`),
      ),
      env: {
        ...this.environment(),
        ...(port !== undefined && { HOST: '127.0.0.1', PORT: String(port) }),
        ...application?.env(address),
      },
    };
  }

  private app(name: string, monitoringPort: number, flags: [string, string | number][]): ProcessSpec {
    const shared: [string, string | number][] = [
      ['--data-dir', this.places.dataDir],
      ['--log-level', this.flags.logLevel],
      ['--nats-url', `tls://127.0.0.1:${this.flags.natsPort}`],
    ];
    return this.process(
      name,
      [process.execPath, this.script(name), ...words(shared), ...words(flags)],
      answersOk(`http://127.0.0.1:${monitoringPort}/readyz`),
    );
  }

  private process(name: string, command: ProcessSpec['command'], ready: ProcessSpec['ready']): ProcessSpec {
    return {
      name,
      command,
      cwd: this.places.root,
      env: this.environment(),
      logFile: join(this.places.logs, `${name}.log`),
      ready,
      readyWithinMs,
    };
  }

  private citadelFlags(): [string, string | number][] {
    return [['--citadel-address', `127.0.0.1:${this.flags.citadelPort}`]];
  }

  private script(app: string): string {
    return join(this.places.root, 'dist', 'apps', app, 'main.js');
  }

  /** The environment without our own settings: what `npm start` was told is not meant for each component. */
  private environment(): Record<string, string> {
    const kept = Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('KEELSON_'),
    );
    return { ...Object.fromEntries(kept), ENVOY_BIN: this.binaries.envoy, NATS_SERVER_BIN: this.binaries.natsServer };
  }
}

function words(flags: readonly [string, string | number][]): string[] {
  return flags.map(([flag, value]) => `${flag}=${value}`);
}
