import type { Scope } from '@keelson/core/mesh';
import type {
  Route,
  RouteAction,
  WeightedCluster_ClusterWeight,
} from '@keelson/api/envoy/config/route/v3/route_components';
import { isZero } from '../durations';
import { faultOf } from '../routes/fault';
import { callRetries } from './retry';
import { isServed } from './served';

type CallAction = Pick<Route, 'action' | 'typedPerFilterConfig'>;

/** What a call gets where a rule leads nowhere, as from an Envoy. */
const unavailable = 503;
/** A call cannot follow a redirect; for every code of one it ends with UNKNOWN. */
const redirected = 301;

/**
 * What a route does with a call, of what gRPC can do: send to clusters by weight, within a time (gRFC A28, A31), with retries
 * (A44) and faults (A33). Rewrites, mirrors and changes of headers are left out. What sends to no cluster is told by an
 * abort: clients refuse a route configuration with a redirect or a response of its own. `own` is a cluster that is there.
 */
export function callAction(scope: Scope, { action, typedPerFilterConfig }: Route, own: string): CallAction {
  if (action?.$case === 'redirect') return refusal(own, redirected);
  if (action?.$case === 'directResponse') return refusal(own, action.value.status ?? unavailable);
  if (action?.$case !== 'route') return refusal(own, unavailable);
  const clusterSpecifier = clustersFor(scope, action.value.clusterSpecifier, own);
  if (clusterSpecifier === undefined) return refusal(own, unavailable);
  const { timeout, retryPolicy } = action.value;
  const retries = callRetries(retryPolicy);
  return {
    action: {
      $case: 'route',
      value: {
        clusterSpecifier,
        // gRPC does not read `timeout`; zero means that the caller's deadline stands.
        ...(timeout === undefined || isZero(timeout) ? {} : { maxStreamDuration: { maxStreamDuration: timeout } }),
        ...(retries === undefined ? {} : { retryPolicy: retries }),
      },
    },
    ...(typedPerFilterConfig === undefined ? {} : { typedPerFilterConfig }),
  };
}

/**
 * The clusters of a route; nothing where its only one is not there. A client that is sent to a cluster that is not there
 * waits for it, with all its calls, before it takes up the route configuration at all.
 */
function clustersFor(
  scope: Scope,
  wanted: RouteAction['clusterSpecifier'],
  own: string,
): RouteAction['clusterSpecifier'] {
  if (wanted?.$case === 'cluster') return isServed(scope, wanted.value) ? wanted : undefined;
  if (wanted?.$case !== 'weightedClusters') return undefined;
  const clusters = (wanted.value.clusters ?? []).map(
    ({ name = '', weight }): WeightedCluster_ClusterWeight =>
      isServed(scope, name) ? { name, weight } : { name: own, weight, ...aborts(unavailable) },
  );
  return { $case: 'weightedClusters', value: { clusters } };
}

function refusal(own: string, httpStatus: number): CallAction {
  return {
    action: { $case: 'route', value: { clusterSpecifier: { $case: 'cluster', value: own } } },
    ...aborts(httpStatus),
  };
}

/** The configuration of the fault filter that ends every call with what gRPC makes of a status of HTTP. */
function aborts(httpStatus: number): Pick<Route, 'typedPerFilterConfig'> {
  const abort = { errorType: { $case: 'httpStatus', value: httpStatus }, percentage: { value: 100 } } as const;
  return { typedPerFilterConfig: faultOf({ abort }) };
}
