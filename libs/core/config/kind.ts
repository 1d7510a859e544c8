import type { Findings } from './findings';
import type { MeshObject } from './object';
import type { Served } from './served';

/** How a name as written becomes a full one. */
export interface NameScope {
  /** `cluster.local`. */
  domainSuffix: string;
  rootNamespace: string;
}

export const defaultNameScope: NameScope = { domainSuffix: 'cluster.local', rootNamespace: 'istio-system' };

/** One place in an object that names something which another object must provide. */
export interface Reference {
  /** `spec.gateways[0]`. */
  field: string;
  /** What is meant, in the user's terms: `Gateway default/edge`, `subset v2 of reviews.default.svc.cluster.local`. */
  title: string;
  /** Any one of these names satisfies it: what is meant itself, then the wildcards that cover it. */
  names: readonly string[];
  /** A missing one refuses the commit; otherwise it is only told. */
  required: boolean;
}

/** What this project knows of one kind. */
export interface KindDefinition<T = unknown> {
  readonly kind: string;
  readonly group: string;
  /** Newest first; every one is the same kind. */
  readonly versions: readonly string[];
  readonly plural: string;
  /** The MCP collection: `istio/networking/v1alpha3/virtualservices`. */
  readonly collection: string;
  /** The protobuf type of the spec: `istio.networking.v1alpha3.VirtualService`. */
  readonly typeName: string;
  /** The fields that are served; any other that the API has is refused as not supported yet. */
  readonly served: Served;
  decode(bytes: Uint8Array): T;
  /** Tells what is wrong with the object in itself, after its JSON fitted its schema. */
  validate(object: MeshObject<T>, scope: NameScope, findings: Findings): void;
  /** What the object needs of others. */
  references(object: MeshObject<T>, scope: NameScope): Reference[];
  /** The names that it gives to others. */
  provides(object: MeshObject<T>, scope: NameScope): string[];
}

/** Describes a kind; the type of its spec is checked here and then known to its own folder only. */
export function defineKind<T>(
  definition: Omit<KindDefinition<T>, 'references' | 'provides'> & Partial<KindDefinition<T>>,
): KindDefinition {
  const whole: KindDefinition<T> = { references: () => [], provides: () => [], ...definition };
  return whole;
}
