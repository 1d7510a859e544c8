import {
  ServerTLSSettings_TLSProtocol as TLSProtocol,
  ServerTLSSettings_TLSmode as Mode,
  type ServerTLSSettings,
} from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { Scope } from '@keelson/core/mesh';
import { TrafficDirection } from '@keelson/api/envoy/config/core/v3/base';
import type { FilterChain } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { TlsParameters_TlsProtocol as Version } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/common';
import { refusedConnectionsLog } from '../access-log';
import { endpointAddress } from '../address';
import type { Built } from '../built';
import { discovered, faults, httpConnection, tellCaller } from '../http-connection';
import { encodeListener, tlsInspector } from '../listeners/encode';
import { outboundHttpReports } from '../mixer/reports';
import { sortedSet } from '../order';
import { httpPolicyFilters } from '../policy/filters';
import { provenanceOf } from '../provenance';
import { gatewayTls, secret } from '../tls';
import {
  gatewayPorts,
  hostPart,
  httpRouteName,
  httpsRouteName,
  listenerName,
  type GatewayPort,
  type GatewayServer,
} from './servers';

/** The listeners of a router, one for each port of its Gateways. */
export function gatewayListeners(scope: Scope): Built[] {
  return gatewayPorts(scope).flatMap((port) => {
    const filterChains = port.tls ? tlsChains(scope, port) : [plainChain(scope, port)];
    if (filterChains.length === 0) return [];
    return [
      encodeListener(
        {
          name: listenerName(port),
          address: endpointAddress(port.bind, port.port),
          filterChains,
          trafficDirection: TrafficDirection.OUTBOUND,
          ...(port.tls ? { listenerFilters: [tlsInspector] } : {}),
          accessLog: refusedConnectionsLog(scope.settings.config),
        },
        provenanceOf([...port.servers.map((server) => server.gateway), ...scope.policies]),
      ),
    ];
  });
}

function plainChain(scope: Scope, port: GatewayPort): FilterChain {
  return { filters: [requests(scope, listenerName(port), httpRouteName(port))] };
}

/** A chain for each server with a certificate, chosen by the name that the client asks for; the oldest has a name. */
function tlsChains(scope: Scope, port: GatewayPort): FilterChain[] {
  const taken = new Set<string>();
  return port.servers.flatMap((server): FilterChain[] => {
    const names = sortedSet(server.hosts.map(hostPart)).filter((name) => !taken.has(name));
    const transportSocket = certificate(scope, server.server.tls);
    if (names.length === 0 || transportSocket === undefined) return [];
    for (const name of names) taken.add(name);
    const serverNames = names.includes('*') ? [] : names;
    if (serverNames.length === 0) taken.add('*');
    return [
      {
        name: httpsRouteName(server),
        ...(serverNames.length === 0 ? {} : { filterChainMatch: { serverNames } }),
        filters: [requests(scope, httpsName(port, server), httpsRouteName(server))],
        transportSocket,
      },
    ];
  });
}

function httpsName(port: GatewayPort, { gateway }: GatewayServer): string {
  return `${listenerName(port)}.${gateway.name}.${gateway.namespace}`;
}

function requests(scope: Scope, statPrefix: string, routeName: string) {
  const filters = [...httpPolicyFilters(scope), faults];
  return httpConnection(scope.settings.config, `outbound_${statPrefix}`, discovered(routeName), filters, {
    ...tellCaller,
    // Who calls from outside is known by his address only here.
    useRemoteAddress: true,
    serverName: 'istio-envoy',
    accessLog: outboundHttpReports(scope),
  });
}

const versions: Partial<Record<TLSProtocol, Version>> = {
  [TLSProtocol.TLSV1_0]: Version.TLSv1_0,
  [TLSProtocol.TLSV1_1]: Version.TLSv1_1,
  [TLSProtocol.TLSV1_2]: Version.TLSv1_2,
  [TLSProtocol.TLSV1_3]: Version.TLSv1_3,
};

/** The server's side of TLS, from the credentials that the router's agent serves; nothing where none is named. */
function certificate(scope: Scope, tls: ServerTLSSettings | undefined) {
  const named = [...(tls?.credentialNames ?? []), ...(tls?.credentialName ? [tls.credentialName] : [])];
  const uri = (name: string) => `credential://${scope.namespace}/${name}`;
  const first = named[0];
  if (tls === undefined || first === undefined) return undefined;
  const wantsClient = tls.mode === Mode.MUTUAL || tls.mode === Mode.OPTIONAL_MUTUAL;
  const roots = secret(uri(tls.caCertCredentialName ? tls.caCertCredentialName : `${first}-cacert`));
  return gatewayTls(
    named.map((name) => secret(uri(name))),
    {
      tlsMinimumProtocolVersion: versions[tls.minProtocolVersion ?? TLSProtocol.TLS_AUTO] ?? Version.TLSv1_2,
      tlsMaximumProtocolVersion: versions[tls.maxProtocolVersion ?? TLSProtocol.TLS_AUTO] ?? Version.TLSv1_3,
      ...((tls.cipherSuites ?? []).length === 0 ? {} : { cipherSuites: tls.cipherSuites }),
    },
    wantsClient ? { roots, names: tls.subjectAltNames ?? [], required: tls.mode === Mode.MUTUAL } : undefined,
  );
}
