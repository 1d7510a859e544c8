import { request } from 'node:http';
import type { HostPort } from './bootstrap';

/** Envoy's admin interface. */
export class EnvoyAdmin {
  constructor(
    readonly address: HostPort,
    private readonly timeoutMs = 3_000,
  ) {}

  /** The state of the server: LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING. */
  async state(): Promise<string> {
    return (await this.call('GET', '/ready')).body.trim();
  }

  /** Statistics whose name fits, by name. */
  async stats(filter: string): Promise<Map<string, number>> {
    return parseStats((await this.call('GET', `/stats?filter=${encodeURIComponent(filter)}`)).body);
  }

  async prometheus(): Promise<string> {
    return (await this.call('GET', '/stats/prometheus')).body;
  }

  /** Tells callers to go elsewhere: health checks fail, and responses close their connections. */
  async drain(): Promise<void> {
    await this.call('POST', '/healthcheck/fail');
    await this.call('POST', '/drain_listeners?graceful&skip_exit');
  }

  private call(method: 'GET' | 'POST', path: string): Promise<{ status: number; body: string }> {
    const { host, port } = this.address;
    return new Promise((resolve, reject) => {
      const call = request({ host, port, method, path, agent: false, timeout: this.timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      call.on('timeout', () => call.destroy(new Error(`no answer within ${this.timeoutMs} ms`)));
      call.on('error', reject);
      call.end();
    });
  }
}

/** Reads `name: value` lines; text readouts and histograms are left out. */
export function parseStats(text: string): Map<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(': ');
    const value = at < 0 ? NaN : Number(line.slice(at + 2));
    if (!Number.isNaN(value)) stats.set(line.slice(0, at), value);
  }
  return stats;
}
