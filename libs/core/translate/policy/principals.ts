import type { Condition, Source } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { MeshSettings } from '@keelson/core/mesh';
import type { Principal } from '@keelson/api/envoy/config/rbac/v3/rbac';
import type { StringMatcher } from '@keelson/api/envoy/type/matcher/v3/string';
import { cidrRange } from '../address';
import { trustDomains } from '../tls';
import { quoteWildcards, regexMatcher, wildcardMatcher } from './string-match';

/** A demand on the caller; each of its fields has to hold. */
export function sourcePrincipals(
  settings: MeshSettings,
  source: Source,
  ruleNamespace: string,
  http: boolean,
): Principal[] {
  const id = (values: string[] | undefined) => principals(settings, values);
  const account = (value: string) => [accountMatcher(value, ruleNamespace)];
  const direct = (range: string): Principal => ({
    identifier: { $case: 'directRemoteIp', value: cidrRange(range) },
  });
  const remote = (range: string): Principal => ({ identifier: { $case: 'remoteIp', value: cidrRange(range) } });
  return [
    ...positive(id(source.principals)),
    ...negative(id(source.notPrincipals)),
    ...positive(source.namespaces?.map((value) => authenticated(namespaceMatcher(value)))),
    ...negative(source.notNamespaces?.map((value) => authenticated(namespaceMatcher(value)))),
    ...positive(source.serviceAccounts?.flatMap((value) => account(value).map(authenticated))),
    ...negative(source.notServiceAccounts?.flatMap((value) => account(value).map(authenticated))),
    ...positive(source.trustDomains?.map((value) => authenticated(domainMatcher(value)))),
    ...negative(source.notTrustDomains?.map((value) => authenticated(domainMatcher(value)))),
    // No request carries a principal of its own, as no token is looked at: nobody has one of those asked for.
    ...(http && (source.requestPrincipals?.length ?? 0) > 0 ? [nobody] : []),
    ...positive(source.ipBlocks?.map(direct)),
    ...negative(source.notIpBlocks?.map(direct)),
    ...positive(source.remoteIpBlocks?.map(remote)),
    ...negative(source.notRemoteIpBlocks?.map(remote)),
  ];
}

/** A `when` that is about the caller; nothing where it is about something else. */
export function conditionPrincipals(settings: MeshSettings, condition: Condition): Principal[] | undefined {
  const make = principalOfCondition(settings, condition.key ?? '');
  if (make === undefined) return undefined;
  return [...positive(condition.values?.flatMap(make)), ...negative(condition.notValues?.flatMap(make))];
}

/** All of them; any caller where there is none. */
export function allOf(principals: readonly Principal[]): Principal {
  if (principals.length === 0) return { identifier: { $case: 'any', value: true } };
  const only = principals.length === 1 ? principals[0] : undefined;
  return only ?? { identifier: { $case: 'andIds', value: { ids: [...principals] } } };
}

function principalOfCondition(settings: MeshSettings, key: string): ((value: string) => Principal[]) | undefined {
  const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1];
  if (header !== undefined)
    return (value) => [
      {
        identifier: {
          $case: 'header',
          value: { name: header, headerMatchSpecifier: { $case: 'stringMatch', value: wildcardMatcher(value) } },
        },
      },
    ];
  switch (key) {
    case 'source.principal':
      return (value) => principals(settings, [value]);
    case 'source.namespace':
      return (value) => [authenticated(namespaceMatcher(value))];
    case 'source.ip':
      return (value) => [{ identifier: { $case: 'directRemoteIp', value: cidrRange(value) } }];
    case 'remote.ip':
      return (value) => [{ identifier: { $case: 'remoteIp', value: cidrRange(value) } }];
    default:
      return undefined;
  }
}

/** `cluster.local/ns/x/sa/y`; a name in one of our trust domains stands for the same in each of them. */
function principals(settings: MeshSettings, values: string[] | undefined): Principal[] {
  const ours = [...new Set([...trustDomains(settings), 'cluster.local'])];
  return (values ?? []).flatMap((value) => {
    const slash = value.indexOf('/');
    const domain = slash < 0 ? '' : value.slice(0, slash);
    const same = ours.includes(domain) ? trustDomains(settings).map((other) => other + value.slice(slash)) : [value];
    return same.map((name) => authenticated(value === '*' ? regexMatcher('.+') : wildcardMatcher(name, 'spiffe://')));
  });
}

const nobody: Principal = { identifier: { $case: 'notId', value: { identifier: { $case: 'any', value: true } } } };

function domainMatcher(domain: string): StringMatcher {
  return regexMatcher(`spiffe://${quoteWildcards(domain)}/.*`);
}

function namespaceMatcher(namespace: string): StringMatcher {
  return regexMatcher(`.*/ns/${quoteWildcards(namespace)}/.*`);
}

function accountMatcher(account: string, ruleNamespace: string): StringMatcher {
  const [namespace = '', name] = account.includes('/') ? account.split('/') : [ruleNamespace, account];
  return regexMatcher(`.*/ns/${quoteWildcards(namespace)}/sa/${quoteWildcards(name ?? '')}`);
}

function authenticated(principalName: StringMatcher): Principal {
  return { identifier: { $case: 'authenticated', value: { principalName } } };
}

function positive(ids: Principal[] | undefined): Principal[] {
  if (ids === undefined || ids.length === 0) return [];
  return ids.length === 1 ? ids : [{ identifier: { $case: 'orIds', value: { ids } } }];
}

function negative(ids: Principal[] | undefined): Principal[] {
  return positive(ids).map((value) => ({ identifier: { $case: 'notId', value } }));
}
