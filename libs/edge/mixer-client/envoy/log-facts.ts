import {
  AccessLogType,
  type AccessLogCommon,
  type HTTPAccessLogEntry,
  type HTTPRequestProperties,
  type HTTPResponseProperties,
  type TCPAccessLogEntry,
} from '@keelson/api/envoy/data/accesslog/v3/accesslog';
import { RequestMethod } from '@keelson/api/envoy/config/core/v3/base';
import type { Attributes } from '@keelson/core/attributes';
import { ipOf, portOf } from './addresses';
import { calledService } from './called-service';
import { filled } from './check-facts';
import type { ConnectionFacts, Direction, Facts, RequestFacts, ResponseFacts, TcpFacts, UpstreamFacts } from './facts';
import { isGrpc, queryParams } from './http-text';
import { peerOfUri, principalOf } from './peer';
import { RecordMap } from './record-map';
import { flagText } from './response-flags';
import { after, instantOf, instantOfMs, nanosOf } from './times';

/** What Mixer's proxy reported for requests that got no answer. */
const codeWithoutResponse = 500;

/** Of whom an entry tells, and when it came. */
export interface LogContext {
  readonly direction: Direction;
  readonly local: Attributes;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What an entry of a log of HTTP requests tells. */
export function httpFacts(entry: HTTPAccessLogEntry, context: LogContext): Facts {
  const { commonProperties: common = {} } = entry;
  const request = requestFacts(entry.request ?? {}, common);
  const response = responseFacts(entry.response ?? {});
  const grpc = isGrpc(request.headers.get('content-type')) || response.grpcStatus !== undefined;
  return { protocol: grpc ? 'grpc' : 'http', request, response, ...commonFacts(common, context) };
}

/** What an entry of a log of connections tells; `since` says what the connection carried since the entry before. */
export function tcpFacts(
  { commonProperties: common = {}, connectionProperties: carried = {} }: TCPAccessLogEntry,
  context: LogContext,
  since: (id: string | undefined, total: Carried, over: boolean) => Carried,
): Facts {
  const id = filled(common.streamId);
  const event = eventOf(common);
  const total = { received: carried.receivedBytes ?? 0, sent: carried.sentBytes ?? 0 };
  const { received, sent } = since(id, total, event === 'close');
  return {
    protocol: 'tcp',
    tcp: { id, event, received, receivedTotal: total.received, sent, sentTotal: total.sent },
    ...commonFacts(common, context),
  };
}

/** Bytes of a connection. */
export interface Carried {
  readonly received: number;
  readonly sent: number;
}

const typesOfRequestsThatAreOver: ReadonlySet<AccessLogType> = new Set([
  AccessLogType.NotSet,
  AccessLogType.DownstreamEnd,
]);

/** Whether an entry is the one of its request that comes last. */
export function isOver(common: AccessLogCommon): boolean {
  return typesOfRequestsThatAreOver.has(common.accessLogType ?? AccessLogType.NotSet) && !isIntermediate(common);
}

function isIntermediate(common: AccessLogCommon): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- all that Envoys without access_log_type tell
  return common.intermediateLogEntry === true;
}

function eventOf(common: AccessLogCommon): TcpFacts['event'] {
  switch (common.accessLogType) {
    case AccessLogType.TcpUpstreamConnected:
      return 'open';
    case AccessLogType.TcpPeriodic:
      return 'continue';
    case AccessLogType.TcpConnectionEnd:
      return 'close';
    default:
      return isIntermediate(common) ? 'continue' : 'close';
  }
}

type CommonFacts = Pick<Facts, 'direction' | 'local' | 'connection' | 'upstream' | 'end' | 'duration' | 'metadata'>;

function commonFacts(common: AccessLogCommon, { direction, local, now }: LogContext): CommonFacts {
  const duration = common.duration ?? common.timeToLastDownstreamTxByte;
  return {
    direction,
    local,
    connection: connectionFacts(common),
    upstream: upstreamFacts(common, direction),
    duration: nanosOf(duration),
    // What goes on has no duration yet.
    end: duration === undefined ? instantOfMs(now) : after(common.startTime, duration),
    metadata: common.metadata?.filterMetadata ?? {},
  };
}

