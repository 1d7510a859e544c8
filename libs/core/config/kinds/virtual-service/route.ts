import type {
  Destination,
  HTTPRedirect,
  HTTPRewrite,
  HTTPRoute,
  HTTPRouteDestination,
} from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Findings } from '../../findings';
import { checkHeaderOperations, isAuthority } from '../../rules/headers';
import { checkHostPattern, isDnsLabel } from '../../rules/names';
import { checkDuration, checkNotNegative, checkPort, checkRange, checkRegex } from '../../rules/values';
import { checkFault } from './fault';
import { checkMatch } from './match';
import { checkRetries } from './retries';

const megabyte = 1024 * 1024;

export function checkRoute(findings: Findings, field: string, route: HTTPRoute): void {
  checkAction(findings, field, route);
  for (const [i, match] of (route.match ?? []).entries()) checkMatch(findings, `${field}.match[${String(i)}]`, match);
  checkDestinations(findings, `${field}.route`, route.route ?? []);
  checkHeaderOperations(findings, `${field}.headers`, route.headers);
  if (route.redirect) checkRedirect(findings, `${field}.redirect`, route.redirect);
  if (route.rewrite) checkRewrite(findings, `${field}.rewrite`, route.rewrite);
  checkAuthorities(findings, field, route);
  checkDuration(findings, `${field}.timeout`, route.timeout);
  if (route.retries) checkRetries(findings, `${field}.retries`, route.retries);
  if (route.fault) checkFault(findings, `${field}.fault`, route.fault);
}

/** A route sends on, redirects, or answers: one of the three, and the last two rewrite nothing and fail nothing. */
function checkAction(findings: Findings, field: string, route: HTTPRoute): void {
  const actions = [
    (route.route ?? []).length > 0 ? 'route' : '',
    route.redirect ? 'redirect' : '',
    route.directResponse ? 'directResponse' : '',
  ].filter((action) => action !== '');
  if (actions.length === 0) findings.add(field, 'needs route, redirect or directResponse');
  if (actions.length > 1)
    findings.add(`${field}.${actions[1] ?? ''}`, `stands beside ${actions[0] ?? ''}; a route has one of them`);
  if (route.redirect ?? route.directResponse)
    for (const other of ['fault', 'rewrite'] as const)
      if (route[other]) findings.add(`${field}.${other}`, `has no meaning with ${actions.at(-1) ?? ''}`);
  if (!route.directResponse) return;
  checkRange(findings, `${field}.directResponse.status`, route.directResponse.status ?? 0, 200, 599);
  if ((route.directResponse.body?.specifier?.value.length ?? 0) > megabyte)
    findings.add(`${field}.directResponse.body`, 'must not be larger than 1 MiB');
}

function checkDestinations(findings: Findings, field: string, destinations: readonly HTTPRouteDestination[]): void {
  let sum = 0;
  for (const [i, { destination, weight, headers }] of destinations.entries()) {
    const at = `${field}[${String(i)}]`;
    if (destination) checkDestination(findings, `${at}.destination`, destination);
    else findings.add(`${at}.destination`, 'a destination is required');
    checkNotNegative(findings, `${at}.weight`, weight);
    checkHeaderOperations(findings, `${at}.headers`, headers);
    sum += weight ?? 0;
  }
  if (destinations.length > 1 && sum === 0) findings.add(field, 'the weights add up to 0');
  if (sum > 2 ** 32 - 1) findings.add(field, 'the weights add up to more than 4294967295');
}

function checkDestination(findings: Findings, field: string, { host, subset, port }: Destination): void {
  if (host === '*') findings.add(`${field}.host`, 'a destination is one host');
  else checkHostPattern(findings, `${field}.host`, host);
  if (subset && !isDnsLabel(subset))
    findings.add(`${field}.subset`, `${JSON.stringify(subset)} is not the name of a subset`);
  if (port) checkPort(findings, `${field}.port.number`, port.number);
}

function checkRedirect(findings: Findings, field: string, redirect: HTTPRedirect): void {
  const { uri, authority, scheme, redirectCode, redirectPort } = redirect;
  if (!uri && !authority && !scheme && !redirectPort) findings.add(field, 'needs uri, authority, scheme or a port');
  if (redirectCode) checkRedirectCode(findings, `${field}.redirectCode`, redirectCode);
  if (scheme && scheme !== 'http' && scheme !== 'https') findings.add(`${field}.scheme`, 'must be http or https');
  if (redirectPort?.$case === 'port') checkPort(findings, `${field}.port`, redirectPort.value);
}

function checkRedirectCode(findings: Findings, field: string, code: number): void {
  if (code < 300 || code > 399) findings.add(field, `must be 300 to 399, not ${String(code)}`);
  // Envoy has an enumeration of these and no other.
  else if (![301, 302, 303, 307, 308].includes(code)) findings.unsupported(field, String(code));
}

function checkRewrite(findings: Findings, field: string, { uri, authority, uriRegexRewrite }: HTTPRewrite): void {
  if (uri && uriRegexRewrite) findings.add(field, 'has uri and uriRegexRewrite, of which only one is allowed');
  if (!uri && !authority && !uriRegexRewrite) findings.add(field, 'needs uri, uriRegexRewrite or authority');
  if (!uriRegexRewrite) return;
  checkRegex(findings, `${field}.uriRegexRewrite.match`, uriRegexRewrite.match ?? '');
  if (!uriRegexRewrite.rewrite) findings.add(`${field}.uriRegexRewrite.rewrite`, 'is required');
}

/** The host of a request is changed in one place at most. */
function checkAuthorities(findings: Findings, field: string, { rewrite, headers }: HTTPRoute): void {
  const names = [...Object.keys(headers?.request?.set ?? {}), ...Object.keys(headers?.request?.add ?? {})];
  const changes = names.filter(isAuthority).length + (rewrite?.authority ? 1 : 0);
  if (changes > 1) findings.add(`${field}.headers.request`, 'the authority is changed in more than one place');
}
