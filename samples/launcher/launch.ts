import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { findBinary, lockDir, natsServerConfig, writePrivateFile } from '@keelson/edge/service';
import { setTimeout as pause } from 'node:timers/promises';
import { notAcknowledged, type ProxyRow } from './acknowledged';
import { createJoinToken } from './citadel-admin';
import { Components, type Places } from './components';
import { configurationFolder } from './configuration';
import { ensureGatewayCredential } from './credential';
import type { Flags } from './flags';
import { Guard } from './guard';
import { LaunchError } from './launch-error';
import { problemsOfPorts } from './listening';
import { endOrphans } from './orphans';
import { checkPages } from './self-check';
import { SupervisedProcess, type ProcessSpec } from './supervised-process';
import { closingWords } from './words';
import { workloads, type WorkloadSpec } from './workloads';

export { flags } from './flags';

const receiptsWithinMs = 30_000;

/** How the launcher tells what it does; the set-up before it uses the same. */
export interface Progress {
  step(title: string, run: () => Promise<string | undefined>): Promise<void>;
  print(line: string): void;
}

/** Starts the sample mesh, waits for `signal`, and stops all of it in order. */
export async function launch(root: string, flags: Flags, progress: Progress, signal: AbortSignal): Promise<void> {
  const dataDir = resolve(root, flags.dataDir);
  const places: Places = { root, dataDir, logs: join(dataDir, 'logs') };
  const unlock = lockDir(dataDir);
  try {
    // Of a run that was killed, with all that should have ended what it left.
    await endOrphans(join(dataDir, 'workloads'));
    const problems = await problemsOfPorts(flags);
    if (problems.length > 0) throw new LaunchError(problems.join('\n'));
    mkdirSync(places.logs, { recursive: true, mode: 0o700 });
    await run(new RunningMesh(flags, places, progress, signal), signal);
  } finally {
    unlock();
  }
}

async function run(mesh: RunningMesh, signal: AbortSignal): Promise<void> {
  try {
    await mesh.start();
    await new Promise((ended) => {
      if (signal.aborted) ended(undefined);
      else signal.addEventListener('abort', ended, { once: true });
    });
  } finally {
    await mesh.stop();
  }
}

class RunningMesh {
  private readonly guard = new Guard();
  private readonly components: Components;
  /** Groups of processes in the order of their start. */
  private readonly stages: SupervisedProcess[][] = [];

