import type { Destination } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Scope } from '@keelson/core/mesh';
import { outboundCluster } from '../names';

/** The cluster of a destination; its port is the one asked for, the only one of its service, or the listener's. */
export function destinationCluster(
  scope: Scope,
  destination: Destination | undefined,
  namespace: string,
  listenerPort: number,
): string {
  const hostname = scope.fullName(destination?.host ?? '', namespace);
  return outboundCluster(hostname, portOf(scope, destination, hostname, listenerPort), destination?.subset);
}

function portOf(scope: Scope, destination: Destination | undefined, hostname: string, listenerPort: number): number {
  const asked = destination?.port?.number ?? 0;
  if (asked !== 0) return asked;
  const ports = scope.service(hostname)?.ports ?? [];
  return ports.length === 1 ? (ports[0]?.number ?? listenerPort) : listenerPort;
}
