import {
  HTTPRedirect_RedirectPortSelection as PortSelection,
  type HTTPDirectResponse,
  type HTTPRedirect,
  type HTTPRoute,
  type HTTPRouteDestination,
} from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Scope } from '@keelson/core/mesh';
import {
  RedirectAction_RedirectResponseCode as Code,
  type RedirectAction,
  type Route,
  type RouteAction,
  type RouteAction_RequestMirrorPolicy,
  type WeightedCluster_ClusterWeight,
} from '@keelson/api/envoy/config/route/v3/route_components';
import { noTimeout } from '../durations';
import { blackHole } from '../names';
import { share } from '../percent';
import { destinationCluster } from './destination';
import { authorityOf, headerChanges } from './headers';
import { retryPolicy } from './retry';

/** Where the destinations of a rule are looked up from. */
export interface Origin {
  scope: Scope;
  /** Namespace of the rule's object. */
  namespace: string;
  /** Port of the listener, and whether it ends TLS. */
  port: number;
  tls?: boolean;
  /** The Host that the upstream gets where the rule has no word on it. */
  authority?: string;
}

/** What a rule does with a request that it matches. */
export function routeActionOf(origin: Origin, rule: HTTPRoute): Route['action'] {
  if (rule.redirect !== undefined) return { $case: 'redirect', value: redirect(rule.redirect, origin) };
  if (rule.directResponse !== undefined) return { $case: 'directResponse', value: directResponse(rule.directResponse) };
  return { $case: 'route', value: forward(origin, rule) };
}

/** Sends to one cluster, with the retries of the mesh. */
export function forwardTo(scope: Scope, cluster: string, authority: string | undefined): RouteAction {
  const retries = retryPolicy(undefined, scope.settings.config.defaultHttpRetryPolicy);
  return {
    clusterSpecifier: { $case: 'cluster', value: cluster },
    timeout: noTimeout,
    ...(retries === undefined ? {} : { retryPolicy: retries }),
    ...hostRewrite(authority),
  };
}

/** The clusters that an action sends to. */
export function clustersOf(action: Route['action']): string[] {
  if (action?.$case !== 'route') return [];
  const to = action.value.clusterSpecifier;
  const mirrors = (action.value.requestMirrorPolicies ?? []).map((mirror) => mirror.cluster ?? '');
  if (to?.$case === 'cluster') return [to.value, ...mirrors];
  if (to?.$case !== 'weightedClusters') return mirrors;
  return [...(to.value.clusters ?? []).map((cluster) => cluster.name ?? ''), ...mirrors];
}

function forward(origin: Origin, rule: HTTPRoute): RouteAction {
  const { scope } = origin;
  const retries = retryPolicy(rule.retries, scope.settings.config.defaultHttpRetryPolicy);
  const mirrors = mirrorPolicies(origin, rule);
  const destinations = weighted(rule.route ?? []);
  const only = destinations.length > 1 ? undefined : destinations[0];
  const rewritten = [rule.rewrite?.authority, authorityOf(only?.headers), authorityOf(rule.headers)].find(Boolean);
  // A route's Host would stand over those of its destinations: where one of these has its own, each gets one.
  const each = destinations.length > 1 && destinations.some((to) => authorityOf(to.headers) !== undefined);
  return {
    clusterSpecifier:
      destinations.length > 1
        ? {
            $case: 'weightedClusters',
            value: {
              clusters: destinations.map((to) => clusterWeight(origin, to, each ? origin.authority : undefined)),
            },
          }
        : { $case: 'cluster', value: clusterOf(origin, only) },
    ...pathRewrite(rule),
    ...hostRewrite(rewritten ?? (each ? undefined : origin.authority)),
    timeout: rule.timeout ?? noTimeout,
    ...(retries === undefined ? {} : { retryPolicy: retries }),
    ...(mirrors.length === 0 ? {} : { requestMirrorPolicies: mirrors }),
  };
}

