import type { Service } from '@keelson/core/mesh';

/** Takes what nothing matches and nothing may pass. */
export const blackHole = 'BlackHoleCluster';
/** Takes captured traffic to where it was going. */
export const passthrough = 'PassthroughCluster';
/** Takes captured inbound traffic to ports that no service names. */
export const inboundPassthrough = 'InboundPassthroughClusterIpv4';

/** `outbound|9080|v1|reviews.default.svc.cluster.local`, the cluster of one port and subset of a service. */
export function outboundCluster(hostname: string, port: number, subset = ''): string {
  return `outbound|${port}|${subset}|${hostname}`;
}

/** `outbound_.9080_.v1_.reviews.default.svc.cluster.local`, the server name that mesh TLS asks for. */
export function outboundSni(hostname: string, port: number, subset = ''): string {
  return `outbound_.${port}_.${subset}_.${hostname}`;
}

/** `inbound|9080||`, the cluster of the application behind one port. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

/** The short name of a service, `reviews` of `reviews.default.svc.cluster.local`. */
export function shortName(service: Service): string {
  return service.hostname.split('.')[0] ?? service.hostname;
}
