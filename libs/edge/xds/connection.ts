import { type ServerDuplexStream, status } from '@grpc/grpc-js';

import { type Node } from '@keelson/api/envoy/config/core/v3/base';
import { DeltaDiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { peerOf } from '@keelson/edge/service';

import { DeltaStream } from './delta-stream';
import { type ProxyView, type RefusedResource, type XdsHandler, XdsRefusal } from './handler';
import { type ResourceLayer } from './layer';
import { splitRequest } from './sotw-request';
import { SotwStream } from './sotw-stream';
import { type StreamState } from './state';
import { type Shared, type StreamSink } from './stream';

/** Seconds of work that a stream may be ahead: it begins with all its names at once. */
const secondsAhead = 5;

export type RawCall = ServerDuplexStream<Uint8Array, Uint8Array>;

/** What a connection tells its server. */
export interface ConnectionEvents {
  opened(view: ProxyView): void;
  closed(): void;
  moved(): void;
  failed(error: unknown): void;
}

/** One gRPC stream: it carries bytes between a call and the protocol state, and lets no error past. */
export class Connection {
  /** The layers of its view. */
  layers: readonly ResourceLayer[] = [];
  #stream: DeltaStream | SotwStream | undefined;
  #closed = false;
  #node = '';
  #connectedAt = 0;
  #sent = 0;
  #acked = 0;
  #refused: readonly RefusedResource[] = [];
  #second = 0;
  #requests = 0;
  /** Names gone through for this stream that the time since has not made good. */
  #names = 0;
  #namesAt = 0;

  constructor(
    readonly id: number,
    readonly delta: boolean,
    readonly call: RawCall,
    readonly shared: Shared,
    readonly handler: XdsHandler,
    readonly events: ConnectionEvents,
  ) {
    call.on('data', (bytes: Uint8Array) => {
      this.#guard(() => {
        const before = this.shared.sets.work;
        this.#receive(bytes);
        this.#charge(this.shared.sets.work - before);
      });
    });
    call.on('drain', () => {
      this.#guard(() => this.#stream?.drained());
    });
    call.on('end', () => {
      if (!this.#closed) call.end();
      this.#end();
    });
    for (const event of ['cancelled', 'close', 'error']) {
      call.on(event, () => {
        this.#end();
      });
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#count();
    if (this.delta) {
      const request = decoded(() => DeltaDiscoveryRequest.decode(bytes));
      if (this.#stream === undefined) this.#stream = this.#connect(request.node, DeltaStream);
      if (this.#stream instanceof DeltaStream) this.#stream.receive(request);
    } else {
      const { request, names } = decoded(() => splitRequest(bytes));
      if (this.#stream === undefined) this.#stream = this.#connect(request.node, SotwStream);
      if (this.#stream instanceof SotwStream) this.#stream.receive(request, names);
    }
  }

  #count(): void {
    const second = Math.floor(this.shared.now() / 1_000);
    if (second !== this.#second) this.#requests = 0;
    this.#second = second;
    if (++this.#requests > this.shared.limits.requestsPerSecond)
      throw new XdsRefusal(status.RESOURCE_EXHAUSTED, 'too many requests');
  }

  /** One request may cost a lot, the next ones not as well: the work of each holds up all other streams. */
  #charge(names: number): void {
    if (names === 0) return;
    const now = this.shared.now();
    const { namesPerSecond } = this.shared.limits;
    this.#names = Math.max(0, this.#names - ((now - this.#namesAt) / 1_000) * namesPerSecond) + names;
    this.#namesAt = now;
    if (this.#names > namesPerSecond * secondsAhead)
      throw new XdsRefusal(status.RESOURCE_EXHAUSTED, 'too many changes of large subscriptions');
  }

  #connect<S>(node: Node | undefined, Stream: new (shared: Shared, view: ProxyView, sink: StreamSink) => S): S {
    if (node === undefined) throw new XdsRefusal(status.INVALID_ARGUMENT, 'the first request names no node');
    const view = this.handler.connect({
      id: this.id,
      delta: this.delta,
      node,
      peer: peerOf(this.call),
      remote: this.call.getPeer(),
    });
    this.#node = node.id ?? '';
    this.#connectedAt = Date.now();
    const sink: StreamSink = {
      write: (response) => this.call.write(response),
      nacked: (nack) => {
        this.handler.nacked({ stream: this.id, ...nack });
      },
      moved: () => {
        this.events.moved();
      },
    };
    const stream = new Stream(this.shared, view, sink);
    this.events.opened(view);
    return stream;
  }

  /** Runs a step; what it throws ends this stream and no other. */
  #guard(step: () => void): void {
    if (this.#closed) return;
    try {
      step();
    } catch (error) {
      if (error instanceof XdsRefusal) {
        this.close(error.code, error.message);
      } else {
        this.events.failed(error);
        this.close(status.INTERNAL, 'internal error; the log says more');
      }
    }
  }

  serve(): void {
    this.#guard(() => this.#stream?.serve());
  }

  setView(view: ProxyView): void {
    this.#guard(() => this.#stream?.setView(view));
  }

  sweep(): void {
    if (this.#stream?.waiting === true) this.serve();
  }

  moved(): void {
    this.events.moved();
  }

  /** Tells the handler how far the client is and what it refuses, if that has moved. */
  report(): void {
    this.#guard(() => {
      if (this.#stream === undefined) return;
      const progress = this.#stream.progress();
      const sent = Math.max(this.#sent, progress.sent);
      const acked = Math.max(this.#acked, progress.acked);
      const refused = this.#stream.refusals();
      if (sent === this.#sent && acked === this.#acked && same(refused, this.#refused)) return;
      this.#sent = sent;
      this.#acked = acked;
      this.#refused = refused;
      this.handler.progress({ stream: this.id, sent, acked, refused });
    });
  }

  /** Ends the stream with a status. */
  close(code: status, message: string): void {
    if (this.#closed) return;
    this.#end();
    this.call.emit('error', { code, details: message });
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#stream === undefined) return;
    this.#stream.end();
    this.events.closed();
    try {
      this.handler.disconnected(this.id);
    } catch (error) {
      this.events.failed(error);
    }
  }

  state(): StreamState {
    return {
      id: this.id,
      delta: this.delta,
      node: this.#node,
      remote: this.call.getPeer(),
      connectedAt: this.#connectedAt,
      sent: this.#sent,
      acked: this.#acked,
      types: this.#stream?.state() ?? [],
    };
  }
}

function same(some: readonly RefusedResource[], others: readonly RefusedResource[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ typeUrl, name }, i) => typeUrl === others[i]?.typeUrl && name === others[i].name)
  );
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw new XdsRefusal(status.INVALID_ARGUMENT, 'a request that cannot be decoded');
  }
}
