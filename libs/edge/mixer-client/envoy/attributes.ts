import { only, peer, row, told, type AttributeRow, type Sources } from './attribute-row';
import { checkResult } from './check-metadata';
import { apiKey, urlPath } from './http-text';
import { claimsOf } from './jwt-claims';
import { shadowVerdict } from './shadow-verdict';

const everywhere = (check: string, log: string): Sources => ({ check, http: log, tcp: log });
const requests = (check: string, http: string): Sources => ({ check, http });
const responses = (http: string): Sources => ({ http });
const connections = (tcp: string): Sources => ({ tcp });

const caller = everywhere('source.principal', 'tls_properties.peer_certificate_properties');
const callerAddress = everywhere('source.address', 'downstream_direct_remote_address');

const source: readonly AttributeRow[] = [
  row('origin.ip', 'IP_ADDRESS', callerAddress, ({ connection }) => connection.remoteIp),
  only(
    'inbound',
    row('source.ip', 'IP_ADDRESS', callerAddress, ({ connection }) => connection.remoteIp),
  ),
  only(
    'inbound',
    row('source.principal', 'STRING', caller, ({ connection }) => connection.peer?.principal),
  ),
  only(
    'inbound',
    row('source.user', 'STRING', caller, ({ connection }) => connection.peer?.principal),
  ),
  only(
    'inbound',
    row('source.namespace', 'STRING', caller, ({ connection }) => connection.peer?.namespace),
  ),
  only(
    'inbound',
    row('source.serviceAccount', 'STRING', caller, ({ connection }) => connection.peer?.serviceAccount),
  ),
  peer(told('source.uid', 'STRING')),
  peer(told('source.name', 'STRING')),
  peer(told('source.labels', 'STRING_MAP')),
  told('source.owner', 'STRING'),
  told('source.services', 'STRING'),
  peer(told('source.workload.uid', 'STRING')),
  peer(told('source.workload.name', 'STRING')),
  peer(told('source.workload.namespace', 'STRING')),
];

/** In a check of what goes out it is not known yet who will be called. */
const calledAddress = everywhere(
  'destination.address (inbound)',
  'downstream_local_address, or upstream_remote_address',
);
const calledPrincipal = everywhere('destination.principal', 'tls_properties.local_certificate_properties');
const cluster: Sources = { http: 'upstream_cluster (outbound)', tcp: 'upstream_cluster (outbound)' };

const destination: readonly AttributeRow[] = [
  row('destination.ip', 'IP_ADDRESS', calledAddress, ({ direction, connection, upstream }) =>
    direction === 'inbound' ? connection.localIp : upstream?.ip,
  ),
  row('destination.port', 'INT64', calledAddress, ({ direction, connection, upstream }) =>
    direction === 'inbound' ? connection.localPort : upstream?.port,
  ),
  only(
    'inbound',
    row('destination.principal', 'STRING', calledPrincipal, ({ connection }) => connection.localPrincipal),
  ),
  row('destination.service.host', 'STRING', cluster, ({ upstream }) => upstream?.service?.host),
  row('destination.service.name', 'STRING', cluster, ({ upstream }) => upstream?.service?.name),
  row('destination.service.namespace', 'STRING', cluster, ({ upstream }) => upstream?.service?.namespace),
  row('destination.service.uid', 'STRING', cluster, ({ upstream }) => {
    const { namespace, name } = upstream?.service ?? {};
    return namespace === undefined ? undefined : `istio://${namespace}/services/${name}`;
  }),
  told('destination.uid', 'STRING'),
  told('destination.name', 'STRING'),
  told('destination.namespace', 'STRING'),
  told('destination.labels', 'STRING_MAP'),
  told('destination.metadata', 'STRING_MAP'),
  told('destination.owner', 'STRING'),
  told('destination.serviceAccount', 'STRING'),
  told('destination.workload.uid', 'STRING'),
  told('destination.workload.name', 'STRING'),
  told('destination.workload.namespace', 'STRING'),
  told('destination.container.name', 'STRING'),
];

