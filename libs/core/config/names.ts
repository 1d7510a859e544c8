/** The full name of a host as written in a namespace: a name without dots is completed, any other stands. */
export function fullHostName(host: string, namespace: string, domainSuffix: string): string {
  return host === '' || host === '*' || host.includes('.') ? host : `${host}.${namespace}.svc.${domainSuffix}`;
}

/**
 * The Gateway that a name in a VirtualService of a namespace means, as `namespace/name`; `mesh` stays. Besides `name`
 * and `namespace/name` (`./name`), the old forms `name.namespace` and `name.namespace.svc.cluster.local` are understood.
 */
export function resolveGatewayName(name: string, namespace: string): string {
  if (name === 'mesh') return name;
  const slash = name.indexOf('/');
  if (slash >= 0) return name.startsWith('./') ? `${namespace}${name.slice(1)}` : name;
  const [gateway = '', where = namespace] = name.split('.');
  return `${where}/${gateway}`;
}

/** A host name and the wildcards that cover it, the most specific first: `a.b.c`, `*.b.c`, `*.c`, `*`. */
export function coveringHosts(host: string): string[] {
  const names = [host];
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const wildcard = `*${host.slice(dot)}`;
    if (wildcard !== host) names.push(wildcard);
  }
  if (host !== '*') names.push('*');
  return names;
}