function connectionFacts(common: AccessLogCommon): ConnectionFacts {
  const { tlsProperties: tls } = common;
  const shown = tls?.peerCertificateProperties;
  const own = tls?.localCertificateProperties;
  return {
    remoteIp: ipOf(common.downstreamDirectRemoteAddress) ?? ipOf(common.downstreamRemoteAddress),
    localIp: ipOf(common.downstreamLocalAddress),
    localPort: portOf(common.downstreamLocalAddress),
    mtls: shown !== undefined && (filled(shown.subject) !== undefined || (shown.subjectAltName ?? []).length > 0),
    peer: peerOfUri(spiffeIdOf(shown)),
    localPrincipal: principalOf(spiffeIdOf(own)),
    serverName: filled(tls?.tlsSniHostname),
  };
}

type Certificate = NonNullable<AccessLogCommon['tlsProperties']>['peerCertificateProperties'];

function spiffeIdOf(certificate: Certificate): string | undefined {
  for (const { san } of certificate?.subjectAltName ?? [])
    if (san?.$case === 'uri' && san.value.startsWith('spiffe://')) return san.value;
  return undefined;
}

function upstreamFacts(common: AccessLogCommon, direction: Direction): UpstreamFacts {
  return {
    ip: ipOf(common.upstreamRemoteAddress),
    port: portOf(common.upstreamRemoteAddress),
    service: direction === 'outbound' ? calledService(common.upstreamCluster) : undefined,
    flags: flagText(common.responseFlags),
  };
}

function requestFacts(http: HTTPRequestProperties, { startTime }: AccessLogCommon): RequestFacts {
  const method = http.requestMethod === undefined ? undefined : methodName(http.requestMethod);
  const path = filled(http.originalPath) ?? filled(http.path);
  const body = http.requestBodyBytes ?? 0;
  const request = {
    id: filled(http.requestId),
    method,
    host: filled(http.authority),
    path,
    scheme: filled(http.scheme) ?? 'http',
    userAgent: filled(http.userAgent),
    referer: filled(http.referer),
  };
  return {
    ...request,
    headers: new RecordMap({ ...namedHeaders(request, filled(http.forwardedFor)), ...http.requestHeaders }),
    query: queryParams(path),
    time: instantOf(startTime),
    size: body,
    totalSize: body + (http.requestHeadersBytes ?? 0),
  };
}

function methodName(method: RequestMethod): string | undefined {
  return method === RequestMethod.METHOD_UNSPECIFIED ? undefined : (RequestMethod as Record<number, string>)[method];
}

type NamedParts = Pick<RequestFacts, 'id' | 'method' | 'host' | 'path' | 'scheme' | 'userAgent' | 'referer'>;

/** The headers that Envoy tells in fields of their own. */
function namedHeaders(request: NamedParts, forwardedFor: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  const put = (name: string, text: string | undefined): void => {
    if (text !== undefined) headers[name] = text;
  };
  put(':authority', request.host);
  put(':method', request.method);
  put(':path', request.path);
  put(':scheme', request.scheme);
  put('x-request-id', request.id);
  put('user-agent', request.userAgent);
  put('referer', request.referer);
  put('x-forwarded-for', forwardedFor);
  return headers;
}

function responseFacts(http: HTTPResponseProperties): ResponseFacts {
  const headers = new RecordMap({ ...http.responseHeaders, ...http.responseTrailers });
  const body = http.responseBodyBytes ?? 0;
  return {
    code: http.responseCode ?? codeWithoutResponse,
    headers,
    size: body,
    totalSize: body + (http.responseHeadersBytes ?? 0),
    grpcStatus: filled(headers.get('grpc-status')),
    grpcMessage: filled(headers.get('grpc-message')),
  };
}
