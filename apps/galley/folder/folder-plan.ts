import { ProblemError, type Problem } from '@keelson/core/problems';
import {
  objectKey,
  objectTitle,
  planCommit,
  type ObjectRef,
  type RequestedChange,
  type Snapshot,
} from '@keelson/core/config';
import type { AdapterTable } from '@keelson/core/policy';
import { refOf, type FolderState } from '@keelson/edge/config-log';

/** What of a folder can be committed, and what cannot. */
export interface FolderPlan {
  requested: RequestedChange[];
  problems: Problem[];
}

/**
 * What brings the log to what the folder holds. What the log refuses is left out and told, the rest goes in. The folder
 * deletes only what it owns, and only what it means not to be there.
 */
export function planFolder(
  snapshot: Snapshot,
  state: Pick<FolderState, 'objects' | 'isAbsent'>,
  owner: string,
  keys: Iterable<string> | 'all',
  adapters?: AdapterTable,
): FolderPlan {
  let requested = requestsFor(snapshot, state, owner, keys === 'all' ? allKeys(snapshot, state, owner) : keys);
  const problems: Problem[] = [];
  // Leaving one out can take from another what it refers to, so it ends only when nothing is refused.
  while (requested.length > 0) {
    const refused = refusalOf(snapshot, requested, owner, adapters);
    if (!refused) break;
    problems.push(...refused);
    const titles = new Set(refused.map(({ object }) => object));
    const rest = requested.filter((request) => !titles.has(objectTitle(refOfRequest(request))));
    if (rest.length < requested.length) requested = rest;
    // An object outside of the request still needs what would be deleted: it stays until that one has changed.
    else if (requested.some(({ op }) => op === 'delete')) requested = requested.filter(({ op }) => op === 'put');
    else requested = [];
  }
  return { requested, problems };
}

function* allKeys(snapshot: Snapshot, state: Pick<FolderState, 'objects'>, owner: string): Iterable<string> {
  yield* state.objects.keys();
  for (const stored of snapshot.entries())
    if (stored.owner === owner && !state.objects.has(objectKey(stored))) yield objectKey(stored);
}

function requestsFor(
  snapshot: Snapshot,
  state: Pick<FolderState, 'objects' | 'isAbsent'>,
  owner: string,
  keys: Iterable<string>,
): RequestedChange[] {
  const requests: RequestedChange[] = [];
  for (const key of keys) {
    const checked = state.objects.get(key);
    if (checked) {
      requests.push({ op: 'put', object: checked.object });
      continue;
    }
    const ref = refOfKey(key);
    if (snapshot.get(ref)?.owner === owner && state.isAbsent(key)) requests.push({ op: 'delete', ref });
  }
  return requests;
}

function refusalOf(
  snapshot: Snapshot,
  requested: readonly RequestedChange[],
  owner: string,
  adapters: AdapterTable | undefined,
): readonly Problem[] | undefined {
  try {
    planCommit(snapshot, requested, owner, adapters);
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error.problems;
    throw error;
  }
}

function refOfRequest(request: RequestedChange): ObjectRef {
  return request.op === 'delete' ? request.ref : refOf({ object: request.object });
}

function refOfKey(key: string): ObjectRef {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  return { kind, namespace, name };
}
