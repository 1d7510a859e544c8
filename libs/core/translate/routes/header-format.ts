/** Commands that Envoy 1.36 and later take in header values without further configuration. */
const commands = new Set(
  [
    'BYTES_RECEIVED BYTES_SENT CONNECTION_ID CONNECTION_TERMINATION_DETAILS DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
    'DOWNSTREAM_LOCAL_PORT DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_CERT',
    'DOWNSTREAM_PEER_CERT_V_END DOWNSTREAM_PEER_CERT_V_START DOWNSTREAM_PEER_FINGERPRINT_1',
    'DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_ISSUER DOWNSTREAM_PEER_SERIAL DOWNSTREAM_PEER_SUBJECT',
    'DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_REMOTE_ADDRESS DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_REMOTE_PORT',
    'DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_VERSION DURATION HOSTNAME PROTOCOL',
    'REQUESTED_SERVER_NAME RESPONSE_CODE RESPONSE_CODE_DETAILS RESPONSE_FLAGS ROUTE_NAME START_TIME STREAM_ID',
    'UPSTREAM_CLUSTER UPSTREAM_HOST UPSTREAM_LOCAL_ADDRESS UPSTREAM_REMOTE_ADDRESS VIRTUAL_CLUSTER_NAME',
  ].flatMap((line) => line.split(' ')),
);
const commandsWithArgument = new Set(['REQ', 'RESP', 'DYNAMIC_METADATA', 'UPSTREAM_METADATA', 'FILTER_STATE']);

/**
 * A header value in which each `%` stands for a command that Envoy knows, or for itself: a lone one would make Envoy
 * refuse the whole route configuration.
 */
export function safeFormat(value: string): string {
  return value.replace(/%%|%(?:([A-Z_0-9]+)(\([^()%]+\))?%)?/g, (found: string, name?: string, argument?: string) => {
    const command = argument === undefined ? commands : commandsWithArgument;
    return found === '%%' || (name !== undefined && command.has(name)) ? found : found.replaceAll('%', '%%');
  });
}
