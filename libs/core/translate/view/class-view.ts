import type { MeshDelta } from '@keelson/core/mesh';
import { destinationsOf, hostCovers, type ClassScope } from '@keelson/core/mesh';
import { typeUrls } from '../built';
import type { Place } from '../endpoints/load-assignment';
import { GatewayRoutes } from './gateway-routes';
import { GrpcRoutes } from './grpc-routes';
import { namesakes } from './namesakes';
import type { MakeResourceSet, ResourceSet } from './resource-set';
import { RouteSet } from './route-set';
import { serviceResources, type ServiceResources } from './service-resources';
import { SidecarRoutes } from './sidecar-routes';

/** The hosts that a change may have touched, by what has to be made again of them. */
export interface Touched {
  /** Hosts whose service is there, is gone, or is another. */
  services: ReadonlySet<string>;
  /** Others whose short names may differ: such a name is the full one of a service that came or went. */
  namesakes: ReadonlySet<string>;
  /** Hosts whose virtual host may differ, or for gRPC clients their route configurations. */
  routes: ReadonlySet<string>;
  /** Whether everything is to be looked at. */
  all: boolean;
}

/** How listeners and routes follow a change; sidecars and routers do it differently. */
export interface RouteFollower {
  follow(tick: number, touched: Touched): void;
}

interface EndpointsAt<S> {
  place: Place;
  set: S;
}

/** By which a place is known. */
export function placeKey({ network, locality }: Place): string {
  return JSON.stringify([network, locality]);
}

/**
 * Everything that the proxies of one class share: clusters, endpoints by place, listeners, route configurations and
 * virtual hosts. A change is followed by making again only what depends on it.
 */
export class ClassView<S extends ResourceSet> {
  readonly clusters: S;
  readonly listeners: S;
  readonly routes: S;
  readonly hosts: S;
  private inlineRoutes: S | undefined;
  private readonly routeSet: RouteSet<S>;
  private readonly follower: RouteFollower;
  private readonly resources: ServiceResources;
  private readonly places = new Map<string, EndpointsAt<S>>();
  private readonly known = new Set<string>();
  /** What Mixer's rules wanted of the class when it was last made. */
  private wanted = '';

  constructor(
    readonly scope: ClassScope,
    private readonly make: MakeResourceSet<S>,
    tick: number,
  ) {
    this.clusters = make(typeUrls.cluster, scope.key);
    this.listeners = make(typeUrls.listener, scope.key);
    this.routes = make(typeUrls.route, scope.key);
    this.hosts = make(typeUrls.virtualHost, scope.key);
    this.routeSet = new RouteSet(scope, this.routes, this.hosts);
    this.resources = serviceResources[scope.client.kind];
    this.follower = this.makeFollower();
    this.remake(tick);
  }

  /** The endpoints as seen from one place; made for the first proxy there. */
  endpointsAt(place: Place, tick: number): S {
    const key = placeKey(place);
    let at = this.places.get(key);
    if (!at) {
      at = { place, set: this.make(typeUrls.endpoint, `${this.scope.key}|${key}`) };
      this.places.set(key, at);
      for (const host of this.known) this.remakeEndpoints(tick, host, [at]);
    }
    return at.set;
  }

  /** Drops the endpoints as seen from all other places. A proxy says itself where it is: there may be any number. */
  keepPlaces(used: ReadonlySet<string>): void {
    for (const key of this.places.keys()) if (!used.has(key)) this.places.delete(key);
  }

  /** The route configurations with their virtual hosts inline, for clients without virtual host discovery. */
  routesInline(tick: number): S {
    if (this.scope.client.kind === 'grpc') return this.routes;
    if (!this.inlineRoutes) {
      this.inlineRoutes = this.make(typeUrls.route, `${this.scope.key}|inline`);
      this.routeSet.keepInline(tick, this.inlineRoutes);
    }
    return this.inlineRoutes;
  }

