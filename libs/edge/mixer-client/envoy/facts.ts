import type { Attributes, Instant, Int64, StringMap } from '@keelson/core/attributes';
import type { Peer } from './peer';

/** Whether the proxy stands before the service that is called, or beside the one that calls. */
export type Direction = 'inbound' | 'outbound';

/** What Envoy told of one request or connection, in one form for all of its protocols. What is not known is undefined. */
export interface Facts {
  readonly direction: Direction;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  /** The workload of this proxy, under the names of the direction. */
  readonly local: Attributes;
  readonly connection: ConnectionFacts;
  readonly request?: RequestFacts | undefined;
  readonly response?: ResponseFacts | undefined;
  readonly tcp?: TcpFacts | undefined;
  /** How the request was answered by the one that was called, or why not. */
  readonly upstream?: UpstreamFacts | undefined;
  /** When all was over, or now for what goes on. */
  readonly end?: Instant | undefined;
  readonly duration?: Int64 | undefined;
  /** Envoy's dynamic metadata, by filter. */
  readonly metadata: Metadata;
}

export type Metadata = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

export interface ConnectionFacts {
  readonly remoteIp: Uint8Array | undefined;
  readonly localIp: Uint8Array | undefined;
  readonly localPort: number | undefined;
  /** The caller showed a certificate. */
  readonly mtls: boolean;
  readonly peer: Peer | undefined;
  readonly localPrincipal: string | undefined;
  readonly serverName: string | undefined;
}

export interface RequestFacts {
  readonly id: string | undefined;
  readonly method: string | undefined;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly scheme: string | undefined;
  readonly userAgent: string | undefined;
  readonly referer: string | undefined;
  readonly headers: StringMap;
  readonly query: StringMap | undefined;
  readonly time: Instant | undefined;
  readonly size: number | undefined;
  readonly totalSize: number | undefined;
}

export interface ResponseFacts {
  readonly code: number;
  readonly headers: StringMap;
  readonly size: number | undefined;
  readonly totalSize: number | undefined;
  readonly grpcStatus: string | undefined;
  readonly grpcMessage: string | undefined;
}

export interface UpstreamFacts {
  readonly ip: Uint8Array | undefined;
  readonly port: number | undefined;
  /** The service that was called, by the name of Envoy's cluster. */
  readonly service: CalledService | undefined;
  /** Envoy's response flags. */
  readonly flags: string;
}

export interface CalledService {
  readonly host: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

export interface TcpFacts {
  readonly id: string | undefined;
  readonly event: 'open' | 'continue' | 'close';
  readonly received: number;
  readonly receivedTotal: number;
  readonly sent: number;
  readonly sentTotal: number;
}
