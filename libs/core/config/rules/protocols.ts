import type { Findings } from '../findings';

const known = new Set([
  'HTTP',
  'HTTP2',
  'HTTPS',
  'GRPC',
  'GRPC-WEB',
  'GRPC-WEB-TLS',
  'HTTP_PROXY',
  'TCP',
  'TLS',
  'UDP',
  'MONGO',
  'REDIS',
  'MYSQL',
  'HBONE',
  'DOUBLEHBONE',
]);
const services = ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTPS', 'TLS', 'TCP', 'MONGO', 'REDIS', 'MYSQL'];

/** Names of protocols are read in any letter case. An empty one would mean that the traffic tells. */
export function checkProtocol(
  findings: Findings,
  field: string,
  protocol: string | undefined,
  served: readonly string[] = services,
): void {
  const name = (protocol ?? '').toUpperCase();
  if (served.includes(name)) return;
  if (name === '') findings.unsupported(field, 'finding out the protocol from the traffic');
  else if (known.has(name)) findings.unsupported(field, protocol);
  else findings.add(field, `${JSON.stringify(protocol)} is not a protocol; known are ${[...known].join(', ')}`);
}

export function isHttp(protocol: string | undefined): boolean {
  return /^(?:http|http2|grpc|grpc-web)$/i.test(protocol ?? '');
}
