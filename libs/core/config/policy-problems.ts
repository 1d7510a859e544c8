import { compilePolicy, type AdapterTable } from '@keelson/core/policy';
import type { Problem } from '@keelson/core/problems';
import { policyKinds } from './kinds';
import { toMeshObject } from './mesh-object';
import { objectKey, type MeshObject } from './object';
import type { Snapshot, StoredObject } from './snapshot';

/** An object as it was and as it is to be. */
interface Step {
  before: StoredObject | undefined;
  after: StoredObject | undefined;
}

const known = new WeakMap<Snapshot, { adapters: AdapterTable; problems: readonly Problem[] }>();

/**
 * What a commit would break of Mixer's configuration: expressions, names, settings and types are judged over all objects
 * together, as a Mixer does. What was wrong before is not held against the commit.
 */
export function policyProblems(snapshot: Snapshot, steps: readonly Step[], adapters: AdapterTable): Problem[] {
  if (!steps.some(({ before, after }) => policyKinds.has((after ?? before)?.kind ?? ''))) return [];
  const objects = new Map<string, StoredObject>();
  for (const kind of policyKinds) for (const stored of snapshot.list(kind)) objects.set(objectKey(stored), stored);
  const before = problemsBefore(snapshot, objects.values(), adapters);
  for (const { before: old, after } of steps) {
    if (old) objects.delete(objectKey(old));
    if (after && policyKinds.has(after.kind)) objects.set(objectKey(after), after);
  }
  const told = new Set(before.map(textOf));
  const changed = new Set(steps.flatMap(({ after }) => (after ? [objectKey(after)] : [])));
  return judge(objects.values(), snapshot, adapters).filter(
    (problem) => !told.has(textOf(problem)) || changed.has(problem.object?.replace(' ', '/') ?? ''),
  );
}

function problemsBefore(
  snapshot: Snapshot,
  objects: Iterable<StoredObject>,
  adapters: AdapterTable,
): readonly Problem[] {
  let found = known.get(snapshot);
  if (found?.adapters !== adapters)
    known.set(snapshot, (found = { adapters, problems: judge(objects, snapshot, adapters) }));
  return found.problems;
}

function judge(objects: Iterable<StoredObject>, snapshot: Snapshot, adapters: AdapterTable): readonly Problem[] {
  const readable: MeshObject[] = [];
  for (const stored of objects) {
    try {
      readable.push(toMeshObject(stored));
    } catch {
      // Accepted by another version and not readable by this one: it stays, and takes part in nothing.
    }
  }
  return compilePolicy(readable, adapters, snapshot.scope.rootNamespace).problems;
}

function textOf({ object = '', field = '', message }: Problem): string {
  return [object, field, message].join('\n');
}
