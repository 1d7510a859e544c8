import type { JsonObject } from '@keelson/api';

/** A configuration object as a user writes it. */
export interface ConfigObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  /** Canonical JSON as applied, before defaults. */
  spec: JsonObject;
}

/** What names an object in one mesh. Every version of a kind's API group is the same kind. */
export interface ObjectRef {
  kind: string;
  namespace: string;
  name: string;
}

/** One object with its spec decoded, as Pilot and Mixer read it. T is the generated message type. */
export interface MeshObject<T = unknown> extends ObjectRef {
  apiVersion: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** The revision that last changed the object, `<epoch>-<sequence>` or `fs-<n>`. */
  revision: string;
  /** When it was first applied, milliseconds since 1970; older wins where two objects claim one host. */
  created: number;
  spec: T;
}

/** `VirtualService default/reviews`, as users and problems name an object. */
export function objectTitle(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** A key for maps, unique in one mesh: `VirtualService/default/reviews`. */
export function objectKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}
