import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary } from '../binaries';
import { natsServerConfig } from '../nats-server-config';
import { type TlsMaterial } from '../tls-identity';
import { freePort } from './free-port';

/** A real NATS server with JetStream on loopback, which can be killed and started again over the same data and port. */
export class NatsServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'keelson-nats-'));
  #process: ChildProcess | undefined;
  #port = 0;

  /** @param tls the server's own certificate: then it takes mutual TLS only, with the permissions of a mesh */
  constructor(readonly tls?: () => TlsMaterial) {}

  /** Known once the server has been started, or `reserve` was called. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.tls === undefined ? 'nats' : 'tls'}://127.0.0.1:${this.#port}`;
  }

  /** Chooses the port before anything listens there. */
  async reserve(): Promise<this> {
    this.#port ||= await freePort();
    return this;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    await this.reserve();
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, 'nats.conf');
    writeFileSync(file, this.tls === undefined ? this.#plain() : this.#secured(this.tls()));
    const child = spawn(findBinary('nats-server'), ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      // Read to the end: a server whose log nobody reads any more dies of it.
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Server is ready')) resolve();
      });
      child.stderr.on('end', () => {
        reject(new Error(`nats-server ended:\n${said}`));
      });
    });
    const socket = connect(this.#port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  }

  #plain(): string {
    return `host: "127.0.0.1"\nport: ${this.#port}\njetstream { store_dir: ${JSON.stringify(join(this.#folder, 'data'))} }\n`;
  }

  #secured({ key, chain, roots }: TlsMaterial): string {
    const put = (name: string, text: string): string => {
      writeFileSync(join(this.#folder, name), text, { mode: 0o600 });
      return join(this.#folder, name);
    };
    return natsServerConfig({
      host: '127.0.0.1',
      port: this.#port,
      dataDir: join(this.#folder, 'data'),
      prefix: 'mesh',
      trustDomain: 'cluster.local',
      certFile: put('cert.pem', chain),
      keyFile: put('key.pem', key),
      caFile: put('ca.pem', roots),
    });
  }

  /** Ends the server as a loss of power would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Throws away what was stored. */
  wipe(): void {
    rmSync(join(this.#folder, 'data'), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
