import type { Scope } from '@keelson/core/mesh';
import { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import type { VirtualHost } from '@keelson/api/envoy/config/route/v3/route_components';
import type { Built } from '../built';
import { hostsFromAds } from '../config-source';
import { sortedSet } from '../order';
import { withRepeated } from '../wire';
import { clustersOf } from './action';
import { fallbackHost } from './fallback';
import type { RouteConfigPlan } from './plan';

/** The route configuration of a plan, whose virtual hosts are resources of their own. */
export function routeConfig(scope: Scope, plan: RouteConfigPlan): Built {
  const inline = inlineHosts(scope, plan);
  return {
    name: plan.name,
    body: RouteConfiguration.encode({ ...frame(plan, inline), vhds: { configSource: hostsFromAds } }).finish(),
    needs: needsOf(inline),
  };
}

/** The same for a client that does not ask for virtual hosts: with all of them inside, taken as they are encoded. */
export function routeConfigInline(scope: Scope, plan: RouteConfigPlan, hosts: readonly Built[]): Built {
  const inline = inlineHosts(scope, plan);
  const body = RouteConfiguration.encode(frame(plan, inline)).finish();
  return {
    name: plan.name,
    body: withRepeated(
      body,
      virtualHostsField,
      hosts.map((host) => host.body),
    ),
    needs: sortedSet([...needsOf(inline), ...hosts.flatMap((host) => host.needs ?? [])]),
  };
}

/** The number of `virtual_hosts` in Envoy's RouteConfiguration. */
const virtualHostsField = 2;

function frame(plan: RouteConfigPlan, virtualHosts: VirtualHost[]): RouteConfiguration {
  return {
    name: plan.name,
    virtualHosts,
    // A rule may name what does not exist yet; its requests fail then, the others go on.
    validateClusters: false,
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: 1_048_576,
  };
}

/** A listener for one service has no other host to fall back to; a gateway answers 404 by itself. */
function inlineHosts(scope: Scope, plan: RouteConfigPlan): VirtualHost[] {
  return plan.kind === 'gateway' || plan.anyHost !== undefined ? [] : [fallbackHost(scope)];
}

function needsOf(hosts: readonly VirtualHost[]): string[] {
  return sortedSet(hosts.flatMap((host) => (host.routes ?? []).flatMap((route) => clustersOf(route.action))));
}
