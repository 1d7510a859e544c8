import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckRequest, encodeReportRequest, type Attribute, type CheckCall } from '@keelson/core/attributes';
import { GrpcClient, grpcMethod, rawCodec, startService, type RunningService } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';
import { mixer } from '../mixer.module';

const methods = {
  check: grpcMethod('/istio.mixer.v1.Mixer/Check', 'unary', rawCodec, CheckResponse),
  report: grpcMethod('/istio.mixer.v1.Mixer/Report', 'unary', rawCodec, rawCodec),
};

/** Attributes as a test writes them: whole numbers are INT64, objects string maps, bytes addresses. */
export type Written = Readonly<Record<string, string | number | boolean | Uint8Array | Record<string, string>>>;

/** A Mixer inside of the test's process, in plaintext, and a client of it. */
export class TrialMixer {
  private constructor(
    readonly grpc: string,
    readonly monitoring: string,
    readonly prometheus: string,
    readonly client: GrpcClient,
    private readonly service: RunningService,
    private readonly dataDir: string,
  ) {}

  static async start(configStoreUrl: string, ...flags: string[]): Promise<TrialMixer> {
    const dataDir = mkdtempSync(join(tmpdir(), 'keelson-mixer-'));
    const [grpc, monitoring, prometheus] = [await freePort(), await freePort(), await freePort()];
    const service = await startService(mixer, [
      `--config-store-url=${configStoreUrl}`,
      `--data-dir=${dataDir}`,
      `--grpc-port=${grpc}`,
      `--monitoring-port=${monitoring}`,
      `--prometheus-port=${prometheus}`,
      '--insecure',
      '--log-level=silent',
      ...flags,
    ]);
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const address = `127.0.0.1:${grpc}`;
    const client = new GrpcClient(address, credentials.createInsecure());
    return new TrialMixer(address, url(monitoring), url(prometheus), client, service, dataDir);
  }

  check(attributes: Written, call: Omit<CheckCall, 'attributes'> = {}): Promise<CheckResponse> {
    return this.client.unary(methods.check, encodeCheckRequest({ ...call, attributes: typed(attributes) }));
  }

  /** Sends bytes as they are. */
  checkBytes(bytes: Uint8Array): Promise<CheckResponse> {
    return this.client.unary(methods.check, bytes);
  }

  report(...records: Written[]): Promise<Uint8Array> {
    return this.client.unary(methods.report, encodeReportRequest(records.map(typed)));
  }

  /** The samples of the Prometheus adapter, each as it is written. */
  async samples(): Promise<string[]> {
    const text = await (await fetch(`${this.prometheus}/metrics`)).text();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.service.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** A folder with one file of configuration, that a test may rewrite. */
export function configFolder(): { url: string; write: (yaml: string) => void; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-mixer-config-'));
  return {
    url: `fs://${folder}`,
    write: (yaml) => {
      writeFileSync(join(folder, 'config.yaml'), yaml);
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function typed(attributes: Written): Map<string, Attribute> {
  return new Map(Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)]));
}

function attributeOf(value: Written[string]): Attribute {
  if (typeof value === 'string') return { type: 'STRING', value };
  if (typeof value === 'number') return { type: 'INT64', value };
  if (typeof value === 'boolean') return { type: 'BOOL', value };
  if (value instanceof Uint8Array) return { type: 'IP_ADDRESS', value };
  return { type: 'STRING_MAP', value: new Map(Object.entries(value)) };
}
