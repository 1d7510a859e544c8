import { formatSpiffeId } from '@keelson/core/pki';
import { startService, type RunningService, type TlsMaterial } from '@keelson/edge/service';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { citadel } from '../citadel.module';

/** A Citadel in this process on free ports, and what its operator can do. */
export class TrialCitadel {
  private constructor(
    readonly service: RunningService,
    readonly dataDir: string,
  ) {}

  static async start(dataDir: string, ...flags: string[]): Promise<TrialCitadel> {
    const ports = ['--grpc-port', '0', '--admin-port', '0', '--monitoring-port', '0'];
    return new TrialCitadel(
      await startService(citadel, ['--data-dir', dataDir, '--log-level', 'silent', ...ports, ...flags]),
      dataDir,
    );
  }

  get address(): string {
    return `127.0.0.1:${this.service.ports.get('grpc') ?? 0}`;
  }

  file(name: string): string {
    return readFileSync(join(this.dataDir, 'bootstrap', name), 'utf8');
  }

  get roots(): string {
    return this.file('root-cert.pem');
  }

  /** The certificate from the bootstrap folder: the operator's or NATS's. */
  material(name: 'operator' | 'nats'): TlsMaterial {
    return { key: this.file(`${name}-key.pem`), chain: this.file(`${name}-cert.pem`), roots: this.roots };
  }

  /** Calls the admin API. */
  admin(
    method: string,
    path: string,
    body?: unknown,
    caller = this.material('operator'),
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: this.service.ports.get('admin'),
        method,
        path,
        ca: caller.roots,
        cert: caller.chain,
        key: caller.key,
        agent: new Agent({ keepAlive: false }),
      };
      const call = request(options, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  /** Makes a join token. */
  async token(
    serviceAccount: string,
    grant: { uses?: number; ttl?: string; namespace?: string } = {},
  ): Promise<string> {
    const { status, body } = await this.admin('POST', '/v1/tokens', { namespace: 'default', serviceAccount, ...grant });
    if (status !== 201) throw new Error(body);
    return (JSON.parse(body) as { token: string }).token;
  }

  /** The tokens as operators see them. */
  async used(serviceAccount: string): Promise<number> {
    const { body } = await this.admin('GET', '/v1/tokens');
    const tokens = JSON.parse(body) as { serviceAccount: string; used: number }[];
    return tokens.filter((token) => token.serviceAccount === serviceAccount).reduce((sum, { used }) => sum + used, 0);
  }

  async certificates(
    serviceAccount: string,
    namespace = 'default',
  ): Promise<{ serial: string; caller: string; event: string }[]> {
    const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace, serviceAccount });
    const { body } = await this.admin('GET', `/v1/certificates?identity=${encodeURIComponent(identity)}`);
    return JSON.parse(body) as { serial: string; caller: string; event: string }[];
  }

  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.service.ports.get('monitoring') ?? 0}/metrics`);
    return (await response.text())
      .split('\n')
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  stop(): Promise<number> {
    return this.service.stop();
  }
}
