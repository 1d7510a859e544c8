import type { Scope, Service } from '@keelson/core/mesh';
import { isRange, withoutPrefix } from '../address';
import type { RouteConfigPlan } from './plan';

/**
 * The domains of a service in a route configuration: its full name, the shorter ones that its callers' namespace can
 * use, and its addresses. Envoy ignores the port of a Host here.
 */
export function serviceDomains(scope: Scope, plan: RouteConfigPlan, service: Service): string[] {
  if (plan.anyHost === service.hostname) return ['*'];
  const names = [service.hostname, ...shortForms(scope, service)];
  const addresses = service.addresses
    .filter((address) => !isRange(address))
    .map(withoutPrefix)
    .map((address) => (address.includes(':') ? `[${address}]` : address));
  return [...new Set([...names, ...addresses])];
}

/** The names short of the full one by which callers of a scope mean a service; none that is the full name of another. */
export function shortForms(scope: Scope, service: Service): string[] {
  const suffix = `.${service.namespace}.svc.${scope.settings.domainSuffix}`;
  if (!service.hostname.endsWith(suffix)) return [];
  const name = service.hostname.slice(0, -suffix.length);
  const forms = [`${name}.${service.namespace}`, `${name}.${service.namespace}.svc`];
  if (scope.namespace === service.namespace) forms.unshift(name);
  // Who is really called so comes first: a domain may stand once in a route configuration.
  return forms.filter((form) => scope.service(form) === undefined);
}
