import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { freePort } from '@keelson/edge/service/testing';
import { Agent } from '../agent';
import { agentSettings, optionsOf } from '../settings';

/** Ports and a folder for one workload, for as many agents as a test starts one after another. */
export class TestWorkload {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'agent-'));
  readonly logLines: string[] = [];
  private ports: { admin: number; metrics: number; readiness: number } | undefined;

  private constructor() {
    // Made by create().
  }

  static async create(): Promise<TestWorkload> {
    const workload = new TestWorkload();
    workload.ports = { admin: await freePort(), metrics: await freePort(), readiness: await freePort() };
    return workload;
  }

  /** The flags of an agent of this workload. */
  flags(more: readonly string[]): string[] {
    return [
      ...['--data-dir', this.dataDir, '--name', 'web', '--concurrency', '1', '--drain-duration', '0s'],
      ...['--admin-port', String(this.at('admin')), '--metrics-port', String(this.at('metrics'))],
      ...['--readiness-port', String(this.at('readiness'))],
      ...more,
    ];
  }

  /** An agent of this workload, not started. */
  agent(flags: readonly string[], command: readonly string[] = []): Agent {
    const { values } = agentSettings.read(this.flags(flags), {});
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.logLines.push(chunk.toString());
        done();
      },
    });
    const log = pino({ level: 'debug' }, sink);
    return new Agent(optionsOf(values), command, { PATH: process.env.PATH }, log);
  }

  /** What a port of the agent or Envoy answers; status 0 where nobody does. */
  get(
    port: 'admin' | 'metrics' | 'readiness',
    path: string,
    method = 'GET',
  ): Promise<{ status: number; body: string }> {
    return get(this.at(port), path, method);
  }

  /** Waits until the agent says that the proxy is ready. */
  async ready(): Promise<void> {
    await until(async () => (await this.get('readiness', '/healthz/ready')).status === 200);
  }

  remove(): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private at(port: 'admin' | 'metrics' | 'readiness'): number {
    return this.ports?.[port] ?? 0;
  }
}

export function get(port: number, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    call.on('error', (error) => {
      resolve({ status: 0, body: error.message });
    });
    call.end();
  });
}

/** Asks again until it is so; the test's own limit ends it. */
export async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await new Promise((resolve) => setTimeout(resolve, 20));
}
