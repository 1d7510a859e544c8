import { domainToASCII, domainToUnicode } from 'node:url';

/** The longest that is looked at: DNS has no more than 253 characters, and Unicode needs a few bytes for each. */
const maxLength = 1024;

/**
 * What is wrong with a DNS name, or undefined. Like Mixer's check this is about its labels (none empty, no hyphen at
 * the ends or in the third and fourth place, well-formed IDNA), not about the letters and digits in them.
 */
export function dnsNameProblem(name: string): string | undefined {
  const labels = name.split('.');
  if (labels.at(-1) === '' && labels.length > 1) labels.pop();
  if (name.length > maxLength || labels.includes('')) return `idna: invalid label ${JSON.stringify('')}`;
  for (const label of labels) if (!isLabel(label)) return `idna: invalid label ${JSON.stringify(label)}`;
  return undefined;
}

function isLabel(label: string): boolean {
  const shown = label.startsWith('xn--') ? toUnicode(label) : label;
  if (shown === undefined || !hasGoodHyphens(shown)) return false;
  return isAscii(label) || toAscii(label) !== undefined;
}

/** Whether two DNS names are one, whatever the case and form of their letters and with or without the last dot. */
export function sameDnsName(a: string, b: string): boolean | undefined {
  const first = canonicalDnsName(a);
  const second = canonicalDnsName(b);
  return first === undefined || second === undefined ? undefined : first === second;
}

/** Why `sameDnsName` cannot tell. */
export function dnsComparisonProblem(a: string, b: string): string {
  const name = canonicalDnsName(a) === undefined ? a : b;
  const odd = /[^a-zA-Z0-9.-]/u.exec(name)?.[0];
  if (odd !== undefined && isAscii(odd))
    return `idna: disallowed rune U+${odd.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return `idna: invalid label ${JSON.stringify(name)}`;
}

/**
 * A name as it is compared: mapped for lookup by UTS #46 (without its transitional rules), as ASCII, without the last
 * dot. Undefined where it is no name.
 */
export function canonicalDnsName(name: string): string | undefined {
  if (name.length > maxLength) return undefined;
  const ascii = /^[a-zA-Z0-9.-]*$/.test(name) ? name.toLowerCase() : toAscii(name);
  if (ascii === undefined) return undefined;
  for (const label of ascii.split('.')) {
    const shown = label.startsWith('xn--') ? toUnicode(label) : label;
    if (shown === undefined || !hasGoodHyphens(shown)) return undefined;
  }
  return ascii.length > 1 && ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
}

function hasGoodHyphens(label: string): boolean {
  return !label.startsWith('-') && !label.endsWith('-') && !(label.length > 4 && label.startsWith('--', 2));
}

/**
 * The ASCII form of a name with other letters. A label is put behind it, because URLs, for which Node's function is made,
 * take a name that ends with a number for an address.
 */
function toAscii(name: string): string | undefined {
  // Only letters, digits, hyphens and what UTS #46 maps to them: nothing that ends a host in a URL.

  if (/[\x00-\x7f]/.test(name.replace(/[a-zA-Z0-9.-]/g, ''))) return undefined;
  const ascii = domainToASCII(`${name}.a`);
  return ascii.endsWith('.a') && /^[a-z0-9.-]*$/.test(ascii) ? ascii.slice(0, -2) : undefined;
}

function toUnicode(label: string): string | undefined {
  if (!/^[a-z0-9-]*$/.test(label) || domainToASCII(`${label}.a`) !== `${label}.a`) return undefined;
  const shown = domainToUnicode(`${label}.a`).slice(0, -2);
  return shown === label ? undefined : shown;
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
