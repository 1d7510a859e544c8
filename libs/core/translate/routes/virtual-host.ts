import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { MeshObject } from '@keelson/core/config';
import type { Scope, Service } from '@keelson/core/mesh';
import { VirtualHost, type Route } from '@keelson/api/envoy/config/route/v3/route_components';
import type { Built } from '../built';
import { aboutCaller } from '../mixer/peer-attributes';
import { outboundCluster } from '../names';
import { sortedSet } from '../order';
import { isHttp } from '../protocol';
import { provenanceOf } from '../provenance';
import { clustersOf, forwardTo } from './action';
import { serviceDomains } from './domains';
import { httpRoutes } from './http-rules';
import { anyRequest } from './match';
import type { RouteConfigPlan } from './plan';

/** The virtual host of a service in a route configuration; nothing where it has no HTTP port there. */
export function virtualHost(scope: Scope, plan: RouteConfigPlan, service: Service): Built | undefined {
  const port = service.ports.find((candidate) => candidate.number === plan.port);
  if (port === undefined || !isHttp(port.protocol)) return undefined;
  const authority = plan.anyHost === service.hostname ? service.hostname : undefined;
  const rules = scope.virtualServices('mesh', service.hostname)[0];
  const caller = { gateways: ['mesh'], port: plan.port, namespace: scope.namespace };
  const origin = { scope, namespace: rules?.namespace ?? '', port: plan.port, authority };
  const ruled = rules === undefined ? [] : httpRoutes(rules, origin, caller);
  // Rules that are all for other gateways or ports leave the host as it is without them.
  const routes =
    ruled.length > 0 ? ruled : [defaultRoute(scope, outboundCluster(service.hostname, port.number), authority)];
  const host: VirtualHost = {
    name: `${plan.name}/${service.hostname}`,
    domains: serviceDomains(scope, plan, service),
    routes,
    includeRequestAttemptCount: true,
  };
  return encodeHost(scope, host, provenanceOf([service.source, ruled.length > 0 ? rules : undefined]));
}

/** The virtual host of a host that only a rule names; nothing where the rule has no route for these callers. */
export function ruleVirtualHost(
  scope: Scope,
  plan: RouteConfigPlan,
  rule: MeshObject<VirtualService>,
  host: string,
): Built | undefined {
  const caller = { gateways: ['mesh'], port: plan.port, namespace: scope.namespace };
  const routes = httpRoutes(rule, { scope, namespace: rule.namespace, port: plan.port }, caller);
  if (routes.length === 0) return undefined;
  return encodeHost(
    scope,
    { name: `${plan.name}/${host}`, domains: [host], routes, includeRequestAttemptCount: true },
    provenanceOf([rule]),
  );
}

/** Encodes a virtual host, with the clusters that its routes need. */
export function encodeHost(scope: Scope, host: VirtualHost, provenance: { provenance?: string }): Built {
  const needs = sortedSet((host.routes ?? []).flatMap((route) => clustersOf(route.action)));
  return {
    name: host.name ?? '',
    body: VirtualHost.encode({ ...host, ...aboutCaller(scope, needs) }).finish(),
    needs,
    domains: host.domains ?? [],
    ...provenance,
  };
}

/** The same virtual host with fewer domains, at least one, for where another one has the others already. */
export function withDomains(built: Built, domains: readonly string[]): Built {
  const host = { ...VirtualHost.decode(built.body), domains: [...domains] };
  return { ...built, body: VirtualHost.encode(host).finish(), domains: [...domains] };
}

function defaultRoute(scope: Scope, cluster: string, authority: string | undefined): Route {
  return {
    name: 'default',
    match: anyRequest,
    action: { $case: 'route', value: forwardTo(scope, cluster, authority) },
  };
}
