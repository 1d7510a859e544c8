import type { Scope } from '@keelson/core/mesh';

/** The known services of which a host name may be a short form: where it is a service by itself, they do without it. */
export function namesakes(scope: Scope, host: string, known: ReadonlySet<string>): string[] {
  const { namespace, settings } = scope;
  const suffix = `.${settings.domainSuffix}`;
  return [suffix, `.svc${suffix}`, `.${namespace}.svc${suffix}`]
    .map((missing) => host + missing)
    .filter((name) => known.has(name));
}
