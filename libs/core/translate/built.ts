/** One resource as translation made it: encoded, with what it depends on. */
export interface Built {
  name: string;
  /** The message's bytes, without the Any around it. */
  body: Uint8Array;
  /** Names of the clusters that its routes use, sorted. */
  needs?: string[];
  /** The objects that made it, for reports of NACKs: `VirtualService default/reviews`. */
  provenance?: string;
  /** Of a virtual host: the domains that it claims. They have to be unique in a route configuration. */
  domains?: string[];
}

/** The type URL of each kind of resource made here. */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
} as const;