  /** Follows a change of the model. */
  follow(tick: number, delta: MeshDelta): void {
    const { scope } = this;
    const selectors = scope.sidecar !== undefined && delta.sidecars.has(scope.sidecar.namespace);
    const policies = [scope.namespace, scope.settings.rootNamespace].some((namespace) => delta.policies.has(namespace));
    const wants = delta.mixer && this.wants() !== this.wanted;
    if (delta.settings || selectors || wants || (scope.role === 'router' && (delta.gateways || policies))) {
      this.remake(tick);
      return;
    }
    const services = new Set(delta.services);
    if (delta.virtualServices.length > 0)
      for (const host of scope.role === 'router' ? this.reachChanges() : this.ledToChanges(delta)) services.add(host);
    const ruled = this.expand(delta.destinationRules);
    const definitions = new Set([...services, ...delta.identities, ...ruled]);
    for (const host of definitions) this.remakeClusters(tick, host);
    for (const host of new Set([...definitions, ...delta.endpoints]))
      if (this.known.has(host)) this.remakeEndpoints(tick, host, this.places.values());
    // Listeners of TCP ports read the DestinationRule too, and routes of gRPC clients: they lead to no subset that is not there.
    const read = new Set([...services, ...ruled]);
    const others = new Set([...services].flatMap((host) => namesakes(scope, host, this.known)));
    const routes = this.routesTouched(delta, scope.client.kind === 'grpc' ? read : services);
    for (const host of others) routes.add(host);
    if (read.size > 0 || routes.size > 0)
      this.follower.follow(tick, { services: read, namesakes: others, routes, all: false });
    this.routeSet.finish(tick);
  }

  private makeFollower(): RouteFollower {
    const { scope, listeners } = this;
    if (scope.client.kind === 'grpc') return new GrpcRoutes(scope, listeners, this.routes);
    return scope.role === 'router'
      ? new GatewayRoutes(scope, listeners, this.routeSet)
      : new SidecarRoutes(scope, listeners, this.routeSet);
  }

  private remake(tick: number): void {
    const { scope } = this;
    scope.refresh();
    this.wanted = this.wants();
    this.clusters.replace(tick, '', this.resources.fixed(scope));
    const hosts = new Set([...this.known, ...scope.services().map((service) => service.hostname)]);
    for (const host of hosts) {
      this.remakeClusters(tick, host);
      this.remakeEndpoints(tick, host, this.places.values());
    }
    this.follower.follow(tick, { services: hosts, namesakes: new Set(), routes: hosts, all: true });
    this.routeSet.finish(tick);
  }

  private wants(): string {
    const { scope } = this;
    // gRPC clients speak to no Mixer.
    if (scope.client.kind === 'grpc') return '';
    return JSON.stringify([scope.tells, scope.reports('http'), scope.reports('tcp')]);
  }

  private remakeClusters(tick: number, host: string): void {
    const service = this.scope.service(host);
    if (service) this.known.add(host);
    else if (!this.known.delete(host)) return;
    this.clusters.replace(tick, host, service ? this.resources.clusters(this.scope, service) : []);
    if (!service) this.remakeEndpoints(tick, host, this.places.values());
  }

  private remakeEndpoints(tick: number, host: string, places: Iterable<EndpointsAt<S>>): void {
    const service = this.scope.service(host);
    for (const { place, set } of places)
      set.replace(tick, host, service ? this.resources.endpoints(this.scope, service, place) : []);
  }

  /** A router reaches other hosts after its rules changed: those that came and those that went. */
  private reachChanges(): Set<string> {
    this.scope.refresh();
    const now = new Set(this.scope.services().map((service) => service.hostname));
    const changes = new Set<string>();
    for (const host of now) if (!this.known.has(host)) changes.add(host);
    for (const host of this.known) if (!now.has(host)) changes.add(host);
    return changes;
  }

  /** A sidecar sees other hosts where a rule that it imports leads to them now, or did. */
  private ledToChanges(delta: MeshDelta): Set<string> {
    const { scope } = this;
    const changes = new Set<string>();
    for (const { before, after } of delta.virtualServices)
      for (const rule of [before, after])
        for (const host of rule ? destinationsOf(rule, scope.settings.domainSuffix) : [])
          if ((scope.service(host) !== undefined) !== this.known.has(host)) changes.add(host);
    return changes;
  }

  private routesTouched(delta: MeshDelta, services: ReadonlySet<string>): Set<string> {
    const { rules } = this.scope.model;
    const patterns = new Set<string>();
    for (const { before, after } of delta.virtualServices)
      for (const rule of [before, after]) for (const host of rule ? rules.hostsOf(rule) : []) patterns.add(host);
    for (const host of services)
      for (const rule of rules.leadingTo(host)) for (const each of rules.hostsOf(rule)) patterns.add(each);
    const hosts = this.expand(patterns);
    for (const pattern of patterns) hosts.add(pattern);
    for (const host of services) hosts.add(host);
    return hosts;
  }

  /** The known hosts that patterns cover. */
  private expand(patterns: Iterable<string>): Set<string> {
    const hosts = new Set<string>();
    for (const pattern of patterns) {
      if (!pattern.startsWith('*')) {
        if (this.known.has(pattern)) hosts.add(pattern);
      } else for (const host of this.known) if (hostCovers(pattern, host)) hosts.add(host);
    }
    return hosts;
  }
}