const token = requests('metadata_context of jwt_authn', 'metadata of jwt_authn');

const request: readonly AttributeRow[] = [
  row(
    'request.headers',
    'STRING_MAP',
    requests('request.http.headers', 'request.request_headers, and what is below'),
    (facts) => facts.request?.headers,
  ),
  row('request.id', 'STRING', requests('header x-request-id', 'request.request_id'), ({ request }) => request?.id),
  row('request.host', 'STRING', requests('request.http.host', 'request.authority'), ({ request }) => request?.host),
  row(
    'request.method',
    'STRING',
    requests('request.http.method', 'request.request_method'),
    ({ request }) => request?.method,
  ),
  row(
    'request.path',
    'STRING',
    requests('request.http.path', 'request.original_path, path'),
    ({ request }) => request?.path,
  ),
  row('request.url_path', 'STRING', requests('request.path without its query', 'the same'), ({ request }) =>
    urlPath(request?.path),
  ),
  row(
    'request.query_params',
    'STRING_MAP',
    requests('the query of request.path, not decoded', 'the same'),
    ({ request }) => request?.query,
  ),
  row('request.referer', 'STRING', requests('header referer', 'request.referer'), ({ request }) => request?.referer),
  row('request.scheme', 'STRING', requests('request.http.scheme', 'request.scheme'), ({ request }) => request?.scheme),
  row(
    'request.useragent',
    'STRING',
    requests('header user-agent', 'request.user_agent'),
    ({ request }) => request?.userAgent,
  ),
  row('request.time', 'TIMESTAMP', requests('request.time', 'start_time'), ({ request }) => request?.time),
  row(
    'request.size',
    'INT64',
    requests('request.http.size', 'request.request_body_bytes'),
    ({ request }) => request?.size,
  ),
  row(
    'request.total_size',
    'INT64',
    responses('request.request_headers_bytes + request_body_bytes'),
    ({ request }) => request?.totalSize,
  ),
  row('request.api_key', 'STRING', requests('query key or api_key, header x-api-key', 'the same'), ({ request }) =>
    apiKey(request?.headers, request?.query),
  ),
  row('request.auth.principal', 'STRING', token, ({ metadata }) => claimsOf(metadata)?.principal),
  row('request.auth.audiences', 'STRING', token, ({ metadata }) => claimsOf(metadata)?.audience),
  row('request.auth.presenter', 'STRING', token, ({ metadata }) => claimsOf(metadata)?.presenter),
  row('request.auth.claims', 'STRING_MAP', token, ({ metadata }) => claimsOf(metadata)?.texts),
  row('request.auth.raw_claims', 'STRING', token, ({ metadata }) => claimsOf(metadata)?.raw),
];

const response: readonly AttributeRow[] = [
  row(
    'response.code',
    'INT64',
    responses('response.response_code, 500 if there is none'),
    ({ response }) => response?.code,
  ),
  row(
    'response.headers',
    'STRING_MAP',
    responses('response.response_headers and response_trailers'),
    ({ response }) => response?.headers,
  ),
  row(
    'response.duration',
    'DURATION',
    responses('duration, or time_to_last_downstream_tx_byte'),
    ({ duration }) => duration,
  ),
  row('response.time', 'TIMESTAMP', responses('start_time + duration'), ({ end }) => end),
  row('response.size', 'INT64', responses('response.response_body_bytes'), ({ response }) => response?.size),
  row(
    'response.total_size',
    'INT64',
    responses('response.response_headers_bytes + response_body_bytes'),
    ({ response }) => response?.totalSize,
  ),
  row(
    'response.grpc_status',
    'STRING',
    responses('trailer or header grpc-status'),
    ({ response }) => response?.grpcStatus,
  ),
  row(
    'response.grpc_message',
    'STRING',
    responses('trailer or header grpc-message'),
    ({ response }) => response?.grpcMessage,
  ),
];

const certificate = everywhere('source.principal', 'tls_properties.peer_certificate_properties');

