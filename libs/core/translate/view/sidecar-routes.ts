import type { ClassScope, Service } from '@keelson/core/mesh';
import { listener } from '../listeners/http';
import { staticListeners } from '../listeners/captured';
import { asksByName } from '../listeners/service-chains';
import { tcpListener } from '../listeners/tcp';
import { byName } from '../order';
import { egressPlans, outboundPieces, type OutboundPiece } from '../routes/outbound-plan';
import type { RouteConfigPlan } from '../routes/plan';
import { ruleVirtualHost, virtualHost } from '../routes/virtual-host';
import type { RouteFollower, Touched } from './class-view';
import type { ResourceSet } from './resource-set';
import type { RouteSet } from './route-set';
import { RuleHosts } from './rule-hosts';

/**
 * Listeners and routes of a sidecar's outbound side: those that its Sidecar lists with a port of their own, and for
 * captured traffic one listener for each other HTTP port, and each other address of TCP, that any service has.
 */
export class SidecarRoutes<S extends ResourceSet> implements RouteFollower {
  /** By listener, the services that meet there. */
  private readonly pieces = new Map<string, Map<string, OutboundPiece>>();
  private readonly listenersOf = new Map<string, readonly string[]>();
  private egress = new Map<string, RouteConfigPlan>();
  private readonly ruleHosts: RuleHosts;
  /** Outbound route configurations that came to be in this change, by their ports' names. */
  private readonly fresh = new Set<string>();

  constructor(
    private readonly scope: ClassScope,
    private readonly listeners: S,
    private readonly routes: RouteSet<S>,
  ) {
    this.ruleHosts = new RuleHosts(scope);
  }

  follow(tick: number, touched: Touched): void {
    if (touched.all) this.listeners.replace(tick, '', staticListeners(this.scope));
    const ruleHosts = this.ruleHosts.follow(touched);
    this.fresh.clear();
    const meeting = new Set<string>(touched.all ? this.pieces.keys() : []);
    for (const host of touched.services) for (const name of this.settle(host)) meeting.add(name);
    for (const name of meeting) this.remakeListener(tick, name, touched.all);
    if (touched.all || touched.services.size > 0) this.remakeEgress(tick, touched);
    for (const host of touched.routes) this.remakeHosts(tick, host);
    for (const host of ruleHosts) this.remakeRuleHost(tick, host, this.httpPlans());
    if (this.fresh.size === 0) return;
    const fresh = this.httpPlans().filter((plan) => this.fresh.has(plan.name));
    for (const host of this.ruleHosts.hosts()) if (!ruleHosts.has(host)) this.remakeRuleHost(tick, host, fresh);
  }

  /** Takes up which listeners a host takes part in; gives those that it joined, left, or was in before. */
  private settle(host: string): Set<string> {
    const service = this.scope.service(host);
    const pieces = service && this.scope.isCaptured(service) ? outboundPieces(this.scope, service) : [];
    const names = new Set<string>(this.listenersOf.get(host) ?? []);
    for (const name of names) this.pieces.get(name)?.delete(host);
    for (const piece of pieces) {
      names.add(piece.listener);
      const meeting = this.pieces.get(piece.listener) ?? new Map<string, OutboundPiece>();
      if (!meeting.get(host)?.plan) meeting.set(host, piece);
      this.pieces.set(piece.listener, meeting);
    }
    if (pieces.length > 0) this.listenersOf.set(host, [...new Set(pieces.map((piece) => piece.listener))]);
    else this.listenersOf.delete(host);
    return names;
  }

