import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService, type RunningService } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';
import { galleyModule } from '../galley.module';
import { galleySettings } from '../settings';

/** What a request was answered. */
export interface Answer {
  status: number;
  // Tests look into answers of many shapes.
  body: Record<string, unknown> & { error?: { code: string; problems: Record<string, unknown>[] } };
}

/** A Galley inside of the test's process, in plaintext. */
export class TestGalley {
  private constructor(
    readonly api: string,
    readonly mcp: string,
    readonly monitoring: string,
    private readonly service: RunningService,
    private readonly folder: string,
  ) {}

  static async start(...flags: string[]): Promise<TestGalley> {
    const folder = mkdtempSync(join(tmpdir(), 'keelson-galley-'));
    const [api, mcp, monitoring] = [await freePort(), await freePort(), await freePort()];
    const service = await startService(
      {
        name: 'galley',
        settings: galleySettings,
        monitoringPort: (values) => values.monitoringPort,
        module: galleyModule,
      },
      [
        `--data-dir=${folder}`,
        `--api-port=${api}`,
        `--mcp-port=${mcp}`,
        `--monitoring-port=${monitoring}`,
        '--insecure',
        '--log-level=silent',
        ...flags,
      ],
    );
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    return new TestGalley(url(api), `127.0.0.1:${mcp}`, url(monitoring), service, folder);
  }

  async call(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.api + path, init);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  apply(documents: string | Uint8Array, query = '', headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(`/v1/apply${query}`, { method: 'POST', body: documents as string, headers });
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A service entry. */
export function entry(name: string, host = `${name}.example.com`): string {
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: ServiceEntry',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {hosts: [${host}], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC}`,
    '',
  ].join('\n');
}

/** A virtual service that sends everything to a host, and perhaps to one subset of it. */
export function route(name: string, host: string, subset?: string): string {
  const destination = `{host: ${host}${subset === undefined ? '' : `, subset: ${subset}`}}`;
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: VirtualService',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {hosts: [${host}], http: [{route: [{destination: ${destination}}]}]}`,
    '',
  ].join('\n');
}
