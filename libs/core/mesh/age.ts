/** Order by which the older of two objects that claim the same thing wins: creation, then namespace and name. */
export function byAge(
  a: { created: number; namespace: string; name: string },
  b: { created: number; namespace: string; name: string },
): number {
  return a.created - b.created || compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}

/** Plain order of code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
