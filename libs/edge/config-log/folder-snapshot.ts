import type { JsonObject } from '@keelson/api';
import type { Problem } from '@keelson/core/problems';
import {
  kindByName,
  objectKey,
  objectTitle,
  Snapshot,
  toMeshObject,
  type Change,
  type CheckedObject,
  type MeshObject,
  type NameScope,
  type ObjectRef,
} from '@keelson/core/config';
import { refOf, type FolderChanges } from './folder-state';

/** What a folder did in one step, as Pilot takes it in. */
export interface FolderBatch {
  /** `fs-<n>` */
  revision: string;
  put: MeshObject[];
  remove: ObjectRef[];
  /** What is wrong in the folder now: documents that are left out, and references to nothing, which are not. */
  problems: Problem[];
}

/** The time of every object of a folder: two processes that read the same folder must agree which of two is older. */
const always = new Date(0).toISOString();

/** The objects of a folder without a log: each step is a revision of its own, and references are only told of. */
export class FolderSnapshot {
  private snapshot: Snapshot;
  private step = 0;
  private readonly dangling = new Map<string, Problem[]>();

  constructor(scope?: NameScope) {
    this.snapshot = Snapshot.empty('fs', scope);
  }

  /** Takes in a step. */
  advance(changes: FolderChanges, problems: readonly Problem[]): FolderBatch {
    const revision = `fs-${++this.step}`;
    const before = this.snapshot;
    // Made before the fold, so that the fold keeps it up at the cost of the change.
    const referencesBefore = before.references;
    const folded = changes.put.map(putOf);
    const removed = changes.remove.map(deletionOf);
    this.snapshot = before.fold(
      {
        format: 1,
        id: revision,
        epoch: 'fs',
        changes: [...folded, ...removed],
        author: 'folder',
        reason: '',
        source: 'folder',
        time: always,
      },
      revision,
    );
    const changed = [...changes.put.map(refOf), ...changes.remove];
    const affected = new Set([...changed.map(objectKey), ...this.dangling.keys()]);
    for (const ref of changed) {
      const was = before.get(ref);
      if (!was) continue;
      for (const name of referencesBefore.linksOf(was).provides)
        for (const key of this.snapshot.references.referrersOf(name)) affected.add(key);
    }
    for (const key of affected) this.checkReferences(key);
    return {
      revision,
      put: changes.put.flatMap((checked) => {
        const stored = this.snapshot.get(refOf(checked));
        return stored ? [toMeshObject(stored)] : [];
      }),
      remove: changes.remove,
      problems: [...problems, ...[...this.dangling.values()].flat()],
    };
  }

  private checkReferences(key: string): void {
    const stored = this.snapshot.get(refOfKey(key));
    const { references } = this.snapshot;
    const problems = (stored ? references.linksOf(stored).references : [])
      .filter((reference) => !references.satisfies(reference))
      .map(
        ({ title, field }): Problem => ({
          code: 'bad-reference',
          message: `${title} does not exist`,
          object: stored ? objectTitle(stored) : key,
          field,
        }),
      );
    if (problems.length > 0) this.dangling.set(key, problems);
    else this.dangling.delete(key);
  }
}

function putOf(checked: CheckedObject): Change {
  const { apiVersion } = checked.object;
  const object = checked.object as unknown as JsonObject;
  return { op: 'put', apiVersion, ...refOf(checked), object, owner: 'folder' };
}

function deletionOf(ref: ObjectRef): Change {
  const kind = kindByName(ref.kind);
  return { op: 'delete', apiVersion: `${kind?.group ?? ''}/${kind?.versions[0] ?? ''}`, ...ref, owner: 'folder' };
}

function refOfKey(key: string): ObjectRef {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  return { kind, namespace, name };
}
