import { dnsComparisonProblem, sameDnsName } from './dns-name';

/** What a URI is compared by. */
interface Parts {
  readonly scheme: string;
  /** Where there is an authority. */
  readonly user: string;
  readonly host: string;
  readonly port: string;
  /** All else, as it was written. */
  readonly rest: string;
  /** The authority and the rest, as they were written. */
  readonly behindScheme: string;
}

/** What is wrong with a URI or a reference to one, by the rules of Go's `url.Parse`; undefined where it is one. */
export function uriProblem(text: string): string | undefined {
  if (text === '') return 'empty string';
  const parts = parseUri(text);
  return typeof parts === 'string' ? parts : undefined;
}

/**
 * Whether two URIs are one: the scheme whatever its case, of http and https the host as a DNS name and the port as it is
 * written, and all else to the letter.
 */
export function sameUri(a: string, b: string): boolean | undefined {
  const first = parseUri(a);
  const second = parseUri(b);
  if (typeof first === 'string' || typeof second === 'string') return undefined;
  if (first.scheme !== second.scheme) return false;
  if (first.scheme !== 'http' && first.scheme !== 'https') return first.behindScheme === second.behindScheme;
  const hosts = sameDnsName(first.host, second.host);
  if (hosts === undefined) return undefined;
  return hosts && first.port === second.port && first.user === second.user && first.rest === second.rest;
}

/** Why `sameUri` cannot tell. */
export function uriComparisonProblem(a: string, b: string): string {
  const first = parseUri(a);
  if (typeof first === 'string') return `error converting string to uri '${a}': '${first}'`;
  const second = parseUri(b);
  if (typeof second === 'string') return `error converting string to uri '${b}': '${second}'`;
  return dnsComparisonProblem(first.host, second.host);
}

function parseUri(text: string): Parts | string {
  if (/[\x00-\x1f\x7f]/.test(text)) return `parse ${text}: net/url: invalid control character in URL`;
  if (text.startsWith(':')) return `parse ${text}: missing protocol scheme`;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const behindScheme = scheme === '' ? text : text.slice(scheme.length + 1);
  const [, body = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(behindScheme) ?? [];
  if (!hasGoodEscapes(fragment)) return `parse ${text}: invalid URL escape`;
  const parts = { scheme: scheme.toLowerCase(), user: '', host: '', port: '', rest: behindScheme, behindScheme };
  if (!body.startsWith('/')) {
    if (scheme !== '') return parts;
    if (/^[^/]*:/.test(body)) return `parse ${text}: first path segment in URL cannot contain colon`;
  }
  const authority = /^\/\/([^/]*)/.exec(body)?.[1];
  // A reference without a scheme that begins with three slashes has no authority.
  if (authority === undefined || (scheme === '' && body.startsWith('///')))
    return hasGoodEscapes(body) ? parts : `parse ${text}: invalid URL escape`;
  const path = body.slice(2 + authority.length);
  if (!hasGoodEscapes(path)) return `parse ${text}: invalid URL escape`;
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at + 1);
  if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user) || !hasGoodEscapes(user))
    return `parse ${text}: net/url: invalid userinfo`;
  const host = parseHost(authority.slice(at + 1));
  if (typeof host === 'string') return `parse ${text}: ${host}`;
  return { ...parts, ...host, user, rest: path + query + fragment };
}

function parseHost(text: string): { host: string; port: string } | string {
  const bracketed = text.startsWith('[');
  const end = bracketed ? text.lastIndexOf(']') + 1 : text.includes(':') ? text.lastIndexOf(':') : text.length;
  if (bracketed && end === 0) return "missing ']' in host";
  const [host, port] = [text.slice(0, end), text.slice(end)];
  if (!/^(?::[0-9]*)?$/.test(port)) return `invalid port ${JSON.stringify(port)} after host`;
  const zone = bracketed ? host.indexOf('%25') : -1;
  const name = zone < 0 ? host : host.slice(0, zone);
  // In a host, only bytes beyond ASCII are escaped.
  if (/%(?![89a-fA-F][0-9a-fA-F]|25)/.test(name) || (zone >= 0 && !hasGoodEscapes(host.slice(zone))))
    return `invalid URL escape in host ${JSON.stringify(host)}`;
  if (/[ \\^`{|}/?#@]/.test(name)) return `invalid character in host name`;
  const unescaped = host.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
  );
  return { host: bracketed ? unescaped.slice(1, -1) : unescaped, port: port === ':' ? '' : port };
}

function hasGoodEscapes(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}
