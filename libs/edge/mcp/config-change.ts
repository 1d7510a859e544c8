import { kindByCollection, meshObjectOfResource, type MeshObject, type ObjectRef } from '@keelson/core/config';
import type { Logger } from '@keelson/edge/service';
import type { Round } from './round';

/** What a round means for who reads objects. A resource that cannot be decoded is named and left as it was. */
export function changeOfRound(round: Round, log: Logger): { put: MeshObject[]; remove: ObjectRef[] } {
  const put: MeshObject[] = [];
  const remove: ObjectRef[] = [];
  for (const { collection, put: resources, remove: names } of round.changes) {
    for (const resource of resources) {
      try {
        const object = meshObjectOfResource(collection, resource);
        if (object) put.push(object);
      } catch (error) {
        log.error(
          { err: error, collection, resource: resource.name },
          'a resource cannot be decoded; it stays as it was',
        );
      }
    }
    const kind = kindByCollection(collection)?.kind;
    for (const name of kind ? names : []) {
      const slash = name.indexOf('/');
      remove.push({ kind: kind ?? '', namespace: name.slice(0, Math.max(slash, 0)), name: name.slice(slash + 1) });
    }
  }
  return { put, remove };
}
