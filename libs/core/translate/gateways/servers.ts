import {
  ServerTLSSettings_TLSmode as Mode,
  type Gateway,
  type Server,
} from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { MeshObject } from '@keelson/core/config';
import type { Scope } from '@keelson/core/mesh';
import { isHttp, protocolOf } from '../protocol';

/** One server of a Gateway, with what it takes part in. */
export interface GatewayServer {
  gateway: MeshObject<Gateway>;
  server: Server;
  /** Hosts as `namespace/host`, `*` for any namespace. */
  hosts: string[];
}

/** The servers of all Gateways that share an address and port, and so a listener. */
export interface GatewayPort {
  bind: string;
  port: number;
  tls: boolean;
  servers: GatewayServer[];
}

/**
 * The ports that a router opens. Of several servers on one port that of the oldest Gateway decides whether it speaks
 * TLS, as one listener cannot do both.
 */
export function gatewayPorts(scope: Scope): GatewayPort[] {
  const ports = new Map<string, GatewayPort>();
  for (const gateway of scope.gateways)
    for (const server of gateway.spec.servers ?? []) {
      const tls = terminatesTls(server);
      if (!tls && !isHttp(protocolOf(server.port?.protocol))) continue;
      const bind = server.bind ? server.bind : '0.0.0.0';
      const port = server.port?.number ?? 0;
      const key = `${bind}_${port}`;
      const known = ports.get(key) ?? { bind, port, tls, servers: [] };
      if (known.tls !== tls) continue;
      known.servers.push({ gateway, server, hosts: (server.hosts ?? []).map((host) => qualified(host, gateway)) });
      ports.set(key, known);
    }
  return [...ports.values()].sort((a, b) => a.port - b.port || (a.bind < b.bind ? -1 : 1));
}

/** The name of a port's listener. */
export function listenerName(port: GatewayPort): string {
  return `${port.bind}_${port.port}`;
}

/** The route configuration of a port without TLS, `http.8080`, which all its servers share. */
export function httpRouteName(port: GatewayPort): string {
  return port.bind === '0.0.0.0' ? `http.${port.port}` : `http.${port.port}.${port.bind}`;
}

/** The route configuration of one server with TLS, `https.8443.https.bookinfo.default`. */
export function httpsRouteName({ gateway, server }: GatewayServer): string {
  return `https.${server.port?.number ?? 0}.${server.port?.name ?? ''}.${gateway.name}.${gateway.namespace}`;
}

/** `namespace/name`, by which VirtualServices are bound. */
export function gatewayKey(gateway: MeshObject<Gateway>): string {
  return `${gateway.namespace}/${gateway.name}`;
}

/** The host of `namespace/host`. */
export function hostPart(qualifiedHost: string): string {
  return qualifiedHost.slice(qualifiedHost.indexOf('/') + 1);
}

function terminatesTls(server: Server): boolean {
  const mode = server.tls?.mode;
  const terminates = mode === Mode.SIMPLE || mode === Mode.MUTUAL || mode === Mode.OPTIONAL_MUTUAL;
  return protocolOf(server.port?.protocol) === 'HTTPS' && terminates;
}

function qualified(host: string, gateway: MeshObject<Gateway>): string {
  if (!host.includes('/')) return `*/${host}`;
  return host.startsWith('./') ? `${gateway.namespace}/${host.slice(2)}` : host;
}
