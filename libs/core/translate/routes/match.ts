import type { HTTPMatchRequest } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type {
  HeaderMatcher,
  QueryParameterMatcher,
  RouteMatch,
} from '@keelson/api/envoy/config/route/v3/route_components';
import { resolveGatewayName } from '@keelson/core/config';
import { sortedEntries } from '../order';
import { headerMatcher, stringMatcher, withoutHeader } from './string-match';

/** Everything. */
export const anyRequest: RouteMatch = { pathSpecifier: { $case: 'prefix', value: '/' } };

/** Where a request is seen: what a match can ask for that is no part of the request. */
export interface Caller {
  /** `mesh`, or those Gateways, as `namespace/name`, by which the rules got here. */
  gateways: readonly string[];
  port: number;
  namespace: string;
}

/** Whether a match can hold for requests that this caller's proxy sees. */
export function applies(match: HTTPMatchRequest, caller: Caller, ruleNamespace: string): boolean {
  if ((match.port ?? 0) !== 0 && match.port !== caller.port) return false;
  const gateways = match.gateways ?? [];
  if (
    gateways.length > 0 &&
    !gateways.some((name) => caller.gateways.includes(resolveGatewayName(name, ruleNamespace)))
  )
    return false;
  if (!caller.gateways.includes('mesh')) return true;
  if (match.sourceNamespace && match.sourceNamespace !== caller.namespace) return false;
  // A class of proxies shares its routes whatever labels its members carry, so a match by label holds for none.
  return Object.keys(match.sourceLabels ?? {}).length === 0;
}

/** Envoy's form of one match of an HTTP route; everything without one. */
export function routeMatch(match: HTTPMatchRequest | undefined): RouteMatch {
  if (match === undefined) return anyRequest;
  const headers: HeaderMatcher[] = [
    ...sortedEntries(match.headers).map(([name, value]) => headerMatcher(name, value)),
    ...sortedEntries(match.withoutHeaders).map(([name, value]) => withoutHeader(name, value)),
    ...(match.method === undefined ? [] : [headerMatcher(':method', match.method)]),
    ...(match.authority === undefined ? [] : [headerMatcher(':authority', match.authority)]),
    ...(match.scheme === undefined ? [] : [headerMatcher(':scheme', match.scheme)]),
  ];
  const queryParameters = sortedEntries(match.queryParams).map(([name, value]): QueryParameterMatcher => {
    const wanted = stringMatcher(value);
    return {
      name,
      queryParameterMatchSpecifier:
        wanted === undefined ? { $case: 'presentMatch', value: true } : { $case: 'stringMatch', value: wanted },
    };
  });
  return {
    pathSpecifier: pathOf(match),
    ...(match.ignoreUriCase === true ? { caseSensitive: false } : {}),
    ...(headers.length === 0 ? {} : { headers }),
    ...(queryParameters.length === 0 ? {} : { queryParameters }),
  };
}

/** Whether nothing after a route with this match can be reached. */
export function takesAll(match: RouteMatch): boolean {
  const path = match.pathSpecifier;
  const anyPath =
    (path?.$case === 'prefix' && path.value === '/') || (path?.$case === 'safeRegex' && path.value.regex === '.*');
  return anyPath && match.headers === undefined && match.queryParameters === undefined;
}

function pathOf(match: HTTPMatchRequest): RouteMatch['pathSpecifier'] {
  const uri = match.uri?.matchType;
  switch (uri?.$case) {
    case undefined:
      return anyRequest.pathSpecifier;
    case 'exact':
      return { $case: 'path', value: uri.value };
    case 'prefix':
      return { $case: 'prefix', value: uri.value };
    case 'regex':
      return uri.value === '*' ? anyRequest.pathSpecifier : { $case: 'safeRegex', value: { regex: uri.value } };
  }
}
