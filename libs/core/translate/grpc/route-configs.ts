import type { Scope, Service, ServicePort } from '@keelson/core/mesh';
import { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import type { Route } from '@keelson/api/envoy/config/route/v3/route_components';
import type { Built } from '../built';
import { outboundCluster } from '../names';
import { sortedSet } from '../order';
import { isHttp } from '../protocol';
import { provenanceOf } from '../provenance';
import { clustersOf, forwardTo } from '../routes/action';
import { httpRoutes } from '../routes/http-rules';
import { anyRequest } from '../routes/match';
import { callAction } from './action';
import { callMatches } from './match';
import { dialledNames, dialledPorts } from './served';

/**
 * The route configurations of a service, one for each port, named as its cluster. Its one virtual host takes any
 * authority: that a client asks for it says which service is meant, whatever name it dialled.
 */
export function grpcRouteConfigs(scope: Scope, service: Service): Built[] {
  const names = dialledNames(scope, service);
  return dialledPorts(service).map((port) => routeConfig(scope, service, port, names));
}

function routeConfig(
  scope: Scope,
  service: Service,
  { number, protocol }: ServicePort,
  names: readonly string[],
): Built {
  const name = outboundCluster(service.hostname, number);
  const rules = isHttp(protocol) ? scope.virtualServices('mesh', service.hostname)[0] : undefined;
  const origin = { scope, namespace: rules?.namespace ?? '', port: number };
  const caller = { gateways: ['mesh'], port: number, namespace: scope.namespace };
  const ruled = rules === undefined ? [] : httpRoutes(rules, origin, caller);
  // Rules that are all for other gateways or ports leave the service as it is without them.
  const wanted = ruled.length > 0 ? ruled : [straight(scope, name)];
  const authorities = names.flatMap((host) => [host, `${host}:${number}`]);
  const routes = wanted.flatMap((route) => callRoutes(scope, route, name, authorities));
  return {
    name,
    body: RouteConfiguration.encode({ name, virtualHosts: [{ name, domains: ['*'], routes }] }).finish(),
    needs: sortedSet(routes.flatMap((route) => clustersOf(route.action))),
    ...provenanceOf([service.source, ruled.length > 0 ? rules : undefined]),
  };
}

function straight(scope: Scope, cluster: string): Route {
  return {
    name: 'default',
    match: anyRequest,
    action: { $case: 'route', value: forwardTo(scope, cluster, undefined) },
  };
}

/** A route as gRPC takes it: none where no call can match it, several where it takes them to say the same. */
function callRoutes(scope: Scope, route: Route, own: string, authorities: readonly string[]): Route[] {
  const matches = callMatches(route.match ?? anyRequest, authorities);
  if (matches.length === 0) return [];
  const action = callAction(scope, route, own);
  return matches.map((match) => ({ name: route.name, match, metadata: route.metadata, ...action }));
}