  private remakeListener(tick: number, name: string, all: boolean): void {
    const meeting = this.pieces.get(name) ?? new Map<string, OutboundPiece>();
    const plan = [...meeting.values()].find((piece) => piece.plan)?.plan;
    const before = this.routes.plan(name.slice('0.0.0.0_'.length));
    if (meeting.size === 0) this.pieces.delete(name);
    if (plan) {
      const known = this.routes.has(plan.name);
      if (!known || all) this.routes.put(tick, plan);
      if (!known) {
        this.fresh.add(plan.name);
        for (const host of meeting.keys()) this.remakeHost(tick, plan, host);
      }
      const others = [...meeting].flatMap(([host, piece]) => (piece.plan ? [] : [host]));
      const named = this.byAge(others).filter((service) => asksByName(service, plan.port));
      this.listeners.replace(tick, name, [listener(this.scope, plan, named)]);
      for (const host of this.routes.hostsOf(plan.name))
        if (!meeting.get(host)?.plan && !this.ruleHosts.has(host))
          this.routes.putHost(tick, plan.name, host, undefined);
      return;
    }
    const services = this.byAge(meeting.keys());
    const [piece] = meeting.values();
    this.listeners.replace(tick, name, piece && services.length > 0 ? [tcpListener(this.scope, services, piece)] : []);
    if (before?.listener === name && before.kind === 'outbound') this.routes.remove(tick, before.name);
  }

  private byAge(hosts: Iterable<string>): Service[] {
    return [...hosts]
      .flatMap((host) => this.scope.service(host) ?? [])
      .sort((a, b) => a.created - b.created || byName(a.hostname, b.hostname));
  }

  private remakeEgress(tick: number, touched: Touched): void {
    const plans = new Map(egressPlans(this.scope).map((plan) => [plan.name, plan]));
    for (const [name, plan] of this.egress)
      if (!plans.has(name)) {
        this.routes.remove(tick, name);
        // Without it captured traffic has a listener of that name, where any service is there.
        if (!this.pieces.has(plan.listener)) this.listeners.replace(tick, plan.listener, []);
      }
    for (const [name, plan] of plans) {
      const before = this.egress.get(name);
      const same = before !== undefined && JSON.stringify(before) === JSON.stringify(plan);
      const read = plan.protocol === 'tcp' && (plan.hosts ?? []).some((host) => touched.services.has(host));
      if (same && !touched.all && !read) continue;
      if (plan.protocol === 'http') {
        this.routes.put(tick, plan);
        const hosts = new Set(plan.hosts);
        for (const host of this.routes.hostsOf(name))
          if (!hosts.has(host) && !this.ruleHosts.has(host)) this.routes.putHost(tick, name, host, undefined);
        this.fresh.add(name);
        for (const host of hosts) this.remakeHost(tick, plan, host);
      } else this.routes.remove(tick, name);
      this.listeners.replace(tick, plan.listener, [listener(this.scope, plan)]);
    }
    this.egress = plans;
  }

  private remakeHosts(tick: number, host: string): void {
    for (const name of this.listenersOf.get(host) ?? []) {
      const plan = this.pieces.get(name)?.get(host)?.plan;
      if (plan) this.remakeHost(tick, plan, host);
    }
    for (const plan of this.egress.values())
      if (plan.protocol === 'http' && plan.hosts?.includes(host)) this.remakeHost(tick, plan, host);
  }

  private remakeHost(tick: number, plan: RouteConfigPlan, host: string): void {
    const service = this.scope.service(host);
    this.routes.putHost(tick, plan.name, host, service && virtualHost(this.scope, plan, service));
  }

  private httpPlans(): RouteConfigPlan[] {
    const shared = [...this.pieces.values()].flatMap(
      (meeting) => [...meeting.values()].find((piece) => piece.plan)?.plan ?? [],
    );
    return [...shared, ...[...this.egress.values()].filter((plan) => plan.protocol === 'http')];
  }

  /** Puts a host that only a rule names where the rule is imported, and takes it away elsewhere. */
  private remakeRuleHost(tick: number, host: string, plans: readonly RouteConfigPlan[]): void {
    for (const plan of plans) {
      const service = plan.kind === 'egress' ? plan.hosts?.includes(host) : this.pieces.get(plan.listener)?.has(host);
      if (service === true) continue;
      const rule = this.ruleHosts.rule(host, plan.port);
      const imported =
        rule !== undefined &&
        (plan.imports === undefined ? this.scope.capturesRule(rule) : this.scope.listensForRule(rule, plan.imports));
      this.routes.putHost(tick, plan.name, host, imported ? ruleVirtualHost(this.scope, plan, rule, host) : undefined);
    }
  }
}
