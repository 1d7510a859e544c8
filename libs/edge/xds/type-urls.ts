const prefix = 'type.googleapis.com/envoy.';

export const clusterType = `${prefix}config.cluster.v3.Cluster`;
export const endpointType = `${prefix}config.endpoint.v3.ClusterLoadAssignment`;
export const secretType = `${prefix}extensions.transport_sockets.tls.v3.Secret`;
export const listenerType = `${prefix}config.listener.v3.Listener`;
export const routeType = `${prefix}config.route.v3.RouteConfiguration`;
export const hostType = `${prefix}config.route.v3.VirtualHost`;

const order = [clusterType, endpointType, secretType, listenerType, routeType, hostType];

/** Where a type stands in the order in which types are sent; one that is not known comes last. */
export function rankOf(typeUrl: string): number {
  const rank = order.indexOf(typeUrl);
  return rank < 0 ? order.length : rank;
}

/** Types whose removals wait until nothing that the client holds can point at what goes. */
export function removedLast(typeUrl: string): boolean {
  return typeUrl === clusterType || typeUrl === endpointType;
}

/** Types that point at clusters. */
export const routing: readonly string[] = [listenerType, routeType, hostType];
