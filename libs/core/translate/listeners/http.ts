import type { Scope, Service } from '@keelson/core/mesh';
import { TrafficDirection } from '@keelson/api/envoy/config/core/v3/base';
import type { FilterChain } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { endpointAddress } from '../address';
import type { Built } from '../built';
import { discovered, faults, httpConnection } from '../http-connection';
import { outboundHttpReports, outboundTcpReports } from '../mixer/reports';
import { outboundCluster } from '../names';
import { provenanceOf } from '../provenance';
import type { RouteConfigPlan } from '../routes/plan';
import { idleTimeoutOf, tcpConnection } from '../tcp-connection';
import { unknownCluster } from './captured';
import { encodeListener } from './encode';
import { asksByName, inspection, serviceChains } from './service-chains';

/**
 * The outbound listener of a plan, for `outbound` and `egress`. Services of TLS that share its port with HTTP, `named`,
 * are told apart by the name that is asked for.
 */
export function listener(scope: Scope, plan: RouteConfigPlan, named: readonly Service[] = []): Built {
  const { config } = scope.settings;
  const statPrefix = `outbound_${plan.listener}`;
  const http = plan.protocol === 'http';
  const chains: FilterChain[] = http
    ? [
        {
          filters: [
            httpConnection(config, statPrefix, discovered(plan.name), [faults], {
              accessLog: outboundHttpReports(scope),
            }),
          ],
        },
      ]
    : connections(scope, plan, statPrefix);
  const filterChains = [...chains, ...(http ? serviceChains(scope, named, plan.port, false) : [])];
  return encodeListener(
    {
      name: plan.listener,
      address: endpointAddress(plan.bind, plan.port),
      filterChains,
      ...inspection(filterChains),
      trafficDirection: TrafficDirection.OUTBOUND,
      ...(plan.bindToPort ? {} : { bindToPort: false }),
    },
    provenanceOf([scope.sidecar]),
  );
}

/**
 * Of the services that a TCP egress listener imports those of TLS are told apart by the name that is asked for, if there
 * are several; the first of the others takes what is left.
 */
function connections(scope: Scope, plan: RouteConfigPlan, statPrefix: string): FilterChain[] {
  const { config } = scope.settings;
  const services = (plan.hosts ?? []).flatMap((host) => scope.service(host) ?? []);
  const named = services.length > 1 ? services.filter((service) => asksByName(service, plan.port)) : [];
  const first = services.find((service) => !named.includes(service))?.hostname;
  const reports = outboundTcpReports(scope);
  const rest =
    first === undefined
      ? tcpConnection(config, statPrefix, unknownCluster(scope), reports)
      : tcpConnection(
          config,
          statPrefix,
          outboundCluster(first, plan.port),
          reports,
          idleTimeoutOf(scope, first, plan.port),
        );
  return [{ filters: [rest] }, ...serviceChains(scope, named, plan.port, false)];
}
