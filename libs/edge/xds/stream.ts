import { status } from '@grpc/grpc-js';

import { Channel } from './channel';
import { type ChannelContext, type Readiness } from './context';
import { type Draft, type Flight } from './flight';
import { type ProxyView, type RefusedResource, XdsRefusal } from './handler';
import { type StoredResource } from './layer';
import { type NameSets } from './names';
import { type Parts } from './parts';
import { type Response, type ResponseWriter } from './response';
import { type ChannelState } from './state';
import { clusterType, endpointType, listenerType, rankOf, routeType, routing } from './type-urls';

const nothing: readonly RefusedResource[] = [];

/** What bounds a client. */
export interface Limits {
  /** Names of one type that a stream may subscribe to. */
  subscriptions: number;
  /** Characters of a name. */
  nameLength: number;
  /** Types on one stream. */
  types: number;
  /** Requests in a second. */
  requestsPerSecond: number;
  /**
   * Names that requests may make the server go through in a second: those that they hold, and, where no other stream
   * has taken the same step before, those of the sets that they lead from and to. A stream may be five seconds ahead.
   */
  namesPerSecond: number;
}

/** What all streams of a server share. */
export interface Shared {
  readonly parts: Parts;
  readonly sets: NameSets;
  readonly writer: ResponseWriter;
  /** The tick that was pushed last. */
  tick: number;
  now(): number;
  readonly ackTimeoutMs: number;
  readonly limits: Limits;
}

/** Where a stream's output goes. */
export interface StreamSink {
  /** @returns false if nothing more is to be written until `drained` is called */
  write(response: Buffer): boolean;
  nacked(nack: { typeUrl: string; names: string[]; exact: boolean; message: string; tick: number }): void;
  /** What `progress` tells may have moved. */
  moved(): void;
}

/** One client's protocol state, without a socket: requests go in, responses come out at the sink. */
export abstract class XdsStream implements ChannelContext {
  protected readonly channels = new Map<string, Channel>();
  #ordered: Channel[] = [];
  #behind = false;
  #ended = false;
  #serving = false;
  readonly openedAt: number;
  protected claimed = false;

  constructor(
    protected readonly shared: Shared,
    protected view: ProxyView,
    protected readonly sink: StreamSink,
  ) {
    this.openedAt = shared.now();
  }

  get parts(): Parts {
    return this.shared.parts;
  }

  get sets(): NameSets {
    return this.shared.sets;
  }

  get tick(): number {
    return this.shared.tick;
  }

  get ackTimeoutMs(): number {
    return this.shared.ackTimeoutMs;
  }

  now(): number {
    return this.shared.now();
  }

  /** All channels. */
  protected allChannels(): readonly Channel[] {
    return this.#ordered;
  }

  protected open(typeUrl: string): Channel {
    if (this.channels.size >= this.shared.limits.types)
      throw new XdsRefusal(status.INVALID_ARGUMENT, `more than ${this.shared.limits.types} types on one stream`);
    const channel = new Channel(typeUrl, this.sets.none, this.view.layers.get(typeUrl) ?? []);
    this.channels.set(typeUrl, channel);
    this.#ordered = [...this.channels.values()].sort((a, b) => rankOf(a.typeUrl) - rankOf(b.typeUrl));
    return channel;
  }

  /** Refuses names that no resource has, before they are kept or compared. */
  protected checkNames(typeUrl: string, names: readonly string[]): void {
    const { nameLength, subscriptions } = this.shared.limits;
    if (names.length > subscriptions)
      throw new XdsRefusal(status.INVALID_ARGUMENT, `${typeUrl}: more than ${subscriptions} names`);
    for (const name of names) {
      if (name.length === 0 || name.length > nameLength)
        throw new XdsRefusal(status.INVALID_ARGUMENT, `${typeUrl}: a name of ${name.length} characters`);
      if (name.includes('\n')) throw new XdsRefusal(status.INVALID_ARGUMENT, `${typeUrl}: a name with a line feed`);
    }
  }

