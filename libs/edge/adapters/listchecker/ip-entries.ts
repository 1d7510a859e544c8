import type { Value, ValueType } from '@keelson/core/attributes';
import { formatIp, parseIp } from '@keelson/core/cexl';
import type { Entries, Finding } from './entries';

/** A range of addresses: the first bits of 4 or 16 bytes. */
export interface IpRange {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * The range of `10.0.0.0/8`, `2001:db8::/32` or a single address. IPv4 in IPv6 (`::ffff:10.0.0.0/104`) is IPv4. Undefined
 * for other texts.
 */
export function parseRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const long = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (long === undefined) return undefined;
  const dotted = !text.includes(':');
  const size = dotted ? 32 : 128;
  const suffix = slash < 0 ? String(size) : text.slice(slash + 1);
  if (!/^[0-9]{1,3}$/.test(suffix) || Number(suffix) > size) return undefined;
  const bits = Number(suffix);
  const bytes = shortest(long);
  if (bytes.length === 16 || dotted) return { bytes, bits };
  // What is written as IPv6 and begins before the IPv4 part is a range of IPv6, with no IPv4 in it.
  return bits >= 96 ? { bytes, bits: bits - 96 } : { bytes: long, bits };
}

/** Ranges of addresses. A look-up costs as much as there are different lengths, not as there are ranges. */
export class IpEntries implements Entries {
  readonly size: number;
  /** By length of the address, then by number of bits: the ranges. */
  readonly #ranges = new Map<number, Map<number, Set<string>>>();

  constructor(ranges: readonly IpRange[]) {
    this.size = ranges.length;
    for (const { bytes, bits } of ranges) {
      const family = this.#ranges.get(bytes.length) ?? new Map<number, Set<string>>();
      this.#ranges.set(bytes.length, family);
      const set = family.get(bits) ?? new Set<string>();
      family.set(bits, set.add(masked(bytes, bits)));
    }
  }

  look(value: Value | undefined, type: ValueType | undefined): Finding {
    const bytes = addressOf(value, type);
    if (typeof bytes === 'string') return { invalid: bytes };
    for (const [bits, set] of this.#ranges.get(bytes.length) ?? [])
      if (set.has(masked(bytes, bits))) return { found: true };
    return { found: false };
  }
}

/** The bytes of a value that is an address; why it is none. */
function addressOf(value: Value | undefined, type: ValueType | undefined): Uint8Array | string {
  if (type === 'IP_ADDRESS') {
    const bytes = value as Uint8Array;
    if (bytes.length === 4 || bytes.length === 16) return shortest(bytes);
    return `${formatIp(bytes)} is not a valid IP address`;
  }
  if (type !== 'STRING') return `a value of type ${type ?? 'none'} cannot be in a list of IP addresses`;
  const bytes = parseIp(value as string);
  return bytes ? shortest(bytes) : `${value as string} is not a valid IP address`;
}

/** IPv4 as 4 bytes, however it is written. */
function shortest(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return bytes;
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return bytes;
  return bytes.subarray(12);
}

/** The first bits of an address, as a text that is the same for the same bits. */
function masked(bytes: Uint8Array, bits: number): string {
  const codes: number[] = [];
  for (let i = 0; i * 8 < bits; i++) {
    const left = bits - i * 8;
    codes.push((bytes[i] ?? 0) & (left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff));
  }
  return String.fromCharCode(...codes);
}
