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
import { problemLine } from '../api/documents';

/** What of a folder can be committed, and what cannot. */
export interface FolderPlan {
  requested: RequestedChange[];
  problems: Problem[];
  /** Keys of what the folder does not hold and may hold all the same: to be planned again when more of it is known. */
  withheld: string[];
}

type State = Pick<FolderState, 'objects' | 'isAbsent' | 'neverHeldAnything'>;

/**
 * What brings the log to what the folder holds. What the log refuses is left out and told, the rest goes in. The folder
 * deletes only what it owns, and only what it means not to be there.
 */
export function planFolder(
  snapshot: Snapshot,
  state: State,
  owner: string,
  keys: Iterable<string> | 'all',
  adapters?: AdapterTable,
): FolderPlan {
  const wanted = requestsFor(snapshot, state, owner, keys === 'all' ? allKeys(snapshot, state, owner) : keys);
  const { withheld } = wanted;
  let { requested } = wanted;
  const problems: Problem[] = [];
  if (withheld.length > 0 && state.neverHeldAnything) problems.push(emptyFolder(withheld.length));
  // Leaving one out can take from another what it refers to, so it ends only when nothing is refused.
  while (requested.length > 0) {
    const refused = refusalOf(snapshot, requested, owner, adapters);
    if (!refused) break;
    const titles = new Set(requested.map(titleOf));
    const own = refused.filter(({ object = '' }) => titles.has(object));
    if (own.length > 0) {
      problems.push(...own);
      const wrong = new Set(own.map(({ object }) => object));
      requested = requested.filter((request) => !wrong.has(titleOf(request)));
      continue;
    }
    // Objects outside of the request still need what would go: it stays as it is until they have changed.
    const culprits = culpritsOf(refused, requested, (some) => refusalOf(snapshot, some, owner, adapters) ?? []);
    for (const [culprit, problem] of culprits) problems.push(keptFor(culprit, problem));
    requested = requested.filter((request) => !culprits.has(request));
  }
  return { requested, problems, withheld };
}

/**
 * Which of the requests break what is outside of them, each with a problem that it makes: those that break it alone, or
 * where it takes several together, the one that completes them. Always at least one.
 */
function culpritsOf(
  problems: readonly Problem[],
  requested: readonly RequestedChange[],
  judge: (requested: readonly RequestedChange[]) => readonly Problem[],
): Map<RequestedChange, Problem> {
  const texts = new Set(problems.map(problemLine));
  const brokenBy = (some: readonly RequestedChange[]): Problem | undefined =>
    judge(some).find((problem) => texts.has(problemLine(problem)));
  const culprits = new Map<RequestedChange, Problem>();
  for (const request of requested) {
    const problem = brokenBy([request]);
    if (problem) culprits.set(request, problem);
  }
  if (culprits.size > 0) return culprits;
  // Deletions last: what a put refers to is more likely there then.
  const ordered = [...requested].sort((a, b) => Number(a.op === 'delete') - Number(b.op === 'delete'));
  let [fine, broken] = [0, ordered.length];
  while (broken - fine > 1) {
    const middle = (fine + broken) >> 1;
    if (brokenBy(ordered.slice(0, middle))) broken = middle;
    else fine = middle;
  }
  const last = ordered[fine];
  const [problem] = problems;
  return last && problem ? new Map([[last, brokenBy(ordered.slice(0, broken)) ?? problem]]) : culprits;
}

function keptFor(culprit: RequestedChange, problem: Problem): Problem {
  const what = culprit.op === 'delete' ? 'is not deleted' : 'is left out';
  return { code: problem.code, message: `${what}: ${problemLine(problem)}`, object: titleOf(culprit) };
}

function emptyFolder(objects: number): Problem {
  return {
    code: 'unavailable',
    message: `.: is empty since the start, so the ${objects} objects that came from it stay until a file is in it, be it a comment`,
  };
}

function* allKeys(snapshot: Snapshot, state: State, owner: string): Iterable<string> {
  yield* state.objects.keys();
  for (const stored of snapshot.entries())
    if (stored.owner === owner && !state.objects.has(objectKey(stored))) yield objectKey(stored);
}

function requestsFor(
  snapshot: Snapshot,
  state: State,
  owner: string,
  keys: Iterable<string>,
): Pick<FolderPlan, 'requested' | 'withheld'> {
  const requested: RequestedChange[] = [];
  const withheld: string[] = [];
  for (const key of keys) {
    const checked = state.objects.get(key);
    if (checked) {
      requested.push({ op: 'put', object: checked.object });
      continue;
    }
    const ref = refOfKey(key);
    if (snapshot.get(ref)?.owner !== owner) continue;
    if (state.isAbsent(key)) requested.push({ op: 'delete', ref });
    else withheld.push(key);
  }
  return { requested, withheld };
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

function titleOf(request: RequestedChange): string {
  return objectTitle(request.op === 'delete' ? request.ref : refOf({ object: request.object }));
}

function refOfKey(key: string): ObjectRef {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  return { kind, namespace, name };
}