/** Destinations of a rule that get a share; one alone needs no weight. */
export function weighted(destinations: readonly HTTPRouteDestination[]): readonly HTTPRouteDestination[] {
  if (destinations.length <= 1) return destinations;
  const shares = destinations.filter((destination) => (destination.weight ?? 0) > 0);
  return shares.length === 0 ? destinations.slice(0, 1) : shares;
}

function clusterOf(origin: Origin, to: HTTPRouteDestination | undefined): string {
  if (to === undefined) return blackHole;
  return destinationCluster(origin.scope, to.destination, origin.namespace, origin.port);
}

function clusterWeight(
  origin: Origin,
  to: HTTPRouteDestination,
  otherwise: string | undefined,
): WeightedCluster_ClusterWeight {
  return {
    name: clusterOf(origin, to),
    weight: to.weight ?? 0,
    ...headerChanges(to.headers),
    ...hostRewrite(authorityOf(to.headers) ?? otherwise),
  };
}

function hostRewrite(authority: string | undefined) {
  if (authority === undefined || authority === '') return {};
  return { hostRewriteSpecifier: { $case: 'hostRewriteLiteral' as const, value: authority } };
}

function pathRewrite(rule: HTTPRoute): Partial<RouteAction> {
  const regex = rule.rewrite?.uriRegexRewrite;
  if (regex !== undefined)
    return { regexRewrite: { pattern: { regex: regex.match ?? '' }, substitution: regex.rewrite ?? '' } };
  const uri = rule.rewrite?.uri ?? '';
  if (uri === '') return {};
  return { prefixRewrite: uri };
}

function mirrorPolicies(origin: Origin, rule: HTTPRoute): RouteAction_RequestMirrorPolicy[] {
  const single =
    rule.mirror === undefined
      ? []
      : [
          {
            destination: rule.mirror,
            percentage: rule.mirrorPercentage ?? { value: rule.mirrorPercent ?? 100 },
          },
        ];
  return [...single, ...(rule.mirrors ?? [])].map((mirror) => ({
    cluster: destinationCluster(origin.scope, mirror.destination, origin.namespace, origin.port),
    runtimeFraction: { defaultValue: share(mirror.percentage?.value ?? 100) },
  }));
}

const redirectCodes: Record<number, Code> = {
  301: Code.MOVED_PERMANENTLY,
  302: Code.FOUND,
  303: Code.SEE_OTHER,
  307: Code.TEMPORARY_REDIRECT,
  308: Code.PERMANENT_REDIRECT,
};
const standardPorts: Record<string, number> = { http: 80, https: 443 };

function redirect(wanted: HTTPRedirect, origin: Origin): RedirectAction {
  const port =
    wanted.redirectPort?.$case === 'port'
      ? wanted.redirectPort.value
      : wanted.redirectPort?.value === PortSelection.FROM_REQUEST_PORT
        ? origin.port
        : wanted.redirectPort === undefined
          ? 0
          : (standardPorts[wanted.scheme ? wanted.scheme : origin.tls === true ? 'https' : 'http'] ?? 0);
  return {
    ...(wanted.scheme ? { schemeRewriteSpecifier: { $case: 'schemeRedirect', value: wanted.scheme } } : {}),
    ...(wanted.authority ? { hostRedirect: wanted.authority } : {}),
    ...(port === 0 ? {} : { portRedirect: port }),
    ...(wanted.prefixRewrite
      ? { pathRewriteSpecifier: { $case: 'prefixRewrite', value: wanted.prefixRewrite } }
      : wanted.uri
        ? { pathRewriteSpecifier: { $case: 'pathRedirect', value: wanted.uri } }
        : {}),
    responseCode: redirectCodes[wanted.redirectCode ?? 301] ?? Code.MOVED_PERMANENTLY,
  };
}

function directResponse(wanted: HTTPDirectResponse) {
  const body = wanted.body?.specifier;
  return {
    status: wanted.status ?? 200,
    ...(body === undefined
      ? {}
      : {
          body: {
            specifier:
              body.$case === 'string'
                ? ({ $case: 'inlineString', value: body.value } as const)
                : ({ $case: 'inlineBytes', value: body.value } as const),
          },
        }),
  };
}
