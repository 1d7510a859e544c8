import { Channel } from './channel';
import { type ChannelContext } from './context';
import { type Flight } from './flight';
import { type ResourceLayer } from './layer';
import { hostType } from './type-urls';
import { leavesHosts } from './wire';

/** What the virtual hosts of a stream need of it. */
export interface HostsContext extends ChannelContext {
  /** The channel of route configurations, once the client has asked for some. */
  routes(): Channel | undefined;
  hostLayers(): readonly ResourceLayer[];
  /** Sends removals of hosts of one route configuration. @returns false if nothing more can be written */
  removeHosts(names: readonly string[]): boolean;
}

/**
 * Virtual hosts by discovery on one stream: a channel for each route configuration that the client has asked for and
 * has got, opened and closed by what it asks of RDS. Hosts of others are never sent: they would be dropped in silence.
 */
export class Hosts {
  readonly #channels = new Map<string, Channel>();
  /** What the client said to hold when the stream began, by route configuration. */
  readonly #claims = new Map<string, Map<string, string>>();
  /** Route configurations that the client has held without a break since an earlier stream. */
  #claimedRoutes: ReadonlyMap<string, string> = new Map();
  /** Hosts to be removed, by route configuration. */
  readonly #farewells = new Map<string, Set<string>>();
  /** Route configurations of which the client has taken some version since it asked for them: it holds one, removed or not. */
  readonly #taken = new Set<string>();
  #subscribed = false;
  #stale = false;
  #list: readonly Channel[] = [];

  constructor(readonly context: HostsContext) {}

  get subscribed(): boolean {
    return this.#subscribed;
  }

  channels(): readonly Channel[] {
    return this.#list;
  }

  /** The channel that has a response in flight. */
  flying(nonce: string): Channel | undefined {
    return nonce === ''
      ? undefined
      : this.#list.find((channel) => channel.flights.some((flight) => flight.nonce === nonce));
  }

  /** A request for virtual hosts: the first asks for all, whatever it names; later ones may name some again. */
  subscribe(names: readonly string[], claims: ReadonlyMap<string, string>): void {
    this.#stale = true;
    if (!this.#subscribed) {
      this.#subscribed = true;
      for (const [name, version] of claims) {
        const scope = scopeOf(name);
        const known = this.#claims.get(scope) ?? new Map<string, string>();
        this.#claims.set(scope, known.set(name, version));
      }
    }
    const asked = new Map<Channel, string[]>();
    for (const name of names) {
      if (name === '*') continue;
      const channel = this.#channels.get(scopeOf(name));
      if (channel === undefined) {
        if (this.context.routes() !== undefined) this.#remove(scopeOf(name), [name]);
        continue;
      }
      const known = asked.get(channel);
      if (known === undefined) asked.set(channel, [name]);
      else known.push(name);
    }
    for (const [channel, those] of asked) channel.ask(this.context.sets.of(those), this.context.sets);
  }

  /** The first request for route configurations. */
  routesBegin(claims: ReadonlyMap<string, string>): void {
    this.#claimedRoutes = claims;
    for (const name of claims.keys()) this.#taken.add(name);
    this.#stale = true;
  }

  /** The client has answered about route configurations: it may have got one. */
  routesAnswered(): void {
    this.#stale = true;
  }

  /** The client has taken a response with route configurations. */
  routesTaken(flight: Flight): void {
    for (const { name } of flight.puts()) this.#taken.add(name);
  }

  /** Route configurations went out: one that is new to the client has none of its hosts. */
  routesSent(flight: Flight): void {
    this.#stale = true;
    for (const put of flight.puts())
      if (flight.before(put) === undefined) this.#channels.get(put.name)?.restart(this.context.tick);
  }

