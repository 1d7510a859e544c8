import type { Address } from '@keelson/api/envoy/config/core/v3/address';
import { parseIp } from '@keelson/core/cexl';
import { BoundedMap } from '@keelson/edge/service';

const known = new BoundedMap<string, Uint8Array>(4_096);

/** The 4 or 16 bytes of an IP address, not to be changed; undefined for any other text. */
export function ipBytes(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  let bytes = known.get(text);
  if (bytes === undefined) {
    bytes = parse(text);
    if (bytes !== undefined) known.set(text, bytes);
  }
  return bytes;
}

function parse(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseIp(text)?.subarray(12);
  // Which link it is on is nothing that Mixer knows.
  const [address = ''] = text.split('%');
  return parseIp(address);
}

/** The IP of an Envoy address; undefined for sockets in the file system and the like. */
export function ipOf(address: Address | undefined): Uint8Array | undefined {
  return address?.address?.$case === 'socketAddress' ? ipBytes(address.address.value.address) : undefined;
}

/** The port of an Envoy address. */
export function portOf(address: Address | undefined): number | undefined {
  if (address?.address?.$case !== 'socketAddress') return undefined;
  const port = address.address.value.portSpecifier;
  return port?.$case === 'portValue' ? port.value : undefined;
}
