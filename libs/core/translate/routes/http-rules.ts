import type { HTTPRoute, VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { MeshObject } from '@keelson/core/config';
import type { Route } from '@keelson/api/envoy/config/route/v3/route_components';
import { configPath, istioMetadata } from '../provenance';
import { routeActionOf, weighted, type Origin } from './action';
import { faultOf } from './fault';
import { headerChanges, type HeaderChanges } from './headers';
import { anyRequest, applies, routeMatch, takesAll, type Caller } from './match';

/**
 * The routes that a VirtualService's HTTP rules make for one kind of caller, in order: one for each match of each rule.
 * They carry object and rule as name and metadata, which is what logs and dumps trace a request back by.
 */
export function httpRoutes(object: MeshObject<VirtualService>, origin: Origin, caller: Caller): Route[] {
  const routes: Route[] = [];
  for (const [index, rule] of (object.spec.http ?? []).entries()) {
    const matches = rule.match ?? [];
    const applying = matches.filter((match) => applies(match, caller, object.namespace));
    if (matches.length > 0 && applying.length === 0) continue;
    for (const match of matches.length === 0 ? [undefined] : applying) {
      const route = { ...ruleRoute(object, index, rule, origin), match: routeMatch(match) };
      if (match?.name) route.name = `${route.name ?? ''}.${match.name}`;
      routes.push(route);
      if (takesAll(route.match)) return routes;
    }
  }
  return routes;
}

function ruleRoute(object: MeshObject<VirtualService>, index: number, rule: HTTPRoute, origin: Origin): Route {
  const rulePath = `http[${index}]`;
  const destinations =
    rule.redirect === undefined && rule.directResponse === undefined ? weighted(rule.route ?? []) : [];
  const only = destinations.length === 1 ? destinations[0] : undefined;
  const typedPerFilterConfig = faultOf(rule.fault);
  return {
    name: `${object.namespace}/${object.name}/${rule.name ? rule.name : rulePath}`,
    match: anyRequest,
    action: routeActionOf(origin, rule),
    metadata: istioMetadata({ config: configPath(object), rule: rulePath }),
    ...both(headerChanges(rule.headers), headerChanges(only?.headers)),
    ...(typedPerFilterConfig === undefined ? {} : { typedPerFilterConfig }),
  };
}

/** The changes of the one destination come after the rule's, so that they have the last word. */
function both(first: HeaderChanges, second: HeaderChanges): HeaderChanges {
  const join = <T>(a: T[] | undefined, b: T[] | undefined) =>
    a === undefined ? b : b === undefined ? a : [...a, ...b];
  return {
    requestHeadersToAdd: join(first.requestHeadersToAdd, second.requestHeadersToAdd),
    requestHeadersToRemove: join(first.requestHeadersToRemove, second.requestHeadersToRemove),
    responseHeadersToAdd: join(first.responseHeadersToAdd, second.responseHeadersToAdd),
    responseHeadersToRemove: join(first.responseHeadersToRemove, second.responseHeadersToRemove),
  };
}