  /** The client's interest in route configurations shrank: their hosts go with them. */
  routesDropped(names: readonly string[]): void {
    this.#stale = true;
    const wanted = this.context.routes()?.set;
    for (const scope of names.includes('*') ? [...this.#channels.keys()] : names) {
      // Dropped and asked for again in one request is a new beginning, too.
      if (wanted?.has(scope) === true && !names.includes(scope)) continue;
      this.#remove(scope, this.#claims.get(scope)?.keys() ?? []);
      this.#claims.delete(scope);
      this.#taken.delete(scope);
      this.#close(scope);
    }
    this.#list = [...this.#channels.values()];
  }

  #close(scope: string): void {
    const channel = this.#channels.get(scope);
    if (channel === undefined) return;
    this.#remove(scope, [...channel.held().keys(), ...channel.frozen.keys()]);
    this.#channels.delete(scope);
    channel.end();
  }

  #remove(scope: string, names: Iterable<string>): void {
    const farewell = this.#farewells.get(scope) ?? new Set();
    for (const name of names) farewell.add(name);
    if (farewell.size > 0) this.#farewells.set(scope, farewell);
  }

  /** Opens channels for route configurations that the client has got, and takes leave of the others. */
  follow(): void {
    const routes = this.context.routes();
    if (this.#stale && this.#subscribed && routes !== undefined && routes.sent >= 0) {
      this.#stale = false;
      for (const [scope, claims] of this.#claims) {
        if (routes.set.has(scope)) continue;
        this.#remove(scope, claims.keys());
        this.#claims.delete(scope);
      }
      this.#takeBack(routes);
      const names = routes.set.wildcard ? routes.base.flatMap((layer) => [...layer.names()]) : routes.set.listed;
      this.context.sets.count(routes.set.listed.size);
      for (const scope of names) if (!this.#channels.has(scope)) this.#open(scope, routes);
    }
    for (const [scope, names] of this.#farewells) {
      this.#farewells.delete(scope);
      if (!this.context.removeHosts([...names])) return;
    }
  }

  /** Whether the client holds no version of a route configuration that it could have: it refused it, or waits for it. */
  #lacks({ frozen, flights }: Channel, scope: string): boolean {
    const state = frozen.get(scope);
    if (state === undefined || state.had !== undefined || this.#taken.has(scope)) return false;
    return !flights.some((flight) => flight.find(scope) !== undefined);
  }

  /** A route configuration that was refused at its first coming has no use for hosts. */
  #takeBack(routes: Channel): void {
    for (const scope of this.#channels.keys()) if (this.#lacks(routes, scope)) this.#close(scope);
    this.#list = [...this.#channels.values()];
  }

  #open(scope: string, routes: Channel): void {
    if (routes.asked?.listed.has(scope) === true) return; // not sent yet
    const resource = routes.lookupServed(scope);
    if (resource === undefined || this.#lacks(routes, scope) || !leavesHosts(resource.body)) return;
    const channel = new Channel(hostType, this.context.sets.hostsOf(scope), this.context.hostLayers());
    const claims = this.#claims.get(scope);
    this.#claims.delete(scope);
    channel.owed = true;
    if (claims !== undefined && this.#claimedRoutes.has(scope)) {
      channel.claims = claims;
      channel.owed = false;
    } else {
      // A route configuration that began anew has none of the hosts that the client still counts.
      for (const name of claims?.keys() ?? [])
        channel.frozen.set(name, { kind: 'removal', had: undefined, tick: this.context.tick });
    }
    this.#channels.set(scope, channel);
    this.#list = [...this.#channels.values()];
  }

  /**
   * Whether a channel's next response is as complete as it is to be: the first one makes its route configuration live, so it
   * waits for the clusters of all its hosts.
   */
  whole(channel: Channel): boolean {
    const { context } = this;
    if (channel.sent >= 0 || channel.claims !== undefined || context.clustersSettled()) return true;
    channel.waitingSince ??= context.now();
    if (context.now() - channel.waitingSince >= context.ackTimeoutMs) return true;
    const { base, target, set } = channel;
    const parts = context.parts.between({ base, target, set, from: -1, extra: undefined });
    return parts.every((part) => part.needy.every((put) => context.readiness(put.now) !== 'unacked'));
  }

  /** Whether a route configuration is gone: its listener may still drain, so its hosts stay until RDS lets go of it. */
  keepsGone(channel: Channel): boolean {
    return channel.set.scope !== undefined && this.context.routes()?.lookup(channel.set.scope) === undefined;
  }
}

/** What stands before the last slash selects the route configuration. */
function scopeOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
