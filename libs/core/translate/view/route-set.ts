import type { Scope } from '@keelson/core/mesh';
import type { Built } from '../built';
import type { RouteConfigPlan } from '../routes/plan';
import { routeConfig, routeConfigInline } from '../routes/route-config';
import { withDomains } from '../routes/virtual-host';
import { DomainClaims } from './domain-claims';
import type { ResourceSet } from './resource-set';

interface Route {
  plan: RouteConfigPlan;
  /** What a host claims, before domains that several claim were shared out. */
  claimed: Map<string, Built>;
  /** The hosts that have a domain, with those that they have. */
  granted: Map<string, Built>;
  claims: DomainClaims;
}

/**
 * The route configurations of a class and their virtual hosts: each virtual host a resource of its own, and, once a
 * client without virtual host discovery is there, the same ones put together inline.
 */
export class RouteSet<S extends ResourceSet> {
  private readonly routes = new Map<string, Route>();
  private readonly stale = new Set<string>();
  private inlineSet: S | undefined;

  constructor(
    private readonly scope: Scope,
    private readonly configurations: S,
    private readonly hosts: S,
  ) {}

  /** Puts a route configuration in place; hosts that it has stay. */
  put(tick: number, plan: RouteConfigPlan): void {
    const route = this.routes.get(plan.name);
    if (route) route.plan = plan;
    else this.routes.set(plan.name, { plan, claimed: new Map(), granted: new Map(), claims: new DomainClaims() });
    this.configurations.replace(tick, plan.name, [routeConfig(this.scope, plan)]);
    this.stale.add(plan.name);
  }

  /** Takes a route configuration away with all its hosts. */
  remove(tick: number, name: string): void {
    const route = this.routes.get(name);
    if (!route) return;
    for (const host of route.claimed.keys()) this.hosts.replace(tick, `${name}/${host}`, []);
    this.routes.delete(name);
    this.configurations.replace(tick, name, []);
    this.stale.add(name);
  }

  /** Puts the virtual host of a host name in place, or takes it away. */
  putHost(tick: number, name: string, host: string, built: Built | undefined): void {
    const route = this.routes.get(name);
    if (!route) return;
    if (built) route.claimed.set(host, built);
    else route.claimed.delete(host);
    const moved = route.claims.claim(host, built?.domains ?? [], this.scope.service(host)?.created);
    this.grant(tick, route, host);
    for (const other of moved) this.grant(tick, route, other);
    this.stale.add(name);
  }

  has(name: string): boolean {
    return this.routes.has(name);
  }

  plan(name: string): RouteConfigPlan | undefined {
    return this.routes.get(name)?.plan;
  }

  hostsOf(name: string): string[] {
    return [...(this.routes.get(name)?.claimed.keys() ?? [])];
  }

  /** From now on the route configurations are also kept with their hosts inline, in the given set. */
  keepInline(tick: number, set: S): void {
    this.inlineSet = set;
    for (const name of this.routes.keys()) this.stale.add(name);
    this.finish(tick);
  }

  /** Brings the inline form up to date, once for all changes of a tick. */
  finish(tick: number): void {
    if (this.inlineSet)
      for (const name of this.stale) {
        const route = this.routes.get(name);
        const hosts = route ? [...route.granted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, built]) => built) : [];
        this.inlineSet.replace(tick, name, route ? [routeConfigInline(this.scope, route.plan, hosts)] : []);
      }
    this.stale.clear();
  }

  private grant(tick: number, route: Route, host: string): void {
    const unit = `${route.plan.name}/${host}`;
    const claimed = route.claimed.get(host);
    const domains = claimed ? route.claims.granted(host) : [];
    // Envoy refuses a virtual host without domains: a host that got none waits until one is free.
    if (!claimed || domains.length === 0) {
      route.granted.delete(host);
      this.hosts.replace(tick, unit, []);
      return;
    }
    const whole = domains.length === claimed.domains?.length;
    const built = whole ? claimed : withDomains(claimed, domains);
    route.granted.set(host, built);
    this.hosts.replace(tick, unit, [built]);
  }
}
