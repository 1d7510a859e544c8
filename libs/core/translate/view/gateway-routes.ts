import type { ClassScope } from '@keelson/core/mesh';
import { gatewayListeners } from '../gateways/listeners';
import { gatewayPlans } from '../gateways/plans';
import { gatewayVirtualHost } from '../gateways/virtual-host';
import type { RouteConfigPlan } from '../routes/plan';
import type { RouteFollower, Touched } from './class-view';
import type { ResourceSet } from './resource-set';
import type { RouteSet } from './route-set';

/** Listeners and routes of a router: what the Gateways that select it open, and the rules bound to them. */
export class GatewayRoutes<S extends ResourceSet> implements RouteFollower {
  private plans = new Map<string, RouteConfigPlan>();

  constructor(
    private readonly scope: ClassScope,
    private readonly listeners: S,
    private readonly routes: RouteSet<S>,
  ) {}

  follow(tick: number, touched: Touched): void {
    const plans = new Map(gatewayPlans(this.scope).map((plan) => [plan.name, plan]));
    for (const name of this.plans.keys()) if (!plans.has(name)) this.routes.remove(tick, name);
    for (const [name, plan] of plans) {
      const hosts = new Set(plan.hosts);
      const before = this.plans.get(name);
      const same = before !== undefined && JSON.stringify(before.gateway) === JSON.stringify(plan.gateway);
      if (!same || touched.all) this.routes.put(tick, plan);
      const had = new Set(this.routes.hostsOf(name));
      for (const host of had) if (!hosts.has(host)) this.routes.putHost(tick, name, host, undefined);
      for (const host of hosts)
        if (!same || touched.all || !had.has(host) || touched.routes.has(host) || narrowedTouched(plan, host, touched))
          this.routes.putHost(tick, name, host, gatewayVirtualHost(this.scope, plan, host));
    }
    this.plans = plans;
    this.listeners.replace(tick, '', gatewayListeners(this.scope));
  }
}

/** Whether a domain stands for hosts that rules write otherwise, and one of those was touched. */
function narrowedTouched(plan: RouteConfigPlan, host: string, touched: Touched): boolean {
  return (plan.gateway?.narrowed[host] ?? []).some((written) => touched.routes.has(written));
}
