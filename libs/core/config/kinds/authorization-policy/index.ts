import {
  AuthorizationPolicy,
  AuthorizationPolicy_Action,
  type Operation,
  type Rule,
  type Source,
} from '@keelson/api/istio/security/v1beta1/authorization_policy';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import { checkSelector } from '../../rules/labels';
import type { Served } from '../../served';
import { security } from '../groups';
import { checkPathTemplate } from './path-template';
import { warnOfOperation, warnOfSource } from './never';

const served: Served = {
  selector: true,
  action: ['ALLOW', 'DENY'],
  rules: {
    from: { source: { principals: true, notPrincipals: true, namespaces: true, notNamespaces: true } },
    to: {
      operation: {
        hosts: true,
        notHosts: true,
        ports: true,
        notPorts: true,
        methods: true,
        notMethods: true,
        paths: true,
        notPaths: true,
      },
    },
  },
};

/** Who may call what. */
export const authorizationPolicy = defineKind<AuthorizationPolicy>({
  ...security,
  kind: 'AuthorizationPolicy',
  plural: 'authorizationpolicies',
  collection: 'istio/security/v1beta1/authorizationpolicies',
  typeName: 'istio.security.v1beta1.AuthorizationPolicy',
  served,
  decode: (bytes) => AuthorizationPolicy.decode(bytes),
  validate,
});

function validate({ annotations, spec }: MeshObject<AuthorizationPolicy>, _: NameScope, findings: Findings): void {
  if (Object.hasOwn(annotations, 'istio.io/dry-run')) findings.unsupported('metadata.annotations["istio.io/dry-run"]');
  if (spec.selector) checkSelector(findings, 'spec.selector.matchLabels', spec.selector.matchLabels);
  const rules = spec.rules ?? [];
  if (spec.action === AuthorizationPolicy_Action.DENY && rules.length === 0)
    findings.add('spec.rules', 'a DENY without rules denies nothing; an empty rule, {}, denies every request');
  for (const [i, rule] of rules.entries()) checkRule(findings, `spec.rules[${String(i)}]`, rule);
}

function checkRule(findings: Findings, field: string, rule: Rule): void {
  for (const [i, { source }] of (rule.from ?? []).entries()) {
    const at = `${field}.from[${String(i)}].source`;
    if (isEmpty(source)) findings.add(at, 'must say something of the caller');
    else {
      checkValues(findings, at, source);
      warnOfSource(findings, at, source);
    }
  }
  for (const [i, { operation }] of (rule.to ?? []).entries()) {
    const at = `${field}.to[${String(i)}].operation`;
    if (isEmpty(operation)) findings.add(at, 'must say something of the request');
    else {
      checkOperation(findings, at, operation);
      warnOfOperation(findings, at, operation);
    }
  }
}

function checkOperation(findings: Findings, field: string, operation: Operation): void {
  checkValues(findings, field, operation);
  for (const key of ['ports', 'notPorts'] as const)
    for (const [i, port] of (operation[key] ?? []).entries())
      if (port !== '' && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535))
        findings.add(`${field}.${key}[${String(i)}]`, `${JSON.stringify(port)} is not a port, 1 to 65535`);
  for (const key of ['paths', 'notPaths'] as const)
    for (const [i, path] of (operation[key] ?? []).entries())
      checkPathTemplate(findings, `${field}.${key}[${String(i)}]`, path);
}

function isEmpty(lists: Source | Operation | undefined): lists is undefined {
  return lists === undefined || Object.values(lists).every((list: string[] | undefined) => (list ?? []).length === 0);
}

function checkValues(findings: Findings, field: string, lists: Source | Operation): void {
  for (const [key, list] of Object.entries(lists) as [string, string[] | undefined][])
    for (const [i, value] of (list ?? []).entries())
      if (value === '') findings.add(`${field}.${key}[${String(i)}]`, 'must not be empty');
}
