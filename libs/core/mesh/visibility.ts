/** Whether an object of `owner` that is exported to `exportTo` is seen from namespace `from`. Empty means everybody. */
export function isExported(exportTo: readonly string[] | undefined, owner: string, from: string): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === from || (to === '.' && owner === from));
}

/** Whether labels carry everything that a selector asks for. An empty selector takes all. */
export function labelsMatch(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}
