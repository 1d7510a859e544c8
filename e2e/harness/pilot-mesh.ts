import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { component } from './component';
import { http, isOk, json } from './http';
import { Mesh } from './mesh';
import { mixerReplica, type MixerReplica } from './mixer-replica';
import { plainEnvoyCommand, type XdsMode } from './plain-envoy';
import { Site } from './site';
import type { WorkloadIdentity } from './services';
import { TestProcess } from './test-process';
import { until } from './until';

export interface PilotMeshOptions {
  mode?: XdsMode;
  pilotFlags?: readonly string[];
  /** A Mixer that reads the same folder, in plaintext; Envoys ask it themselves. */
  mixer?: boolean;
}

interface SyncRow {
  proxy: string;
  revision: string;
  sent: string;
  acked: string;
}

interface ObjectHead {
  kind: string;
  metadata: { namespace?: string; name: string };
}

/** Plaintext everywhere: an Envoy without an agent has no certificate. */
const base = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: DISABLE } }
---
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: default, namespace: istio-system }
spec:
  accessLogFile: /dev/stdout
  accessLogEncoding: JSON
`;

/** A Pilot alone with a folder as its source, and Envoys in plaintext: the cheapest mesh, for what is translated. */
export class PilotMesh extends Mesh {
  mixer: MixerReplica | undefined;
  private readonly objects = new Map<string, string>();

  private constructor(
    site: Site,
    readonly pilot: TestProcess,
    private readonly config: string,
    /** Where it serves discovery in plaintext, and where its debug pages are. */
    readonly grpcPort: number,
    readonly debug: string,
    private readonly mode: XdsMode,
  ) {
    super(site);
  }

  static async start({ mode = 'delta', pilotFlags = [], mixer = false }: PilotMeshOptions = {}): Promise<PilotMesh> {
    const site = Site.claim();
    const config = join(site.folder, 'config');
    mkdirSync(config);
    const grpcPort = await site.port();
    const monitoringPort = await site.port();
    const debug = `http://127.0.0.1:${monitoringPort}`;
    const pilot = component({
      app: 'pilot',
      name: 'pilot',
      folder: site.folder,
      dataDir: join(site.folder, 'data'),
      monitoringPort,
      flags: [
        `--config-source=fs://${config}`,
        `--grpc-port=${grpcPort}`,
        '--secure-grpc-port=0',
        '--http-port=0',
        ...pilotFlags,
      ],
    });
    const mesh = new PilotMesh(site, pilot, config, grpcPort, debug, mode);
    mesh.write(base);
    try {
      await pilot.start();
      if (mixer) await mesh.startMixer();
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    return mesh;
  }

  async apply(yaml: string): Promise<void> {
    await this.change(() => this.write(yaml));
  }

  /** Takes an object out again. */
  async remove(kind: string, name: string, namespace = 'default'): Promise<void> {
    await this.change(() => {
      if (!this.objects.delete(keyOf({ kind, metadata: { namespace, name } })))
        throw new Error(`there is no ${kind} ${namespace}/${name}`);
      this.save();
      return true;
    });
  }

  syncStatus(): Promise<SyncRow[]> {
    return json<SyncRow[]>(`${this.debug}/debug/syncz`);
  }

  /** What Pilot gave to a workload's proxy. */
  configDump(name: string): Promise<unknown> {
    return json(`${this.debug}/debug/config_dump?proxyID=${encodeURIComponent(name)}`);
  }

  protected endpointYaml(workload: WorkloadIdentity): string[] {
    return [
      `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${workload.name}, namespace: ${workload.namespace} }
spec:
  address: ${workload.address}
  labels: ${JSON.stringify(workload.labels)}
  serviceAccount: ${workload.serviceAccount}
`,
    ];
  }

  protected proxyOf(workload: WorkloadIdentity, role: 'sidecar' | 'router'): Promise<TestProcess> {
    return Promise.resolve(
      new TestProcess({
        name: workload.name,
        folder: this.folder,
        command: plainEnvoyCommand(this.folder, workload, role, this.grpcPort, this.mode),
        ready: async () => {
          if (!(await isOk(`http://${workload.address}:15000/ready`))) return false;
          const { text } = await http(`http://${workload.address}:15000/listeners`);
          return role === 'router' || text.includes(`${workload.address}:${this.ports.of(workload.app)}`);
        },
      }),
    );
  }

  protected controlPlane(): readonly TestProcess[] {
    return this.mixer ? [this.pilot, this.mixer.process] : [this.pilot];
  }

  private async startMixer(): Promise<void> {
    this.mixer = await mixerReplica(this.site, (monitoringPort, ports) =>
      component({
        app: 'mixer',
        name: 'mixer',
        folder: this.folder,
        dataDir: join(this.folder, 'mixer-data'),
        monitoringPort,
        flags: [...ports, `--config-store-url=fs://${this.config}`, '--insecure'],
      }),
    );
    await this.mixer.process.start();
  }

  /** Whether anything changed. */
  private write(yaml: string): boolean {
    let changed = false;
    for (const document of parseAllDocuments(yaml)) {
      if (document.toJS() === null) continue;
      const key = keyOf(document.toJS() as ObjectHead);
      const text = document.toString({ directives: false });
      changed ||= this.objects.get(key) !== text;
      this.objects.set(key, text);
    }
    this.save();
    return changed;
  }

  private save(): void {
    const draft = join(this.folder, 'config.draft');
    writeFileSync(draft, [...this.objects.values()].map((text) => text.replace(/^---\n/, '')).join('---\n'));
    renameSync(draft, join(this.config, 'mesh.yaml'));
  }

  /** Makes a change and waits until the proxies that are there have what came of it. */
  private async change(make: () => boolean): Promise<void> {
    const [before] = await this.syncStatus();
    if (!make() || before === undefined) return;
    await until('every proxy at the new revision', 15_000, async () =>
      (await this.syncStatus()).every(({ acked, revision }) => revision !== before.revision && acked === revision),
    );
  }
}

function keyOf({ kind, metadata }: ObjectHead): string {
  return `${kind}/${metadata.namespace ?? 'default'}/${metadata.name}`;
}
