import type { AttributeContext } from '@keelson/api/envoy/service/auth/v3/attribute_context';
import type { Attributes } from '@keelson/core/attributes';
import { ipOf, portOf } from './addresses';
import type { Direction, Facts, RequestFacts } from './facts';
import { isGrpc, queryParams } from './http-text';
import { peerOfUri, principalOf } from './peer';
import { RecordMap } from './record-map';
import { instantOf } from './times';

/** In which the caller's proxy tells of it; Envoy takes it away, and policies do not see what was not proven. */
const peerHeader = 'x-istio-attributes';

const nothing = {};

/** Which direction the route of a check says; inbound if it says nothing. */
export function directionOf(texts: Readonly<Record<string, string>>): Direction {
  return texts['context.reporter.kind'] === 'outbound' ? 'outbound' : 'inbound';
}

/** What Envoy asks to check: a request, or, where there is none, a connection. */
export function checkFacts(context: AttributeContext, direction: Direction, local: Attributes): Facts {
  const { source, destination, request: { http, time } = {}, tlsSession, metadataContext } = context;
  const request = http && requestFacts(http, time);
  const contentType = request?.headers.get('content-type');
  return {
    direction,
    protocol: request === undefined ? 'tcp' : isGrpc(contentType) ? 'grpc' : 'http',
    local,
    connection: {
      remoteIp: ipOf(source?.address),
      localIp: ipOf(destination?.address),
      localPort: portOf(destination?.address),
      mtls: filled(source?.principal) !== undefined,
      peer: peerOfUri(source?.principal),
      localPrincipal: principalOf(destination?.principal),
      serverName: filled(tlsSession?.sni),
    },
    request,
    metadata: metadataContext?.filterMetadata ?? nothing,
  };
}

type CheckedRequest = NonNullable<NonNullable<AttributeContext['request']>['http']>;
type Time = NonNullable<AttributeContext['request']>['time'];

function requestFacts(http: CheckedRequest, time: Time): RequestFacts {
  const { headers = {}, method, host, path, scheme, size = -1 } = http;
  if (peerHeader in headers) Reflect.deleteProperty(headers, peerHeader);
  const texts = new RecordMap(headers);
  return {
    id: filled(texts.get('x-request-id')),
    method: filled(method),
    host,
    path,
    scheme: filled(scheme) ?? 'http',
    userAgent: filled(texts.get('user-agent')),
    referer: filled(texts.get('referer')),
    headers: texts,
    query: queryParams(path),
    time: instantOf(time),
    size: size < 0 ? undefined : size,
    totalSize: undefined,
  };
}

/** Protobuf has no empty text that is there. */
export function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
