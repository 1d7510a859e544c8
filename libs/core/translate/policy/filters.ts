import { AuthorizationPolicy_Action as Action } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { InboundScope } from '@keelson/core/mesh';
import type { Filter } from '@keelson/api/envoy/config/listener/v3/listener_components';
import { RBAC as HttpRbac } from '@keelson/api/envoy/extensions/filters/http/rbac/v3/rbac';
import type { HttpFilter } from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import { RBAC as NetworkRbac } from '@keelson/api/envoy/extensions/filters/network/rbac/v3/rbac';
import { typedConfig } from '../wire';
import { policyName } from './names';
import { rbacRules } from './rbac';

/** Denials come first: what one denies, no other allows. */
const actions = [
  { action: Action.DENY, name: 'deny' },
  { action: Action.ALLOW, name: 'allow' },
];

/** The filters that hold a workload's policies over requests; none where there are no policies. */
export function httpPolicyFilters(inbound: Pick<InboundScope, 'settings' | 'policies'>): HttpFilter[] {
  return actions.flatMap(({ action, name }): HttpFilter[] => {
    const rules = rbacRules(inbound.settings, inbound.policies, action, true);
    if (rules === undefined) return [];
    const config = { rules, rulesStatPrefix: `istio_${name}_` };
    const type = 'envoy.extensions.filters.http.rbac.v3.RBAC';
    return [{ name: 'envoy.filters.http.rbac', configType: typedConfig(type, HttpRbac, config) }];
  });
}

/** The same over connections, where requests are not seen. */
export function networkPolicyFilters(inbound: InboundScope): Filter[] {
  return actions.flatMap(({ action, name }): Filter[] => {
    const rules = rbacRules(inbound.settings, inbound.policies, action, false);
    if (rules === undefined) return [];
    const config = { rules, statPrefix: `tcp.istio_${name}_` };
    const type = 'envoy.extensions.filters.network.rbac.v3.RBAC';
    return [{ name: 'envoy.filters.network.rbac', configType: typedConfig(type, NetworkRbac, config) }];
  });
}

/** The policies that a request must satisfy, for its log line: an allowance that did not match has no name there. */
export function allowancesOf(inbound: InboundScope): string | undefined {
  const names = inbound.policies
    .filter((policy) => (policy.spec.action ?? Action.ALLOW) === Action.ALLOW)
    .map(policyName);
  return names.length === 0 ? undefined : names.join(' ');
}
