/* eslint-disable no-restricted-imports -- tests start an Envoy with this; it is no part of what core computes */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { envoyBinary } from './envoy-binary';

/** What came back for a request. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An Envoy that serves a fixed configuration, with the lines that it logs on its output. */
export class RunningEnvoy {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly place: string,
  ) {
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.lines.push(line);
      for (const wake of this.waiting) wake();
    });
  }

  /** Starts one and waits until its workers run; `make` gets the path for the admin socket. */
  static async start(make: (admin: string) => object): Promise<RunningEnvoy> {
    const place = mkdtempSync(join(tmpdir(), 'keelson-envoy-'));
    const path = join(place, 'bootstrap.json');
    writeFileSync(path, JSON.stringify(make(join(place, 'admin.sock'))));
    const args = ['-c', path, '-l', 'info', '--disable-hot-restart', '--concurrency', '1', '--file-flush-interval-msec', '20'];
    const process = spawn(envoyBinary(), args);
    const envoy = new RunningEnvoy(process, place);
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: process.stderr }).on('line', (line) => {
        said.push(line);
        if (line.includes('starting main dispatch loop')) resolve();
      });
      process.on('exit', () => {
        reject(new Error(said.slice(-5).join('\n')));
      });
    });
    return envoy;
  }

  /** The first line that a test accepts, once it is there. */
  async line(accepts: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.lines.find(accepts);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          resolve();
        };
        this.waiting.add(wake);
      });
    }
  }

  async stop(): Promise<void> {
    const gone = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await gone;
    rmSync(this.place, { recursive: true });
  }
}

/** A server on a free port of an address. */
export async function serve(handler: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** One request on a connection of its own. */
export function call(port: number, path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
