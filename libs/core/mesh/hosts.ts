/** Whether a host pattern (`*`, `*.example.com`, or a name) covers a host. */
export function hostCovers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*') && host.endsWith(pattern.slice(1));
}

/** Whether two host patterns have a host in common. */
export function hostsOverlap(a: string, b: string): boolean {
  return hostCovers(a, b) || hostCovers(b, a);
}

/** The wildcards that cover a host, the most specific first. */
export function coveringPatterns(wildcards: Iterable<string>, host: string): string[] {
  return [...wildcards].filter((pattern) => hostCovers(pattern, host)).sort((a, b) => b.length - a.length);
}
