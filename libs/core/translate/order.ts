/** Compares strings by code unit, the one order in which everything is generated. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The entries of a map in order of key, so that the same map gives the same bytes. */
export function sortedEntries<T>(map: Readonly<Record<string, T>> | undefined): [string, T][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => byName(a, b));
}

/** Each once, in order. */
export function sortedSet(values: Iterable<string>): string[] {
  return [...new Set(values)].sort(byName);
}