  /** The client is to have something else from the next `serve` on. */
  setView(view: ProxyView): void {
    this.view = view;
    for (const channel of this.allChannels()) channel.target = view.layers.get(channel.typeUrl) ?? [];
  }

  /** Lets go of everything. */
  end(): void {
    this.#ended = true;
    for (const channel of this.allChannels()) channel.end();
  }

  /** The client reads again. */
  drained(): void {
    this.#behind = false;
    this.serve();
  }

  /** Whether time alone may let something go out. */
  get waiting(): boolean {
    return this.allChannels().some(
      (channel) => channel.flights.length > 0 || channel.frozen.size > 0 || channel.waitingSince !== undefined,
    );
  }

  /** Sends what can be sent. A call from within, by way of the sink, has nothing to add. */
  serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      if (!this.stuck) this.serveAll();
    } finally {
      this.#serving = false;
    }
    this.sink.moved();
  }

  protected serveAll(): void {
    for (const channel of this.#ordered) this.serveOne(channel);
    for (const typeUrl of [clusterType, endpointType]) {
      const channel = this.channels.get(typeUrl);
      if (channel !== undefined) this.#serveRemovals(channel);
    }
  }

  /**
   * Whether the client has come back with clusters that still warm: Envoy does not ask for clusters then, so nobody knows
   * which it has, until the endpoints come that they warm for. One that claims nothing and has had its endpoints for a
   * while has clusters of its own.
   */
  protected get awaitsClusters(): boolean {
    const endpoints = this.channels.get(endpointType);
    if (endpoints === undefined || this.channels.has(clusterType) || !this.view.layers.has(clusterType)) return false;
    return this.claimed || endpoints.flights.length > 0 || this.now() - this.openedAt < this.ackTimeoutMs;
  }

  /** Whether nothing can be written now. */
  protected get stuck(): boolean {
    return this.#behind || this.#ended;
  }

  protected serveOne(channel: Channel): void {
    while (!this.stuck && !channel.blocked(this)) {
      const draft = channel.draft(this);
      if (draft === undefined || !this.send(channel, draft)) return;
    }
  }

  /** @returns whether anything went out: not all changes can be told in every protocol */
  protected send(channel: Channel, draft: Draft): boolean {
    const response = this.encode(channel, draft);
    if (response === undefined) return false;
    const flight = channel.launched(draft, response.nonce, this.now(), this.sendsAll(channel));
    this.write(response);
    this.sent(channel, flight);
    return true;
  }

  protected write(response: Response): void {
    if (!this.sink.write(response.bytes)) this.#behind = true;
  }

  /** Whether responses of a channel hold everything that there is. */
  protected abstract sendsAll(channel: Channel): boolean;

  protected abstract encode(channel: Channel, draft: Draft): Response | undefined;

  /** A changed cluster warms until its endpoints come again. */
  protected sent(channel: Channel, flight: Flight): void {
    const endpoints = this.channels.get(endpointType);
    if (channel.typeUrl !== clusterType || endpoints === undefined) return;
    const names: string[] = [];
    for (const { name } of flight.puts()) if (endpoints.set.has(name)) names.push(name);
    if (names.length > 0) endpoints.force(names, this.sets);
  }

  #serveRemovals(channel: Channel): void {
    if (this.stuck || channel.frozen.size === 0 || channel.blocked(this)) return;
    const names = channel.removable((name, tick) => this.#mayGo(channel, name, tick));
    if (names.length === 0) return;
    for (const name of names) channel.frozen.delete(name);
    const nothing = new Map<string, StoredResource | undefined>();
    this.send(channel, {
      parts: [],
      without: new Set(),
      removed: names,
      had: nothing,
      floor: channel.sent,
      trial: false,
    });
  }

  /** A cluster goes when nothing that the client holds can point at it, its endpoints after it. */
  #mayGo(channel: Channel, name: string, tick: number): boolean {
    const clusters = this.channels.get(clusterType);
    if (channel.typeUrl === endpointType && clusters !== undefined && clusters.set.has(name)) {
      if (clusters.flights.length > 0 || clusters.frozen.has(name) || clusters.sent < tick) return false;
    }
    // A client that comes back may hold routes from elsewhere until it has asked for all of them here.
    const young = this.claimed && this.now() - this.openedAt < this.ackTimeoutMs;
    for (const typeUrl of routing) {
      const ways = this.routeChannels(typeUrl);
      if (ways === undefined) {
        if (young && (this.view.layers.get(typeUrl)?.length ?? 0) > 0) return false;
      } else if (ways.some((way) => way.mayUse(name, tick, this))) {
        return false;
      }
    }
    return true;
  }

  /** The channels of a type; undefined if the client has not asked for it. */
  protected routeChannels(typeUrl: string): readonly Channel[] | undefined {
    const channel = this.channels.get(typeUrl);
    return channel === undefined ? undefined : [channel];
  }

  clustersSettled(): boolean {
    const clusters = this.channels.get(clusterType);
    if (clusters === undefined) return !this.awaitsClusters;
    return (
      clusters.flights.length === 0 &&
      clusters.frozen.size === 0 &&
      clusters.trial === undefined &&
      clusters.base === clusters.target &&
      clusters.sent >= clusters.head
    );
  }

  readiness(resource: StoredResource): Readiness {
    const clusters = this.channels.get(clusterType);
    if (clusters === undefined) {
      const known = this.view.layers.get(clusterType) ?? [];
      const needed = resource.needs.some((need) => known.some((layer) => layer.get(need) !== undefined));
      return needed && this.awaitsClusters ? 'unacked' : 'ready';
    }
    let readiness: Readiness = 'ready';
    for (const need of resource.needs) {
      if (!clusters.set.has(need) || clusters.lookup(need) === undefined || clusters.holds(need)) continue;
      const frozen = clusters.frozen.get(need);
      // Another version than the refused one is on its way.
      if (frozen?.kind !== 'refused' || frozen.version !== clusters.lookup(need)?.version) return 'unacked';
      // One bad cluster is not to stop all other routes of a port.
      if (resource.typeUrl !== routeType) readiness = 'refused';
    }
    return readiness;
  }

  keepsGone(channel: Channel): boolean {
    return channel.set.scope !== undefined;
  }

  /** Passes a NACK on. */
  protected refused(channel: Channel, nonce: string, message: string): void {
    const nack = channel.refuse(nonce, message);
    if (nack !== undefined) this.sink.nacked({ typeUrl: channel.typeUrl, message, ...nack });
  }

  /** How far the client is; nothing before it has listeners. */
  progress(): { sent: number; acked: number } {
    if (this.view.layers.has(listenerType) && !this.channels.has(listenerType)) return { sent: 0, acked: 0 };
    if (this.awaitsClusters) return { sent: 0, acked: 0 };
    let sent = this.tick;
    let acked = this.tick;
    for (const channel of this.allChannels()) {
      const progress = channel.progress(this.tick);
      sent = Math.min(sent, progress.sent);
      acked = Math.min(acked, progress.acked);
    }
    return { sent: Math.max(0, sent), acked: Math.max(0, acked) };
  }

  /** The resources that the client refused, and has neither been sent another version of nor let go. */
  refusals(): readonly RefusedResource[] {
    let refused: RefusedResource[] | undefined;
    for (const { typeUrl, frozen } of this.allChannels())
      for (const [name, { kind }] of frozen) if (kind === 'refused') (refused ??= []).push({ typeUrl, name });
    return refused ?? nothing;
  }

  /** What a debug page shows. */
  state(): ChannelState[] {
    return this.allChannels().map((channel) => {
      const frozen = (kind: string) => [...channel.frozen].filter(([, f]) => f.kind === kind).map(([name]) => name);
      return {
        typeUrl: channel.typeUrl,
        scope: channel.set.scope,
        subscribed: { wildcard: channel.set.wildcard, names: channel.set.listed.size },
        sent: channel.sent,
        acked: channel.acked,
        inFlight: channel.flights.length,
        held: frozen('needs'),
        refused: frozen('refused'),
        removing: frozen('removal'),
        nacks: channel.nacks,
        lastNack: channel.lastNack,
      };
    });
  }
}
