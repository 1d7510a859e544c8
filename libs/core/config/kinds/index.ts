import type { KindDefinition } from '../kind';
import { attributeManifest } from './attribute-manifest';
import { authorizationPolicy } from './authorization-policy';
import { destinationRule } from './destination-rule';
import { gateway } from './gateway';
import { handler } from './handler';
import { instance } from './instance';
import { meshConfig } from './mesh-config';
import { oldPolicyKinds } from './old-policy';
import { peerAuthentication } from './peer-authentication';
import { quotaSpec } from './quota-spec';
import { quotaSpecBinding } from './quota-spec-binding';
import { rule } from './rule';
import { serviceEntry } from './service-entry';
import { sidecar } from './sidecar';
import { virtualService } from './virtual-service';
import { workloadEntry } from './workload-entry';

/** Every kind that is known here. Adding one touches its folder and this table. */
export const kinds: readonly KindDefinition[] = [
  meshConfig,
  serviceEntry,
  workloadEntry,
  virtualService,
  destinationRule,
  gateway,
  sidecar,
  peerAuthentication,
  authorizationPolicy,
  attributeManifest,
  handler,
  instance,
  rule,
  quotaSpec,
  quotaSpecBinding,
  ...oldPolicyKinds,
];

/** The kinds that Mixer compiles into one plan. */
export const policyKinds: ReadonlySet<string> = new Set(
  [attributeManifest, handler, instance, rule, ...oldPolicyKinds].map(({ kind }) => kind),
);

const byKind = new Map(kinds.map((definition) => [definition.kind, definition]));
const byCollection = new Map(kinds.map((definition) => [definition.collection, definition]));

/** `networking.istio.io` of `networking.istio.io/v1`; empty for a version without a group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** The kind of an object; group and kind decide, and the version must be one of the group's. */
export function kindOf(apiVersion: string, kind: string): KindDefinition | undefined {
  const definition = byKind.get(kind);
  if (definition?.group !== groupOf(apiVersion)) return undefined;
  return definition.versions.includes(apiVersion.slice(definition.group.length + 1)) ? definition : undefined;
}

export function kindByName(kind: string): KindDefinition | undefined {
  return byKind.get(kind);
}

export function kindByCollection(collection: string): KindDefinition | undefined {
  return byCollection.get(collection);
}
