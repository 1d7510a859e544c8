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

/** What is wrong with a configuration of Mixer, and what is right and will not do what it seems to. */
export interface PolicyJudgement {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const sound: PolicyJudgement = { problems: [], warnings: [] };
const known = new WeakMap<Snapshot, { adapters: AdapterTable; judgement: PolicyJudgement }>();

/**
 * What a commit would break of Mixer's configuration: expressions, names, settings and types are judged over all objects
 * together, as a Mixer does. What was wrong before is not held against the commit, unless it changes the object.
 */
export function judgePolicies(snapshot: Snapshot, steps: readonly Step[], adapters: AdapterTable): PolicyJudgement {
  if (!steps.some(({ before, after }) => policyKinds.has((after ?? before)?.kind ?? ''))) return sound;
  const objects = new Map<string, StoredObject>();
  for (const kind of policyKinds) for (const stored of snapshot.list(kind)) objects.set(objectKey(stored), stored);
  const before = judgementBefore(snapshot, objects.values(), adapters);
  for (const { before: old, after } of steps) {
    if (old) objects.delete(objectKey(old));
    if (after && policyKinds.has(after.kind)) objects.set(objectKey(after), after);
  }
  const told = new Set([...before.problems, ...before.warnings].map(textOf));
  const changed = new Set(steps.flatMap(({ after }) => (after ? [objectKey(after)] : [])));
  const isNew = (problem: Problem): boolean =>
    !told.has(textOf(problem)) || changed.has(problem.object?.replace(' ', '/') ?? '');
  const { problems, warnings } = judge(objects.values(), snapshot, adapters);
  return { problems: problems.filter(isNew), warnings: warnings.filter(isNew) };
}

function judgementBefore(snapshot: Snapshot, objects: Iterable<StoredObject>, adapters: AdapterTable): PolicyJudgement {
  let found = known.get(snapshot);
  if (found?.adapters !== adapters)
    known.set(snapshot, (found = { adapters, judgement: judge(objects, snapshot, adapters) }));
  return found.judgement;
}

function judge(objects: Iterable<StoredObject>, snapshot: Snapshot, adapters: AdapterTable): PolicyJudgement {
  const readable: MeshObject[] = [];
  for (const stored of objects) {
    try {
      readable.push(toMeshObject(stored));
    } catch {
      // Accepted by another version and not readable by this one: it stays, and takes part in nothing.
    }
  }
  const { problems, warnings } = compilePolicy(readable, adapters, snapshot.scope.rootNamespace);
  return { problems, warnings };
}

function textOf({ object = '', field = '', message }: Problem): string {
  return [object, field, message].join('\n');
}
