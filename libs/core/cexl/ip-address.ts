/** The 16 bytes of an address, IPv4 as IPv4-mapped IPv6, as Go's `net.ParseIP` gives them; undefined for other texts. */
export function parseIp(text: string): Uint8Array | undefined {
  // The longest form, with an IPv4 address at its end, has 45 characters.
  if (text.length > 45) return undefined;
  const bytes = new Uint8Array(16);
  if (text.includes(':')) return parseIpv6(text, bytes) ? bytes : undefined;
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  return parseIpv4(text, bytes, 12) ? bytes : undefined;
}

/** Decimal numbers without leading zeros: those who read them as octal would see another address. */
function parseIpv4(text: string, bytes: Uint8Array, at: number): boolean {
  const match = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/.exec(text);
  if (match === null) return false;
  for (let i = 0; i < 4; i++) {
    const part = Number(match[i + 1]);
    if (part > 255) return false;
    bytes[at + i] = part;
  }
  return true;
}

function parseIpv6(text: string, bytes: Uint8Array): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const [head = '', tail] = halves;
  const front = groups(head, tail === undefined);
  const back = tail === undefined ? [] : groups(tail, true);
  if (front === undefined || back === undefined) return false;
  const count = front.length + back.length;
  if (tail === undefined ? count !== 16 : count > 14) return false;
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return true;
}

/** The bytes of groups of hex digits; the last may be an IPv4 address, where the text ends with it. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = new Uint8Array(4);
      if (!parseIpv4(part, v4, 0)) return undefined;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      const value = parseInt(part, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

/** Whether two addresses are one: 4 bytes are what they are as 16. */
export function sameIp(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length === b.length) {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length !== 4 || long.length !== 16 || !isMapped(long)) return false;
  for (let i = 0; i < 4; i++) if (short[i] !== long[i + 12]) return false;
  return true;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** An address as Go prints it: dotted, or as RFC 5952 has it; bytes that are no address as `?` and hex digits. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return `?${Buffer.from(bytes).toString('hex')}`;
  if (isMapped(bytes)) return bytes.subarray(12).join('.');
  const parts: number[] = [];
  for (let i = 0; i < 16; i += 2) parts.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const [from, length] = longestZeros(parts);
  const hex = parts.map((part) => part.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}

/** Where the first of the longest runs of zeros begins, and its length. */
function longestZeros(parts: readonly number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0];
  let length = 0;
  for (const [i, part] of parts.entries()) {
    length = part === 0 ? length + 1 : 0;
    if (length > best[1]) best = [i - length + 1, length];
  }
  return best;
}
