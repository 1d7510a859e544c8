import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import { objectKey, type MeshObject } from '@keelson/core/config';
import type { Scope } from '@keelson/core/mesh';
import { VirtualHost_TlsRequirementType } from '@keelson/api/envoy/config/route/v3/route_components';
import type { Built } from '../built';
import { byName } from '../order';
import { provenanceOf } from '../provenance';
import { httpRoutes } from '../routes/http-rules';
import { takesAll } from '../routes/match';
import type { GatewayPlanServer, RouteConfigPlan } from '../routes/plan';
import { encodeHost } from '../routes/virtual-host';
import { commonHost, writtenHosts } from './plans';
import { hostPart } from './servers';

/** A VirtualService and the gateways by which it serves a host. */
interface Bound {
  rules: MeshObject<VirtualService>;
  gateways: string[];
}

/**
 * The virtual host of one domain of a router: the rules of all VirtualServices that are bound for it, the oldest first,
 * but rules that take everything last. Nothing where no server and no rule has the domain.
 */
export function gatewayVirtualHost(scope: Scope, plan: RouteConfigPlan, host: string): Built | undefined {
  const servers = plan.gateway?.servers ?? [];
  const bound = boundFor(scope, servers, host);
  const redirects = servers.some((server) => server.httpsRedirect && serves(scope, server, host, bound));
  if (bound.length === 0 && !redirects) return undefined;
  const routes = bound.flatMap(({ rules, gateways }) =>
    httpRoutes(
      rules,
      { scope, namespace: rules.namespace, port: plan.port, tls: plan.gateway?.tls },
      { gateways, port: plan.port, namespace: scope.namespace },
    ),
  );
  const last = routes.filter((route) => takesAll(route.match ?? {}));
  return encodeHost(
    scope,
    {
      name: `${plan.name}/${host}`,
      domains: [host],
      routes: [...routes.filter((route) => !last.includes(route)), ...last.slice(0, 1)],
      includeRequestAttemptCount: true,
      ...(redirects ? { requireTls: VirtualHost_TlsRequirementType.ALL } : {}),
    },
    provenanceOf(bound.map(({ rules }) => rules)),
  );
}

function boundFor(scope: Scope, servers: readonly GatewayPlanServer[], host: string): Bound[] {
  const found = new Map<string, Bound>();
  for (const server of servers)
    for (const rules of scope.virtualServices(server.gateway, host)) {
      if (!shares(scope, server, rules, host)) continue;
      const known = found.get(objectKey(rules)) ?? { rules, gateways: [] };
      known.gateways.push(server.gateway);
      found.set(objectKey(rules), known);
    }
  return [...found.entries()]
    .sort(([a, x], [b, y]) => x.rules.created - y.rules.created || byName(a, b))
    .map(([, each]) => each);
}

/** Whether a VirtualService and a server have just this host in common, not only one that covers it. */
function shares(scope: Scope, server: GatewayPlanServer, rules: MeshObject<VirtualService>, host: string): boolean {
  return writtenHosts(scope, rules).some((written) =>
    server.hosts.some((served) => commonHost(served, rules, written) === host),
  );
}

/** Whether a server answers for a host: by its own list, or by what it shares with a rule. */
function serves(scope: Scope, server: GatewayPlanServer, host: string, bound: readonly Bound[]): boolean {
  if (server.hosts.some((served) => hostPart(served) === host)) return true;
  return bound.some(({ rules, gateways }) => gateways.includes(server.gateway) && shares(scope, server, rules, host));
}
