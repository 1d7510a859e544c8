import {
  AuthorizationPolicy_Action as Action,
  type AuthorizationPolicy,
  type Rule,
} from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { MeshObject } from '@keelson/core/config';
import type { MeshSettings } from '@keelson/core/mesh';
import {
  RBAC_Action,
  type Permission,
  type Policy,
  type Principal,
  type RBAC,
} from '@keelson/api/envoy/config/rbac/v3/rbac';
import { sortedEntries } from '../order';
import { ruleName } from './names';
import { allOf as allPermissions, conditionPermissions, needsHttp, operationPermissions } from './permissions';
import { allOf as allPrincipals, conditionPrincipals, sourcePrincipals } from './principals';

type Policies = readonly MeshObject<AuthorizationPolicy>[];

/** The rules of all policies of one action; nothing where there is no such policy. */
export function rbacRules(settings: MeshSettings, policies: Policies, action: Action, http: boolean): RBAC | undefined {
  const chosen = policies.filter((policy) => (policy.spec.action ?? Action.ALLOW) === action);
  if (chosen.length === 0) return undefined;
  const rules = chosen.flatMap((policy) =>
    (policy.spec.rules ?? []).flatMap((rule, index): [string, Policy][] => {
      const made = rulePolicy(settings, rule, policy.namespace, action, http);
      return made === undefined ? [] : [[ruleName(policy, index), made]];
    }),
  );
  // A denial without rules denies nothing; an allowance without rules allows nothing, which needs the filter.
  if (rules.length === 0 && action === Action.DENY) return undefined;
  return {
    action: action === Action.DENY ? RBAC_Action.DENY : RBAC_Action.ALLOW,
    policies: Object.fromEntries(sortedEntries(Object.fromEntries(rules))),
  };
}

/**
 * One rule. Where requests are not seen, an allowance that asks for something in them can never hold, and a denial
 * holds for the rest of what it asks.
 */
function rulePolicy(
  settings: MeshSettings,
  rule: Rule,
  namespace: string,
  action: Action,
  http: boolean,
): Policy | undefined {
  const aboutRequests = (rule.when ?? []).filter((condition) => (condition.key ?? '').startsWith('request.'));
  const asksTooMuch =
    aboutRequests.length > 0 ||
    (rule.to ?? []).some((to) => needsHttp(to.operation ?? {})) ||
    (rule.from ?? []).some((from) => (from.source?.requestPrincipals?.length ?? 0) > 0);
  if (!http && asksTooMuch && action !== Action.DENY) return undefined;
  const conditions = (rule.when ?? []).filter((condition) => http || !aboutRequests.includes(condition));
  const everywhere: { permissions: Permission[]; principals: Principal[] } = { permissions: [], principals: [] };
  for (const condition of conditions) {
    const permissions = conditionPermissions(condition);
    const principals = conditionPrincipals(settings, condition);
    // What is not known must not widen an allowance; a denial without it stays as wide as it can be read.
    if (permissions === undefined && principals === undefined && action !== Action.DENY) return undefined;
    everywhere.permissions.push(...(permissions ?? []));
    everywhere.principals.push(...(principals ?? []));
  }
  const operations = (rule.to ?? []).map((to) => operationPermissions(to.operation ?? {}, http));
  const sources = (rule.from ?? []).map((from) => sourcePrincipals(settings, from.source ?? {}, namespace, http));
  return {
    permissions: (operations.length === 0 ? [[]] : operations).map((each) =>
      allPermissions([...each, ...everywhere.permissions]),
    ),
    principals: (sources.length === 0 ? [[]] : sources).map((each) =>
      allPrincipals([...each, ...everywhere.principals]),
    ),
  };
}