const connection: readonly AttributeRow[] = [
  row('connection.mtls', 'BOOL', certificate, ({ connection }) => connection.mtls),
  row(
    'connection.requested_server_name',
    'STRING',
    everywhere('tls_session.sni', 'tls_properties.tls_sni_hostname'),
    ({ connection }) => connection.serverName,
  ),
  row('connection.id', 'STRING', connections('stream_id'), ({ tcp }) => tcp?.id),
  row('connection.event', 'STRING', connections('access_log_type: open, continue or close'), ({ tcp }) => tcp?.event),
  row(
    'connection.received.bytes',
    'INT64',
    connections('received_bytes since the record before'),
    ({ tcp }) => tcp?.received,
  ),
  row(
    'connection.received.bytes_total',
    'INT64',
    connections('connection_properties.received_bytes'),
    ({ tcp }) => tcp?.receivedTotal,
  ),
  row('connection.sent.bytes', 'INT64', connections('sent_bytes since the record before'), ({ tcp }) => tcp?.sent),
  row(
    'connection.sent.bytes_total',
    'INT64',
    connections('connection_properties.sent_bytes'),
    ({ tcp }) => tcp?.sentTotal,
  ),
  row('connection.duration', 'DURATION', connections('duration, when the connection is closed'), ({ tcp, duration }) =>
    tcp?.event === 'close' ? duration : undefined,
  ),
];

const byContent = 'grpc by the content type, else http';

const context: readonly AttributeRow[] = [
  row(
    'context.protocol',
    'STRING',
    { check: `${byContent}; tcp`, http: byContent, tcp: 'tcp' },
    ({ protocol }) => protocol,
  ),
  row('context.time', 'TIMESTAMP', connections('start_time + duration, or now'), ({ end }) => end),
  row(
    'context.proxy_error_code',
    'STRING',
    { http: 'response_flags', tcp: 'response_flags' },
    ({ upstream }) => upstream?.flags,
  ),
  row(
    'context.reporter.kind',
    'STRING',
    everywhere('context_extensions', 'the name of the log'),
    ({ direction }) => direction,
  ),
  row(
    'context.reporter.uid',
    'STRING',
    everywhere('the uid of the own workload', 'the same'),
    ({ direction, local }) => {
      const uid = local.get(direction === 'inbound' ? 'destination.uid' : 'source.uid');
      return uid?.type === 'STRING' ? uid.value : undefined;
    },
  ),
  told('api.service', 'STRING'),
  told('api.version', 'STRING'),
  told('api.operation', 'STRING'),
  row(
    'api.protocol',
    'STRING',
    requests('grpc by the content type, else the scheme', 'the same'),
    ({ protocol, request }) => (protocol === 'grpc' ? protocol : request?.scheme),
  ),
];

const rbac = responses('metadata of rbac');
const decision: Sources = {
  http: 'metadata of ext_authz',
  tcp: 'metadata of ext_authz',
};

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

const outcome: readonly AttributeRow[] = [
  row('check.error_code', 'INT64', decision, ({ metadata }) => numberOf(checkResult(metadata, 'check.error_code'))),
  row('check.error_message', 'STRING', decision, ({ metadata }) =>
    textOf(checkResult(metadata, 'check.error_message')),
  ),
  row('check.cache_hit', 'BOOL', decision, ({ metadata }) => flagOf(checkResult(metadata, 'check.cache_hit'))),
  row('quota.cache_hit', 'BOOL', decision, ({ metadata }) => flagOf(checkResult(metadata, 'quota.cache_hit'))),
  row('rbac.permissive.response_code', 'STRING', rbac, ({ metadata }) =>
    shadowVerdict(metadata, 'shadow_engine_result'),
  ),
  row('rbac.permissive.effective_policy_id', 'STRING', rbac, ({ metadata }) =>
    shadowVerdict(metadata, 'shadow_effective_policy_id'),
  ),
];

/** What Mixer is told of requests and connections: the page `docs/mixer-attributes.md` is made from it. */
export const attributeTable: readonly AttributeRow[] = [
  ...source,
  ...destination,
  ...request,
  ...response,
  ...connection,
  ...context,
  ...outcome,
];
