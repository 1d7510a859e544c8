import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { lockDir } from './dir-lock';
import { Health } from './health';
import { type HttpRouter } from './http-router';
import { HttpServer } from './http-server';
import { type Logger } from './log';
import { makePrivateDir } from './private-file';

/** A part of a service that is started when its modules are made, and stopped in reverse order. */
export interface ServicePart {
  name: string;
  /** May wait for as long as it needs, for a certificate for example. */
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

/** What a service's modules are given. */
export interface Runtime<T> {
  readonly name: string;
  readonly settings: T;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Registry;
  /** Routes of the monitoring port. */
  readonly http: HttpRouter;
  /** The ports that were opened, by name: where 0 was set, the one that was free. */
  readonly ports: Map<string, number>;
  /** Aborted when the service is to stop. */
  readonly signal: AbortSignal;
  /** The words after `--`. */
  readonly command: readonly string[];
  /** The component's own folder of state, 0700 and locked by this process; made on first use. */
  openDataDir(): string;
  /** Registers a server, to be started once all modules are made. */
  serve(part: ServicePart): void;
  /** Runs when the service stops, after its servers, last registered first. */
  onStop(fn: () => Promise<void> | void): void;
  /** Ends the service as if it had been told to, with this exit code. */
  shutdown(exitCode: number, reason: string): void;
}

/** The runtime of one service, with what only its starter may do. */
export class ServiceRuntime<T extends { dataDir?: string }> implements Runtime<T> {
  readonly health = new Health();
  readonly metrics = new Registry();
  readonly http: HttpServer;
  readonly ports = new Map<string, number>();
  readonly parts: ServicePart[] = [];
  readonly endings: (() => Promise<void> | void)[] = [];
  exitCode = 0;
  readonly #stopping = new AbortController();
  #dataDir: string | undefined;

  constructor(
    readonly name: string,
    readonly settings: T,
    readonly log: Logger,
    readonly command: readonly string[],
  ) {
    this.http = new HttpServer({ log });
    this.health.set('startup', false, 'starting');
    collectDefaultMetrics({ register: this.metrics });
    this.http.route('GET', '/healthz', () => ({ status: 200, body: 'ok\n' }));
    this.http.route('GET', '/readyz', () => ({ status: this.health.ready() ? 200 : 503, body: this.health.report() }));
    this.http.route('GET', '/metrics', async () => ({
      status: 200,
      headers: { 'content-type': this.metrics.contentType },
      body: await this.metrics.metrics(),
    }));
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  openDataDir(): string {
    if (this.#dataDir === undefined) {
      const root = this.settings.dataDir ?? '.keelson';
      // One that is there may hold other things of the user; ours in it are private each.
      if (!existsSync(root)) makePrivateDir(root);
      const folder = join(root, this.name);
      const unlock = lockDir(folder);
      // First in, last out: the folder stays locked until everything that writes to it has ended.
      this.endings.unshift(unlock);
      this.#dataDir = folder;
    }
    return this.#dataDir;
  }

  serve(part: ServicePart): void {
    this.parts.push(part);
  }

  onStop(fn: () => Promise<void> | void): void {
    this.endings.push(fn);
  }

  shutdown(exitCode: number, reason: string): void {
    if (this.signal.aborted) return;
    this.log.info({ reason }, 'stopping');
    this.abort(exitCode, reason);
  }

  /** Ends it without a word: the caller tells why. */
  abort(exitCode: number, reason: string): void {
    if (this.signal.aborted) return;
    this.exitCode = exitCode;
    this.health.set('startup', false, 'stopping');
    this.#stopping.abort(new Error(reason));
  }
}