  constructor(
    private readonly flags: Flags,
    private readonly places: Places,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {
    this.components = new Components(flags, places, {
      natsServer: findBinary('nats-server'),
      envoy: findBinary('envoy'),
    });
  }

  async start(): Promise<void> {
    const { flags, places, components } = this;
    const { dataDir } = places;
    await this.step('citadel', () => this.run([components.citadel()]));
    await this.step('nats', () => this.run([components.nats(this.natsConfigFile())]));
    await this.step('galley', () => this.run([components.galley()]));
    await this.step('pilot, mixer', () => this.run([components.pilot(), components.mixer()]));
    this.writeContext();
    const configuration = configurationFolder(places.root, dataDir, flags);
    // Before the workloads: what an earlier run left in the log may name ports that are now somebody else's.
    await this.step('configuration', async () => {
      await this.meshctl(['apply', '-f', configuration]);
      return `meshctl apply -f ${relative(places.root, configuration)}`;
    });
    const rootFile = ensureGatewayCredential(join(dataDir, 'credentials', 'istio-system', 'bookinfo-credential'));
    await this.step(`${workloads.length} workloads`, async () => {
      await this.run(await Promise.all(workloads.map((workload) => this.agentOf(workload))));
      return 'application, agent and Envoy each';
    });
    await this.step('receipts', async () => {
      await this.allAcknowledged();
      return 'every proxy has acknowledged its configuration';
    });
    const urls = [
      `http://127.0.0.1:${flags.httpPort}/productpage`,
      `https://127.0.0.1:${flags.httpsPort}/productpage`,
    ] as const;
    await this.step('self check', () =>
      checkPages(urls, rootFile, this.signal).then(() => 'a page made by four services'),
    );
    this.progress.print(
      closingWords(
        urls,
        relative(places.root, rootFile),
        relative(places.root, dataDir) || dataDir,
        `http://127.0.0.1:${flags.prometheusPort}/metrics`,
      ),
    );
  }

  /** Stops what was started, the last first; a second Ctrl-C does not wait for connections to drain. */
  async stop(): Promise<void> {
    const since = Date.now();
    const hurry = (): void => {
      // npm passes on the signal that the terminal has given to all: the same Ctrl-C comes twice.
      if (Date.now() - since < 1000) return;
      for (const process of this.stages.flat()) process.hurry();
    };
    process.on('SIGINT', hurry);
    if (this.stages.length > 0)
      await this.progress.step('stop', async () => {
        for (const stage of this.stages.toReversed()) await Promise.all(stage.map((process) => process.stop()));
        await endOrphans(join(this.places.dataDir, 'workloads'));
        return undefined;
      });
    process.off('SIGINT', hurry);
    await this.guard.dismiss();
  }

  private async step(title: string, run: () => Promise<string | undefined>): Promise<void> {
    this.signal.throwIfAborted();
    await this.progress.step(title, run);
  }

  private async allAcknowledged(): Promise<void> {
    const deadline = Date.now() + receiptsWithinMs;
    for (;;) {
      const rows = JSON.parse(await this.meshctl(['proxy-status', '-o', 'json'])) as ProxyRow[];
      const problem = notAcknowledged(rows, workloads.length);
      if (problem === undefined) return;
      if (Date.now() > deadline) throw new LaunchError(problem);
      await pause(100, undefined, { signal: this.signal });
    }
  }

  private async agentOf(workload: WorkloadSpec): Promise<ProcessSpec> {
    const { dataDir } = this.places;
    const folder = join(dataDir, 'workloads');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const tokenFile = join(folder, `${workload.name}.token`);
    writePrivateFile(tokenFile, await createJoinToken(dataDir, this.flags.citadelAdminPort, workload));
    return this.components.agent(workload, tokenFile);
  }

  /** Starts processes side by side. */
  private async run(specs: readonly ProcessSpec[]): Promise<undefined> {
    const stage = specs.map(
      (spec) =>
        new SupervisedProcess(spec, this.guard, (line) => {
          this.progress.print(`! ${line}`);
        }),
    );
    this.stages.push(stage);
    await Promise.all(stage.map((process) => process.start(this.signal)));
    return undefined;
  }

  private natsConfigFile(): string {
    const { dataDir } = this.places;
    const file = join(dataDir, 'nats', 'nats.conf');
    const storeDir = join(dataDir, 'nats', 'jetstream');
    mkdirSync(storeDir, { recursive: true, mode: 0o700 });
    writePrivateFile(
      file,
      natsServerConfig({
        host: '127.0.0.1',
        port: this.flags.natsPort,
        dataDir: storeDir,
        certFile: join(dataDir, 'bootstrap', 'nats-cert.pem'),
        keyFile: join(dataDir, 'bootstrap', 'nats-key.pem'),
        caFile: join(dataDir, 'bootstrap', 'root-cert.pem'),
        prefix: 'mesh',
        trustDomain: 'cluster.local',
      }),
    );
    return file;
  }

  private writeContext(): void {
    const context = {
      server: `https://127.0.0.1:${this.flags.galleyPort}`,
      citadel: `https://127.0.0.1:${this.flags.citadelAdminPort}`,
      ca: 'bootstrap/root-cert.pem',
      cert: 'bootstrap/operator-cert.pem',
      key: 'bootstrap/operator-key.pem',
    };
    writePrivateFile(join(this.places.dataDir, 'meshctl.json'), `${JSON.stringify(context, undefined, 2)}\n`);
  }

  /** What meshctl prints. */
  private meshctl(args: readonly string[]): Promise<string> {
    const main = join(this.places.root, 'dist', 'apps', 'meshctl', 'main.js');
    const context = join(this.places.dataDir, 'meshctl.json');
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [main, ...args, '--context', context],
        { cwd: this.places.root, signal: this.signal },
        (error, output, errors) => {
          if (error === null) resolve(output);
          else reject(this.signal.aborted ? error : new LaunchError(`meshctl ${args.join(' ')}:\n${errors || output}`));
        },
      );
    });
  }
}
