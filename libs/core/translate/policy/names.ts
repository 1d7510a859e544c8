import type { MeshObject } from '@keelson/core/config';

/** `ns[default]-policy[viewers]-rule[0]`: the name of a rule in Envoy, which a denial is logged with. */
export function ruleName(policy: MeshObject, index: number): string {
  return `${policyName(policy)}-rule[${index}]`;
}

/** `ns[default]-policy[viewers]`. */
export function policyName(policy: MeshObject): string {
  return `ns[${policy.namespace}]-policy[${policy.name}]`;
}
