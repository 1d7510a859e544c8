import { DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';

/** A request of the state of the world, its names left as they came. */
export interface SplitRequest {
  request: DiscoveryRequest;
  /** All fields `resource_names`, tags included; undefined if they are decoded in the request. */
  names: Uint8Array | undefined;
}

const namesTag = (3 << 3) | 2;

/**
 * Decodes a request. Each ACK of this protocol repeats all names, thousands of them: they are taken as one block of
 * bytes that can be compared with the last.
 */
export function splitRequest(bytes: Uint8Array): SplitRequest {
  const block = namesBlock(bytes);
  if (block === undefined) return { request: DiscoveryRequest.decode(bytes), names: undefined };
  const [start, end] = block;
  const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  return { request: DiscoveryRequest.decode(rest), names: bytes.subarray(start, end) };
}

/** The names of such a block. */
export function namesOf(block: Uint8Array): string[] {
  return DiscoveryRequest.decode(block).resourceNames ?? [];
}

/** Where the names stand, if they stand together. */
function namesBlock(bytes: Uint8Array): [start: number, end: number] | undefined {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || factor > 2 ** 28) return Infinity;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  let start = -1;
  let end = -1;
  while (at < bytes.length) {
    const field = at;
    const tag = varint();
    if ((tag & 7) !== 2) return undefined;
    const length = varint();
    at += length;
    if (at > bytes.length) return undefined; // the decoder says what is wrong
    if (tag !== namesTag) continue;
    if (start < 0) start = field;
    else if (field !== end) return undefined;
    end = at;
  }
  return start < 0 ? undefined : [start, end];
}
