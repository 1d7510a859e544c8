import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '@keelson/api/envoy/service/discovery/v3/discovery';

import { DeltaStream } from '../delta-stream';
import { type ProxyView } from '../handler';
import { ResourceLayer } from '../layer';
import { NameSets } from '../names';
import { Parts } from '../parts';
import { ResponseWriter } from '../response';
import { SotwStream } from '../sotw-stream';
import { type Limits, type Shared, type StreamSink } from '../stream';
import { clusterType, endpointType, hostType, listenerType, routeType } from '../type-urls';

export const shortTypes = { cds: clusterType, eds: endpointType, lds: listenerType, rds: routeType, vhds: hostType };
export type ShortType = keyof typeof shortTypes;
const shortOf = new Map(Object.entries(shortTypes).map(([short, url]) => [url, short as ShortType]));

/** A route configuration that leaves its hosts to be discovered: a name and field 9. */
export const discovering = (text = ''): Buffer =>
  Buffer.concat([Buffer.from([0x4a, 0]), Buffer.from([0x0a, text.length]), Buffer.from(text)]);

type Layers = Record<ShortType, ResourceLayer>;

/** A server without sockets: layers, a clock, and what all its streams share. */
export class Bench {
  clock = 0;
  /** The layers of the view. */
  layers: Layers;
  /** The layers of another class of proxies. */
  other: Layers;
  readonly shared: Shared;

  constructor(options: { timeout?: number; limits?: Partial<Limits>; prefix?: string } = {}) {
    const layer = (short: ShortType) => new ResourceLayer(shortTypes[short], short);
    const layers = () => ({
      cds: layer('cds'),
      eds: layer('eds'),
      lds: layer('lds'),
      rds: layer('rds'),
      vhds: layer('vhds'),
    });
    this.layers = layers();
    this.other = layers();
    this.shared = {
      parts: new Parts(),
      sets: new NameSets(),
      writer: new ResponseWriter(options.prefix ?? 'n-'),
      tick: 0,
      now: () => this.clock,
      ackTimeoutMs: options.timeout ?? 5_000,
      limits: {
        subscriptions: 1_000,
        nameLength: 256,
        types: 8,
        requestsPerSecond: 1_000,
        namesPerSecond: 100_000,
        ...options.limits,
      },
    };
  }

  get view(): ProxyView {
    return { layers: new Map(Object.values(this.layers).map((each) => [each.typeUrl, [each]])) };
  }

  /** Makes the other layers the view's. */
  swap(): ProxyView {
    [this.layers, this.other] = [this.other, this.layers];
    return this.view;
  }

  /** Changes layers at the next tick: `{cds: {a: 'body'}}` sets, `undefined` removes. */
  change(
    changes: Partial<Record<ShortType, Record<string, string | Buffer | undefined>>>,
    needs: Record<string, string[]> = {},
  ): number {
    const tick = this.shared.tick + 1;
    for (const [short, resources] of Object.entries(changes))
      for (const [name, body] of Object.entries(resources))
        this.layers[short as ShortType].replace(
          tick,
          name,
          body === undefined
            ? []
            : [{ name, body: typeof body === 'string' ? Buffer.from(body) : body, needs: needs[name] }],
        );
    this.shared.tick = tick;
    return tick;
  }
}

/** What the bench's clients received, in the terms of tests. */
export interface Received {
  type: ShortType;
  nonce: string;
  put: Record<string, string>;
  /** The versions of what is in `put`. */
  versions?: Record<string, string>;
  removed: string[];
}

type Nacked = Parameters<StreamSink['nacked']>[0];

/** Drives a delta stream: requests by hand, answers by hand. */
export class DeltaDriver {
  readonly stream: DeltaStream;
  readonly inbox: Received[] = [];
  readonly nacks: Nacked[] = [];
  full = false;
  #versions = new Map<string, string>();

  constructor(
    readonly bench: Bench,
    view: ProxyView = bench.view,
  ) {
    this.stream = new DeltaStream(bench.shared, view, {
      write: (bytes) => {
        const response = DeltaDiscoveryResponse.decode(bytes);
        const put: Record<string, string> = {};
        const versions: Record<string, string> = {};
        const type = shortOf.get(response.typeUrl ?? '') ?? 'cds';
        for (const resource of response.resources ?? []) {
          put[resource.name ?? ''] = Buffer.from(resource.resource?.value ?? []).toString();
          versions[resource.name ?? ''] = resource.version ?? '';
          this.#versions.set(`${type} ${resource.name ?? ''}`, resource.version ?? '');
        }
        this.inbox.push({ type, nonce: response.nonce ?? '', put, versions, removed: response.removedResources ?? [] });
        return !this.full;
      },
      nacked: (nack) => this.nacks.push(nack),
      moved: () => undefined,
    });
  }

  /** The version under which a name came last. */
  version(type: ShortType, name: string): string {
    return this.#versions.get(`${type} ${name}`) ?? '';
  }

  request(type: ShortType, request: Partial<DeltaDiscoveryRequest> = {}): this {
    // Through the wire, as a socket would have it.
    const bytes = DeltaDiscoveryRequest.encode({ ...request, typeUrl: shortTypes[type] }).finish();
    this.stream.receive(DeltaDiscoveryRequest.decode(bytes));
    return this;
  }

  subscribe(type: ShortType, ...names: string[]): this {
    return this.request(type, { resourceNamesSubscribe: names });
  }

  unsubscribe(type: ShortType, ...names: string[]): this {
    return this.request(type, { resourceNamesUnsubscribe: names });
  }

  /** The next response; the test fails if there is none. */
  next(): Received {
    const received = this.inbox.shift();
    if (received === undefined) throw new Error('no response');
    return received;
  }

  ack(received: Received): this {
    return this.request(received.type, { responseNonce: received.nonce });
  }

  nack(received: Received, message = 'refused'): this {
    return this.request(received.type, { responseNonce: received.nonce, errorDetail: { message, code: 3 } });
  }

  /** Takes and ACKs everything until nothing comes; returns what came. */
  settle(): Received[] {
    const all: Received[] = [];
    for (let received = this.inbox.shift(); received !== undefined; received = this.inbox.shift()) {
      all.push(received);
      this.ack(received);
    }
    return all;
  }
}

/** Drives a stream of the state of the world. */
export class SotwDriver {
  readonly stream: SotwStream;
  readonly inbox: Received[] = [];
  readonly nacks: Nacked[] = [];

  constructor(
    readonly bench: Bench,
    nameOf: (body: string) => string,
    view: ProxyView = bench.view,
  ) {
    this.stream = new SotwStream(bench.shared, view, {
      write: (bytes) => {
        const response = DiscoveryResponse.decode(bytes);
        const put: Record<string, string> = {};
        for (const resource of response.resources ?? []) {
          const body = Buffer.from(resource.value ?? []).toString();
          put[nameOf(body)] = body;
        }
        const type = shortOf.get(response.typeUrl ?? '') ?? 'cds';
        this.inbox.push({ type, nonce: response.nonce ?? '', put, removed: [] });
        return true;
      },
      nacked: (nack) => this.nacks.push(nack),
      moved: () => undefined,
    });
  }

  request(type: ShortType, names: string[] = [], nonce = '', error?: string): this {
    const errorDetail = error === undefined ? undefined : { message: error, code: 3 };
    this.stream.receive({ typeUrl: shortTypes[type], resourceNames: names, responseNonce: nonce, errorDetail });
    return this;
  }

  next(): Received {
    const received = this.inbox.shift();
    if (received === undefined) throw new Error('no response');
    return received;
  }
}
