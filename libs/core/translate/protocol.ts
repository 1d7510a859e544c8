import type { Protocol } from '@keelson/core/mesh';

export { isHttp } from '@keelson/core/mesh';

/** Whether a protocol needs HTTP/2 to the upstream. */
export function isHttp2(protocol: Protocol): boolean {
  return protocol === 'HTTP2' || protocol === 'GRPC';
}

const protocols: Record<string, Protocol> = {
  HTTP: 'HTTP',
  HTTP2: 'HTTP2',
  GRPC: 'GRPC',
  'GRPC-WEB': 'HTTP',
  HTTP_PROXY: 'HTTP',
  HTTPS: 'HTTPS',
  TLS: 'TLS',
  MONGO: 'MONGO',
  REDIS: 'REDIS',
  MYSQL: 'MYSQL',
  UDP: 'UDP',
};

/** The protocol that a user wrote at a port; TCP for what is not known. */
export function protocolOf(text: string | undefined): Protocol {
  return protocols[(text ?? '').toUpperCase()] ?? 'TCP';
}
