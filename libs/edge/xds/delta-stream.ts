import { type DeltaDiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { status } from '@grpc/grpc-js';

import { type Channel } from './channel';
import { type Draft, type Flight } from './flight';
import { type ProxyView, XdsRefusal } from './handler';
import { Hosts, type HostsContext } from './hosts';
import { type ResourceLayer } from './layer';
import { anyLeft } from './parts';
import { type Response } from './response';
import { type Shared, type StreamSink, XdsStream } from './stream';
import { clusterType, endpointType, hostType, routeType, secretType } from './type-urls';

const nothing: ReadonlyMap<string, string> = new Map();
/** Types of which an empty first request asks for nothing, instead of all. */
const byNameOnly = new Set([endpointType, routeType, secretType]);

/** A stream of the incremental protocol. */
export class DeltaStream extends XdsStream implements HostsContext {
  readonly #hosts: Hosts;
  #all: Record<'typed' | 'hosts' | 'channels', readonly Channel[]> = { typed: [], hosts: [], channels: [] };

  constructor(shared: Shared, view: ProxyView, sink: StreamSink) {
    super(shared, view, sink);
    this.#hosts = new Hosts(this);
  }

  /** Takes a request and answers it. */
  receive(request: DeltaDiscoveryRequest): void {
    const typeUrl = request.typeUrl ?? '';
    if (typeUrl === '') throw new XdsRefusal(status.INVALID_ARGUMENT, 'a request without a type');
    const subscribe = request.resourceNamesSubscribe ?? [];
    const unsubscribe = request.resourceNamesUnsubscribe ?? [];
    this.checkNames(typeUrl, subscribe);
    this.checkNames(typeUrl, unsubscribe);
    const claims = new Map(Object.entries(request.initialResourceVersions ?? {}));
    if (claims.size > 0) this.claimed = true;

    const channel = this.channels.get(typeUrl);
    const nonce = request.responseNonce ?? '';
    if (typeUrl === hostType) {
      this.#answer(this.#hosts.flying(nonce), request, nonce);
      this.#hosts.subscribe(subscribe, claims);
    } else if (channel === undefined) {
      this.#begin(typeUrl, subscribe, unsubscribe, claims);
    } else {
      this.#answer(channel, request, nonce);
      if (typeUrl === routeType && nonce !== '') this.#hosts.routesAnswered();
      this.#change(channel, subscribe, unsubscribe);
    }
    this.serve();
  }

  #answer(channel: Channel | undefined, request: DeltaDiscoveryRequest, nonce: string): void {
    if (nonce === '' || channel === undefined) return;
    if (request.errorDetail === undefined) channel.acknowledge(nonce);
    else this.refused(channel, nonce, request.errorDetail.message ?? '');
  }

  #begin(
    typeUrl: string,
    subscribe: readonly string[],
    unsubscribe: readonly string[],
    claims: ReadonlyMap<string, string>,
  ): void {
    const channel = this.open(typeUrl);
    if (subscribe.length === 0 && !unsubscribe.includes('*') && !byNameOnly.has(typeUrl)) {
      channel.set = this.sets.all;
    } else {
      const { next, asked } = this.sets.step(this.sets.none, subscribe, unsubscribe);
      channel.set = next;
      if (this.view.layers.has(typeUrl)) channel.ask(asked, this.sets);
    }
    channel.owed = channel.set.wildcard && claims.size === 0;
    const useful = typeUrl === endpointType ? this.#ofWarmClusters(claims) : claims;
    if (useful.size > 0) channel.claims = useful;
    if (typeUrl !== routeType) return;
    channel.onTaken = (flight) => {
      this.#hosts.routesTaken(flight);
    };
    this.#hosts.routesBegin(claims);
  }

  /** Clusters that warm wait for their endpoints to come, also for such as the client has. */
  #ofWarmClusters(claims: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    if (this.awaitsClusters) return nothing;
    const flights = this.channels.get(clusterType)?.flights ?? [];
    if (flights.length === 0) return claims;
    const warm = new Map(claims);
    for (const flight of flights) for (const { name } of flight.puts()) warm.delete(name);
    return warm;
  }

  #change(channel: Channel, subscribe: readonly string[], unsubscribe: readonly string[]): void {
    if (subscribe.length === 0 && unsubscribe.length === 0) return;
    const before = channel.set;
    const { next, asked } = this.sets.step(before, subscribe, unsubscribe);
    if (next.listed.size > this.shared.limits.subscriptions)
      throw new XdsRefusal(status.INVALID_ARGUMENT, `${channel.typeUrl}: too many subscriptions`);
    channel.narrow(next);
    if (next.wildcard && !before.wildcard) channel.restart(this.tick);
    else if (this.view.layers.has(channel.typeUrl)) channel.ask(asked, this.sets);
    if (channel.typeUrl === routeType) this.#hosts.routesDropped(unsubscribe);
  }

  protected sendsAll(): boolean {
    return false;
  }

  protected encode(channel: Channel, draft: Draft): Response {
    let { removed } = draft;
    const { scope } = channel.set;
    // Without a response the route configuration, and with it its listener, would wait for its hosts.
    if (scope !== undefined && removed.length === 0 && !anyLeft(draft.parts, draft.without))
      removed = [`${scope}/none`];
    return this.shared.writer.delta(channel.typeUrl, this.tick, draft.parts, draft.without, removed);
  }

  protected override sent(channel: Channel, flight: Flight): void {
    super.sent(channel, flight);
    if (channel.typeUrl === routeType) this.#hosts.routesSent(flight);
  }

  protected override serveAll(): void {
    if (this.#hosts.subscribed) this.#hosts.follow();
    super.serveAll();
  }

  protected override serveOne(channel: Channel): void {
    super.serveOne(channel);
    if (channel.typeUrl !== routeType || !this.#hosts.subscribed || this.stuck) return;
    this.#hosts.follow();
    for (const hosts of this.#hosts.channels()) if (this.#hosts.whole(hosts)) super.serveOne(hosts);
  }

  protected override allChannels(): readonly Channel[] {
    const typed = super.allChannels();
    const hosts = this.#hosts.channels();
    if (hosts.length === 0) return typed;
    if (this.#all.typed !== typed || this.#all.hosts !== hosts)
      this.#all = { typed, hosts, channels: [...typed, ...hosts] };
    return this.#all.channels;
  }

  protected override routeChannels(typeUrl: string): readonly Channel[] | undefined {
    if (typeUrl !== hostType) return super.routeChannels(typeUrl);
    return this.#hosts.subscribed ? this.#hosts.channels() : undefined;
  }

  override keepsGone(channel: Channel): boolean {
    return super.keepsGone(channel) && this.#hosts.keepsGone(channel);
  }

  routes(): Channel | undefined {
    return this.channels.get(routeType);
  }

  hostLayers(): readonly ResourceLayer[] {
    return this.view.layers.get(hostType) ?? [];
  }

  removeHosts(names: readonly string[]): boolean {
    this.write(this.shared.writer.delta(hostType, this.tick, [], new Set(), names));
    return !this.stuck;
  }
}
