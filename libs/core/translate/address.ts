import type { Address, CidrRange } from '@keelson/api/envoy/config/core/v3/address';

/** Envoy's form of `host` and port. */
export function socketAddress(address: string, port: number): Address {
  return {
    address: { $case: 'socketAddress', value: { address, portSpecifier: { $case: 'portValue', value: port } } },
  };
}

/** Envoy's form of where an endpoint is: an IP with a port, or a Unix socket as `unix:///path`. */
export function endpointAddress(address: string, port: number): Address {
  if (!address.startsWith('unix://')) return socketAddress(address, port);
  return { address: { $case: 'pipe', value: { path: address.slice('unix://'.length) } } };
}

/** Envoy's form of `127.0.0.1:8080`, `[::1]:8080` or `unix:///run/app.sock`. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix://')) return endpointAddress(text, 0);
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return socketAddress(host, Number(text.slice(colon + 1)));
}

/** `10.0.0.0/8` or `10.0.0.1` as a range. */
export function cidrRange(text: string): CidrRange {
  const [addressPrefix = '', length] = text.split('/');
  const whole = addressPrefix.includes(':') ? 128 : 32;
  return { addressPrefix, prefixLen: length === undefined ? whole : Number(length) };
}

/** Whether an address stands for more than one. */
export function isRange(address: string): boolean {
  const range = cidrRange(address);
  return range.prefixLen !== (address.includes(':') ? 128 : 32);
}

/** `10.0.0.1` of `10.0.0.1/32`. */
export function withoutPrefix(address: string): string {
  return address.split('/')[0] ?? address;
}
