import type { Condition, Operation } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { Permission } from '@keelson/api/envoy/config/rbac/v3/rbac';
import type { StringMatcher } from '@keelson/api/envoy/type/matcher/v3/string';
import { cidrRange } from '../address';
import { pathMatcher, wildcardMatcher } from './string-match';

/** A demand on the request; each of its fields has to hold. Without HTTP only ports count. */
export function operationPermissions(operation: Operation, http: boolean): Permission[] {
  const fields: [string[] | undefined, string[] | undefined, (value: string) => Permission][] = [
    [operation.ports, operation.notPorts, toPort],
  ];
  if (http)
    fields.push(
      [operation.hosts, operation.notHosts, toHost],
      [operation.methods, operation.notMethods, (value) => withHeader(':method', wildcardMatcher(value))],
      [operation.paths, operation.notPaths, toPath],
    );
  return fields.flatMap(([yes, no, make]) => [...positive(yes?.map(make)), ...negative(no?.map(make))]);
}

/** Whether an operation can only be judged where requests are seen. */
export function needsHttp(operation: Operation): boolean {
  const { hosts, notHosts, methods, notMethods, paths, notPaths } = operation;
  return [hosts, notHosts, methods, notMethods, paths, notPaths].some((field) => (field?.length ?? 0) > 0);
}

/** A `when` that is about the destination; nothing where it is about something else. */
export function conditionPermissions(condition: Condition): Permission[] | undefined {
  const make = makers[condition.key ?? ''];
  if (make === undefined) return undefined;
  return [...positive(condition.values?.map(make)), ...negative(condition.notValues?.map(make))];
}

/** All of them; any request where there is none. */
export function allOf(permissions: readonly Permission[]): Permission {
  if (permissions.length === 0) return { rule: { $case: 'any', value: true } };
  const only = permissions.length === 1 ? permissions[0] : undefined;
  return only ?? { rule: { $case: 'andRules', value: { rules: [...permissions] } } };
}

const makers: Record<string, (value: string) => Permission> = {
  'destination.port': toPort,
  'destination.ip': (value) => ({ rule: { $case: 'destinationIp', value: cidrRange(value) } }),
  'connection.sni': (value) => ({ rule: { $case: 'requestedServerName', value: wildcardMatcher(value) } }),
};

function toPort(value: string): Permission {
  return { rule: { $case: 'destinationPort', value: Number(value) } };
}

function toHost(value: string): Permission {
  return withHeader(':authority', { ...wildcardMatcher(value), ...(value === '*' ? {} : { ignoreCase: true }) });
}

function toPath(value: string): Permission {
  return { rule: { $case: 'urlPath', value: { rule: { $case: 'path', value: pathMatcher(value) } } } };
}

function withHeader(name: string, value: StringMatcher): Permission {
  return { rule: { $case: 'header', value: { name, headerMatchSpecifier: { $case: 'stringMatch', value } } } };
}

function positive(rules: Permission[] | undefined): Permission[] {
  if (rules === undefined || rules.length === 0) return [];
  return rules.length === 1 ? rules : [{ rule: { $case: 'orRules', value: { rules } } }];
}

function negative(rules: Permission[] | undefined): Permission[] {
  return positive(rules).map((value) => ({ rule: { $case: 'notRule', value } }));
}
