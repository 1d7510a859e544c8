import { problemError } from '@keelson/core/problems';
import { sequence, tagged, type Der } from './der';

/** The names in a certificate. */
export interface Names {
  uris?: readonly string[];
  dns?: readonly string[];
  ips?: readonly string[];
}

/** The value of the extension: URIs first, since some readers look at the first name only. Undefined without names. */
export function subjectAltName({ uris = [], dns = [], ips = [] }: Names): Der | undefined {
  const names = [
    ...uris.map((uri) => tagged(6, Buffer.from(ascii(uri)))),
    ...dns.map((name) => tagged(2, Buffer.from(checkDnsName(name)))),
    ...ips.map((ip) => tagged(7, ipBytes(ip))),
  ];
  return names.length === 0 ? undefined : sequence(...names);
}

/** Sorts names as users write them into DNS names and IP addresses. */
export function namesOf(names: readonly string[]): { dns: string[]; ips: string[] } {
  const isIp = (name: string): boolean => name.includes(':') || /^[\d.]+$/.test(name);
  return { dns: names.filter((name) => !isIp(name)), ips: names.filter(isIp) };
}

function ascii(text: string): string {
  if (text === '' || /[^\x21-\x7e]/.test(text))
    throw problemError('invalid-value', `${JSON.stringify(text)} cannot stand in a certificate`);
  return text;
}

function checkDnsName(name: string): string {
  if (
    name.length > 253 ||
    !/^(\*\.)?[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*$/.test(
      name,
    )
  )
    throw problemError('invalid-value', `${JSON.stringify(name)} is not a DNS name`);
  return name;
}

/** The 4 or 16 bytes of an IP address. */
export function ipBytes(text: string): Buffer {
  const bytes = text.includes(':') ? v6(text) : v4(text);
  if (bytes === undefined) throw problemError('invalid-value', `${JSON.stringify(text)} is not an IP address`);
  return Buffer.from(bytes);
}

function v4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.map(Number);
}

function v6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const sides = halves.map((half) => (half === '' ? [] : half.split(':').flatMap(group)));
  const [left = [], right = []] = sides;
  if ([...left, ...right].some((byte) => byte < 0)) return undefined;
  const missing = 16 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

function group(text: string): number[] {
  if (text.includes('.')) return v4(text) ?? [-1];
  if (!/^[0-9a-fA-F]{1,4}$/.test(text)) return [-1];
  const value = parseInt(text, 16);
  return [value >> 8, value & 0xff];
}
