import { listenError } from '@keelson/edge/service';
import type { AdapterLog } from '@keelson/core/policy';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { MetricRegistry } from './registry';
import { contentType } from './text-format';

export interface ExporterOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly log: AdapterLog;
}

const retryMs = 10_000;
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 };

/** Serves the metrics of a registry on `/metrics`, as long as somebody wants it. */
export class Exporter {
  /** Why the port is not open. */
  failure: string | undefined;
  #users = 0;
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Opening and closing, one after the other: either takes a while, and has to find what the one before it left. */
  #turns: Promise<void> = Promise.resolve();

  constructor(
    private readonly registry: MetricRegistry,
    private readonly options: ExporterOptions,
  ) {}

  /** The port; undefined while it is not open, which `failure` explains. */
  async port(): Promise<number | undefined> {
    await this.#turns;
    return (this.#server?.address() as AddressInfo | undefined)?.port;
  }

  /** Wants the server; a port that cannot be opened is tried again every 10 s. */
  acquire(): void {
    if (this.#users++ === 0) void this.#turn();
  }

  /** Wants it no more; the last who says so stops it. Does nothing after `stop`. */
  async release(): Promise<void> {
    if (this.#users > 0 && --this.#users === 0) await this.#turn();
  }

  /** Stops it, whoever wants it. */
  async stop(): Promise<void> {
    this.#users = 0;
    await this.#turn();
  }

  /** Opens or closes the server, as it is wanted when the turn comes. */
  #turn(): Promise<void> {
    this.#turns = this.#turns.then(() => (this.#users > 0 ? this.#open() : this.#close()));
    return this.#turns;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retry);
    const server = this.#server;
    this.#server = undefined;
    this.failure = undefined;
    if (!server) return;
    server.closeIdleConnections();
    const force = setTimeout(() => {
      server.closeAllConnections();
    }, 1_000);
    await new Promise((resolve) => server.close(resolve));
    clearTimeout(force);
  }

  async #open(): Promise<void> {
    if (this.#server) return;
    clearTimeout(this.#retry);
    const { host, port, log } = this.options;
    const server = createServer(limits, (request, response) => void this.#answer(request, response));
    server.on('clientError', (_, socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
    } catch (error) {
      const { message } = listenError(error, { host, port });
      if (this.failure !== message) log.error({ failure: message }, 'the metrics of the mesh cannot be served');
      this.failure = message;
      this.#retry = setTimeout(() => void this.#turn(), retryMs);
      this.#retry.unref();
      return;
    }
    server.on('error', (error) => {
      log.error({ err: error }, 'the server of metrics reports an error');
    });
    this.#server = server;
    this.failure = undefined;
    const { port: opened } = server.address() as AddressInfo;
    log.info({ host, port: opened }, 'serving the metrics of the mesh on /metrics');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    if (path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('there is nothing here but /metrics\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' }).end('GET is served here\n');
      return;
    }
    const zipped = takesGzip(request.headers['accept-encoding']);
    response.writeHead(200, {
      'content-type': contentType,
      vary: 'accept-encoding',
      ...(zipped && { 'content-encoding': 'gzip' }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      const text = Readable.from(this.#pieces(), { objectMode: false, highWaterMark: 256 * 1024 });
      await (zipped ? pipeline(text, createGzip({ level: 1 }), response) : pipeline(text, response));
    } catch {
      // The caller went away.
      response.destroy();
    }
  }

  /** The export in pieces; requests of others are served between two. */
  async *#pieces(): AsyncIterable<Buffer> {
    for (const piece of this.registry.text()) {
      yield Buffer.from(piece);
      await nextTurn();
    }
  }
}

function takesGzip(header: string | string[] | undefined): boolean {
  const weights = String(header ?? '').split(',');
  return weights.some((entry) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(entry));
}
