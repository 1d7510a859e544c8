import { jsonToBinary } from '@keelson/api';
import { problemError } from '@keelson/core/problems';
import type { KindDefinition } from './kind';
import { kindByCollection, kindOf } from './kinds';
import { objectTitle, type ConfigObject, type MeshObject } from './object';
import type { StoredObject } from './snapshot';

/** A spec as protobuf, as MCP carries it. */
export interface ResourceBody {
  /** `type.googleapis.com/istio.networking.v1alpha3.VirtualService`. */
  typeUrl: string;
  value: Uint8Array;
}

const bodies = new WeakMap<ConfigObject, ResourceBody>();
const meshObjects = new WeakMap<StoredObject, MeshObject>();

/**
 * The spec of an object of a known kind as protobuf, made once. Throws where the spec does not fit its type, as one may
 * that an older version accepted.
 */
export function bodyOf(object: ConfigObject): ResourceBody {
  let body = bodies.get(object);
  if (!body) {
    const { typeName } = knownKind(object);
    body = { typeUrl: `type.googleapis.com/${typeName}`, value: jsonToBinary(typeName, object.spec) };
    bodies.set(object, body);
  }
  return body;
}

/** A stored object of a known kind with its spec decoded, made once. Throws where the spec does not fit its type. */
export function toMeshObject(stored: StoredObject): MeshObject {
  let mesh = meshObjects.get(stored);
  if (!mesh) {
    const { revision, created, object } = stored;
    mesh = decodeObject(object, { revision, created });
    meshObjects.set(stored, mesh);
  }
  return mesh;
}

/** An object of a known kind with its spec decoded. */
export function decodeObject(object: ConfigObject, stamp: { revision: string; created: number }): MeshObject {
  const definition = knownKind(object);
  const { apiVersion, kind, metadata } = object;
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ...stamp,
    spec: definition.decode(bodyOf(object).value),
  };
}

/** What a sink makes of one resource of a collection; undefined for a collection that is not known here. */
export function meshObjectOfResource(
  collection: string,
  resource: {
    /** `namespace/name`. */
    name: string;
    version: string;
    /** Milliseconds since 1970. */
    createTime: number;
    labels?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
    body: Uint8Array;
  },
): MeshObject | undefined {
  const definition = kindByCollection(collection);
  if (!definition) return undefined;
  const slash = resource.name.indexOf('/');
  return {
    apiVersion: `${definition.group}/${definition.versions[0] ?? ''}`,
    kind: definition.kind,
    namespace: resource.name.slice(0, Math.max(slash, 0)),
    name: resource.name.slice(slash + 1),
    labels: resource.labels ?? {},
    annotations: resource.annotations ?? {},
    revision: resource.version,
    created: resource.createTime,
    spec: definition.decode(resource.body),
  };
}

function knownKind(object: ConfigObject): KindDefinition {
  const definition = kindOf(object.apiVersion, object.kind);
  if (definition) return definition;
  const { namespace, name } = object.metadata;
  throw problemError('unknown-kind', `${object.apiVersion} ${object.kind} is not known here`, {
    object: objectTitle({ kind: object.kind, namespace, name }),
  });
}
