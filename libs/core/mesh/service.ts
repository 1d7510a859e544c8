import type { ObjectRef } from '@keelson/core/config';

/** Application protocols of a port, as Istio names them. */
export type Protocol = 'HTTP' | 'HTTP2' | 'GRPC' | 'HTTPS' | 'TLS' | 'TCP' | 'MONGO' | 'REDIS' | 'MYSQL' | 'UDP';

/** Whether traffic of a protocol is seen request by request. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC';
}

export interface ServicePort {
  number: number;
  name: string;
  protocol: Protocol;
  /** The port at the endpoint, where it differs and the endpoint does not name it. */
  targetPort: number;
}

export type Resolution = 'none' | 'static' | 'dns' | 'dns-round-robin';

/** A service of the mesh, from whichever platform. Immutable: a change makes a new one. */
export interface Service {
  hostname: string;
  namespace: string;
  /** Virtual addresses, IP or CIDR. */
  addresses: readonly string[];
  ports: readonly ServicePort[];
  location: 'mesh' | 'external';
  resolution: Resolution;
  /** Namespaces that see it; `*` is all, `.` its own. Never empty. */
  exportTo: readonly string[];
  /** As configured; empty where the accounts of its workloads stand for it. */
  subjectAltNames: readonly string[];
  /** The object that made it. */
  source: ObjectRef & { revision: string };
  /** Milliseconds since 1970. */
  created: number;
}

export type EndpointHealth = 'healthy' | 'unhealthy' | 'draining';

/** One place that serves a service. */
export interface Endpoint {
  address: string;
  /** Port numbers by the service's port name, already resolved. */
  ports: Readonly<Record<string, number>>;
  labels: Readonly<Record<string, string>>;
  namespace: string;
  /** SPIFFE id, empty where the endpoint has no identity. */
  identity: string;
  /** Whether its proxy takes mutual TLS: known from its lease, or the label `security.istio.io/tlsMode: istio`. */
  mutualTls: boolean;
  /** Names of ports that take plaintext although `mutualTls` is true: a PeerAuthentication says DISABLE for them. */
  plaintextPorts?: readonly string[];
  network: string;
  /** `region/zone/subzone`. */
  locality: string;
  /** At least 1. */
  weight: number;
  health: EndpointHealth;
  /** The name of the workload and the cluster it runs in, where they are known. */
  workload?: { readonly name: string; readonly cluster: string };
}
