import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { MeshObject } from '@keelson/core/config';
import { hostCovers, type Scope } from '@keelson/core/mesh';
import { sortedEntries, sortedSet } from '../order';
import type { GatewayPlanServer, RouteConfigPlan } from '../routes/plan';
import {
  gatewayKey,
  gatewayPorts,
  hostPart,
  httpRouteName,
  httpsRouteName,
  listenerName,
  type GatewayPort,
  type GatewayServer,
} from './servers';

/**
 * The route configurations of a router: one for each port without TLS, one for each server with it. Their hosts are
 * what VirtualServices and servers have in common, and what is redirected to HTTPS anyway.
 */
export function gatewayPlans(scope: Scope): RouteConfigPlan[] {
  return gatewayPorts(scope).flatMap((port) => {
    const nameOf = (server: GatewayServer) => (port.tls ? httpsRouteName(server) : httpRouteName(port));
    return sortedSet(port.servers.map(nameOf)).map((name) =>
      plan(
        scope,
        port,
        name,
        port.servers.filter((server) => nameOf(server) === name),
      ),
    );
  });
}

/** The host that a server's host, `namespace/host`, and that of a VirtualService have in common. */
export function commonHost(server: string, rules: MeshObject<VirtualService>, host: string): string | undefined {
  const namespace = server.slice(0, server.indexOf('/'));
  if (namespace !== '*' && namespace !== rules.namespace) return undefined;
  const served = hostPart(server);
  if (hostCovers(served, host)) return host;
  return hostCovers(host, served) ? served : undefined;
}

function plan(scope: Scope, port: GatewayPort, name: string, servers: readonly GatewayServer[]): RouteConfigPlan {
  const hosts = new Set<string>();
  const narrowed: Record<string, string[]> = {};
  const planned = servers.map(({ gateway, server, hosts: served }): GatewayPlanServer => {
    const httpsRedirect = server.tls?.httpsRedirect === true;
    if (httpsRedirect) for (const host of served) hosts.add(hostPart(host));
    for (const rules of scope.boundTo(gatewayKey(gateway)))
      for (const written of writtenHosts(scope, rules))
        for (const host of served) {
          const common = commonHost(host, rules, written);
          if (common === undefined) continue;
          hosts.add(common);
          if (common !== written) narrowed[common] = sortedSet([...(narrowed[common] ?? []), written]);
        }
    return { gateway: gatewayKey(gateway), hosts: served, httpsRedirect };
  });
  return {
    name,
    listener: listenerName(port),
    kind: 'gateway',
    protocol: 'http',
    bind: port.bind,
    port: port.port,
    bindToPort: true,
    hosts: sortedSet(hosts),
    gateway: { tls: port.tls, servers: planned, narrowed: Object.fromEntries(sortedEntries(narrowed)) },
  };
}

/** The hosts of a VirtualService in full; one without HTTP rules has none here. */
export function writtenHosts(scope: Scope, rules: MeshObject<VirtualService>): string[] {
  if ((rules.spec.http ?? []).length === 0) return [];
  return (rules.spec.hosts ?? []).map((host) => scope.fullName(host, rules.namespace));
}
