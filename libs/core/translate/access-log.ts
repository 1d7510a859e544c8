import { MeshConfig_AccessLogEncoding, type MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { AccessLog, AccessLogFilter } from '@keelson/api/envoy/config/accesslog/v3/accesslog';
import { FileAccessLog } from '@keelson/api/envoy/extensions/access_loggers/file/v3/file';
import { StderrAccessLog, StdoutAccessLog } from '@keelson/api/envoy/extensions/access_loggers/stream/v3/stream';
import type { SubstitutionFormatString } from '@keelson/api/envoy/config/core/v3/substitution_format_string';
import { sortedEntries } from './order';
import { typedConfig } from './wire';

/** Fields that say which object, which rule in it and which policies decided over a request. */
const provenance = {
  config: '%METADATA(ROUTE:istio:config)%',
  rule: '%METADATA(ROUTE:istio:rule)%',
  policies: '%METADATA(ROUTE:istio:policies)%',
};

/** Istio's fields, and ours. */
const jsonFields: Record<string, string> = {
  ...provenance,
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_peer: '%DOWNSTREAM_PEER_URI_SAN%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

/** Istio's line, with our fields behind it. */
const textFormat = [
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%',
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED%',
  '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%"',
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS%',
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%',
  `"${provenance.config}" "${provenance.rule}" "${provenance.policies}"`,
].join(' ');

/** The access log of requests and connections; none where the mesh names no file. */
export function accessLog(config: MeshConfig, filter?: AccessLogFilter): AccessLog[] {
  const path = config.accessLogFile ?? '';
  if (path === '') return [];
  return [{ ...(filter === undefined ? {} : { filter }), ...logger(path, formatOf(config)) }];
}

/** Envoy cannot open `/dev/stdout` where its output goes into a socket, as it does under many a supervisor. */
function logger(path: string, format: SubstitutionFormatString): AccessLog {
  const accessLogFormat = { $case: 'logFormat', value: format } as const;
  const streams = 'envoy.extensions.access_loggers.stream.v3';
  switch (path) {
    case '/dev/stdout':
      return {
        name: 'envoy.access_loggers.stdout',
        configType: typedConfig(`${streams}.StdoutAccessLog`, StdoutAccessLog, { accessLogFormat }),
      };
    case '/dev/stderr':
      return {
        name: 'envoy.access_loggers.stderr',
        configType: typedConfig(`${streams}.StderrAccessLog`, StderrAccessLog, { accessLogFormat }),
      };
    default:
      return {
        name: 'envoy.access_loggers.file',
        configType: typedConfig('envoy.extensions.access_loggers.file.v3.FileAccessLog', FileAccessLog, {
          path,
          accessLogFormat,
        }),
      };
  }
}

/** Of a listener: only the connections that no filter chain took, such as plaintext where mutual TLS is a must. */
export function refusedConnectionsLog(config: MeshConfig): AccessLog[] {
  return accessLog(config, { filterSpecifier: { $case: 'responseFlagFilter', value: { flags: ['NR'] } } });
}

function formatOf(config: MeshConfig): SubstitutionFormatString {
  const own = config.accessLogFormat ?? '';
  if (config.accessLogEncoding !== MeshConfig_AccessLogEncoding.JSON)
    return { format: { $case: 'textFormat', value: `${own === '' ? textFormat : own.replace(/\n$/, '')}\n` } };
  return { format: { $case: 'jsonFormat', value: Object.fromEntries(sortedEntries(ownFields(own) ?? jsonFields)) } };
}

/** The user's JSON format; Istio's own where it is none, as it does too. */
function ownFields(text: string): Record<string, unknown> | undefined {
  if (text === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
