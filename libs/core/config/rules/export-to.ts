import type { Findings } from '../findings';
import { isDnsLabel } from './names';

/** Namespaces that see an object: `.` for its own, `*` for all, alone; a service may also be shown to nobody, `~`. */
export function checkExportTo(
  findings: Findings,
  exportTo: readonly string[] | undefined,
  namespace: string,
  nobody: boolean,
): void {
  const seen = new Set<string>();
  for (const [i, to] of (exportTo ?? []).entries()) {
    const field = `spec.exportTo[${String(i)}]`;
    const meant = to === '.' ? namespace : to;
    if (seen.has(meant)) findings.add(field, `${JSON.stringify(to)} is there already`, 'duplicate');
    seen.add(meant);
    const alone = to === '*' || (nobody && to === '~');
    if (alone && (exportTo ?? []).length > 1) findings.add(field, `${to} stands alone or not at all`);
    if (!alone && to !== '.' && !isDnsLabel(to))
      findings.add(field, `${JSON.stringify(to)} is neither a namespace nor . nor *`);
  }
}
