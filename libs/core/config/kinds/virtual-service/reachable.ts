import type { HTTPMatchRequest, HTTPRoute } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import { canonicalJson } from '../../canonical-json';
import type { Findings } from '../../findings';

/** Warns of routes that no request reaches: behind one without matches, or with matches that earlier routes have. */
export function checkReachable(findings: Findings, routes: readonly HTTPRoute[]): void {
  const seen = new Map<string, number>();
  let all: number | undefined;
  for (const [i, { match = [] }] of routes.entries()) {
    const field = `spec.http[${String(i)}]`;
    if (all !== undefined) findings.warn(field, `is never reached: spec.http[${String(all)}] takes every request`);
    else if (match.length === 0) all = i;
    for (const [j, one] of match.entries()) {
      const key = meaning(one);
      const before = seen.get(key);
      if (before !== undefined)
        findings.warn(`${field}.match[${String(j)}]`, `has no effect: spec.http[${String(before)}] has the same`);
      else seen.set(key, i);
    }
  }
}

function meaning(match: HTTPMatchRequest): string {
  return canonicalJson(JSON.parse(JSON.stringify({ ...match, name: undefined })) as never);
}
