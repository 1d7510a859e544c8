import type { Metadata } from './facts';

const filter = 'envoy.filters.http.rbac';

/**
 * What authorization rules that are only tried would have said: Envoy's metadata `shadow_engine_result` or
 * `shadow_effective_policy_id`, whatever prefix the configuration gave it.
 */
export function shadowVerdict(
  metadata: Metadata,
  part: 'shadow_engine_result' | 'shadow_effective_policy_id',
): string | undefined {
  const verdicts = metadata[filter];
  if (verdicts === undefined) return undefined;
  const name = Object.keys(verdicts).find((key) => key.endsWith(part));
  const verdict = name === undefined ? undefined : verdicts[name];
  return typeof verdict === 'string' && verdict !== '' ? verdict : undefined;
}
