import { randomBytes } from 'node:crypto';

import { type status } from '@grpc/grpc-js';

import { type GrpcServer, grpcMethod, rawCodec } from '@keelson/edge/service';

import { Connection, type RawCall } from './connection';
import { type ProxyView, type XdsHandler } from './handler';
import { type ResourceLayer } from './layer';
import { NameSets } from './names';
import { Parts } from './parts';
import { ResponseWriter } from './response';
import { type StreamState } from './state';
import { type Limits, type Shared } from './stream';

/** Bounds and clocks of the server; all have defaults. */
export interface XdsOptions {
  /** After so long without an ACK, only what depends on what was sent is held back; 5 s. */
  ackTimeoutMs?: number;
  /** How much of what was put together for one stream is kept for the next, in bytes. */
  cacheBytes?: number;
  limits?: Partial<Limits>;
  now?: () => number;
  /** How often waiting streams are looked at; 0 for never. */
  sweepMs?: number;
  /** Hears of errors of this code and of the handler's; the stream that met one ends. */
  onError?: (error: unknown) => void;
}

const service = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
const methods = {
  streamAggregatedResources: grpcMethod(`/${service}/StreamAggregatedResources`, 'bidi', rawCodec, rawCodec),
  deltaAggregatedResources: grpcMethod(`/${service}/DeltaAggregatedResources`, 'bidi', rawCodec, rawCodec),
};

/** The streams that see a layer. */
interface Audience {
  /** The edition that they were told of. */
  edition: number;
  connections: Set<Connection>;
}

/** Serves ADS, delta and state of the world, from layers of resources. */
export class XdsServer {
  readonly #shared: Shared;
  readonly #connections = new Map<number, Connection>();
  readonly #audiences = new Map<ResourceLayer, Audience>();
  readonly #moved = new Set<Connection>();
  /** Streams whose view changed, and that were not served since. */
  readonly #stirred = new Set<Connection>();
  readonly #sweeper: NodeJS.Timeout | undefined;
  #ids = 0;
  #flushing = false;

  constructor(
    readonly handler: XdsHandler,
    readonly options: XdsOptions = {},
  ) {
    this.#shared = {
      parts: new Parts(options.cacheBytes),
      sets: new NameSets(),
      writer: new ResponseWriter(`${randomBytes(4).toString('hex')}-`),
      tick: 0,
      now: options.now ?? (() => performance.now()),
      ackTimeoutMs: options.ackTimeoutMs ?? 5_000,
      limits: {
        subscriptions: 100_000,
        nameLength: 4_096,
        types: 32,
        requestsPerSecond: 5_000,
        namesPerSecond: 300_000,
        ...options.limits,
      },
    };
    const sweepMs = options.sweepMs ?? 250;
    if (sweepMs > 0) {
      this.#sweeper = setInterval(() => {
        this.sweep();
      }, sweepMs);
      this.#sweeper.unref();
    }
  }

  /** Adds both methods of ADS to a server; what it takes in should be allowed 64 MiB, for claims of many hosts. */
  register(server: GrpcServer): void {
    server.addService(methods, {
      streamAggregatedResources: (call) => {
        this.#accept(call, false);
      },
      deltaAggregatedResources: (call) => {
        this.#accept(call, true);
      },
    });
  }

  #accept(call: RawCall, delta: boolean): void {
    const connection: Connection = new Connection(++this.#ids, delta, call, this.#shared, this.handler, {
      opened: (view) => {
        this.#connections.set(connection.id, connection);
        this.#listen(connection, view);
      },
      closed: () => {
        this.#connections.delete(connection.id);
        this.#moved.delete(connection);
        this.#stirred.delete(connection);
        this.#listen(connection, undefined);
      },
      moved: () => {
        this.#moved.add(connection);
        if (this.#flushing) return;
        this.#flushing = true;
        setImmediate(() => {
          this.#flush();
        });
      },
      failed: (error) => this.options.onError?.(error),
    });
  }

  /** Makes a connection part of the audience of the layers of a view, and of no others. */
  #listen(connection: Connection, view: ProxyView | undefined): void {
    for (const layer of connection.layers) {
      const audience = this.#audiences.get(layer);
      audience?.connections.delete(connection);
      if (audience?.connections.size === 0) this.#audiences.delete(layer);
    }
    connection.layers = view === undefined ? [] : [...view.layers.values()].flat();
    for (const layer of connection.layers) {
      const audience = this.#audiences.get(layer);
      if (audience === undefined)
        this.#audiences.set(layer, { edition: layer.edition, connections: new Set([connection]) });
      else audience.connections.add(connection);
    }
  }

  #flush(): void {
    this.#flushing = false;
    const moved = [...this.#moved];
    this.#moved.clear();
    for (const connection of moved) connection.report();
  }

  /** Layers were changed up to this tick; streams whose layers changed get what differs. */
  push(tick: number): void {
    if (tick < this.#shared.tick) throw new RangeError(`tick ${tick} after ${this.#shared.tick}`);
    this.#shared.tick = tick;
    for (const [layer, audience] of this.#audiences) {
      if (audience.edition === layer.edition) continue;
      audience.edition = layer.edition;
      for (const connection of audience.connections) this.#stirred.add(connection);
    }
    // The others are at the new tick without a word.
    for (const connection of this.#connections.values()) if (!this.#stirred.has(connection)) connection.moved();
    this.#serveStirred();
  }

  #serveStirred(): void {
    const stirred = [...this.#stirred];
    this.#stirred.clear();
    for (const connection of stirred) connection.serve();
  }

  /**
   * The client is to have something else from now on: what differs is sent, with the next push or at the end of this turn,
   * so that it may come before the push of the tick that it belongs to.
   */
  setView(streamId: number, view: ProxyView): void {
    const connection = this.#connections.get(streamId);
    if (connection === undefined) return;
    this.#listen(connection, view);
    connection.setView(view);
    if (this.#stirred.size === 0)
      queueMicrotask(() => {
        this.#serveStirred();
      });
    this.#stirred.add(connection);
  }

  close(streamId: number, code: status, message: string): void {
    this.#connections.get(streamId)?.close(code, message);
  }

  /** Looks at streams that time alone may let go on. */
  sweep(): void {
    for (const connection of this.#connections.values()) connection.sweep();
  }

  /** Ends all streams. */
  stop(code: status, message: string): void {
    if (this.#sweeper !== undefined) clearInterval(this.#sweeper);
    for (const connection of [...this.#connections.values()]) connection.close(code, message);
  }

  /** What a debug page shows. */
  streams(): StreamState[] {
    return [...this.#connections.values()].map((connection) => connection.state());
  }

  /** How much was computed and put together, for metrics. */
  work(): { parts: number; responses: number } {
    return { parts: this.#shared.parts.computed, responses: this.#shared.writer.built };
  }
}
