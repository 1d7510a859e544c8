import type { JsonObject } from '@keelson/api';
import { ProblemError, type Problem } from '@keelson/core/problems';
import { canonicalJson } from './canonical-json';
import type { AdapterTable } from '@keelson/core/policy';
import type { Change } from './commit';
import type { Reference } from './kind';
import { kindByName } from './kinds';
import { objectKey, objectTitle, type ConfigObject, type ObjectRef } from './object';
import { judgePolicies } from './judge-policies';
import type { ReferenceIndex } from './reference-index';
import type { Snapshot, StoredObject } from './snapshot';

/** What a user asks for: to put an object that passed checkObject, or to delete one. */
export type RequestedChange = { op: 'put'; object: ConfigObject } | { op: 'delete'; ref: ObjectRef };

export interface PlannedResult {
  ref: ObjectRef;
  op: 'created' | 'configured' | 'unchanged' | 'deleted';
}

export interface CommitPlan {
  /** What a commit has to hold; empty when nothing would change, and then there is no commit. */
  changes: Change[];
  /** One for each request, in order. */
  results: PlannedResult[];
  /** References to hosts that nothing in the mesh provides; policies that do less than they say. */
  warnings: Problem[];
}

interface Step {
  ref: ObjectRef;
  before: StoredObject | undefined;
  after: StoredObject | undefined;
}

/**
 * Works out the commit that brings a snapshot to what is asked for. Throws ProblemError, with every reason, if an
 * object belongs to somebody else, is asked for twice, is to be deleted and does not exist, or if a reference would
 * point at nothing with all changes in: one of a changed object, or one of another that loses what it refers to. With
 * `adapters`, those that Mixers have, also if Mixer's configuration would get something that does not work.
 */
export function planCommit(
  snapshot: Snapshot,
  requested: readonly RequestedChange[],
  owner: string,
  adapters?: AdapterTable,
): CommitPlan {
  const plan: CommitPlan = { changes: [], results: [], warnings: [] };
  const problems: Problem[] = [];
  const steps: Step[] = [];
  const seen = new Set<string>();
  for (const request of requested) {
    const ref = refOf(request);
    const before = snapshot.get({ ...ref, apiVersion: apiVersionOf(request) });
    const problem = seen.has(objectKey(ref)) ? askedTwice(ref) : ownership(request, ref, before, owner);
    seen.add(objectKey(ref));
    if (problem) {
      problems.push(problem);
      continue;
    }
    const change = changeOf(request, ref, before, owner);
    plan.results.push({ ref, op: opOf(request, before, change) });
    if (!change) continue;
    plan.changes.push(change);
    steps.push({ ref, before, after: afterOf(change, before) });
  }
  if (problems.length === 0) problems.push(...checkReferences(snapshot, steps, plan.warnings));
  if (problems.length === 0 && adapters) {
    const policies = judgePolicies(snapshot, steps, adapters);
    problems.push(...policies.problems);
    plan.warnings.push(...policies.warnings);
  }
  if (problems.length > 0) throw new ProblemError(problems);
  return plan;
}

function refOf(request: RequestedChange): ObjectRef {
  if (request.op === 'delete') return request.ref;
  const { kind, metadata } = request.object;
  return { kind, namespace: metadata.namespace, name: metadata.name };
}

function apiVersionOf(request: RequestedChange): string | undefined {
  return request.op === 'put' ? request.object.apiVersion : undefined;
}

function askedTwice(ref: ObjectRef): Problem {
  return { code: 'duplicate', message: 'is in the request more than once', object: objectTitle(ref) };
}

function ownership(
  request: RequestedChange,
  ref: ObjectRef,
  before: StoredObject | undefined,
  owner: string,
): Problem | undefined {
  const object = objectTitle(ref);
  if (!before) return request.op === 'delete' ? { code: 'not-found', message: 'does not exist', object } : undefined;
  if (before.owner === owner) return undefined;
  return {
    code: 'owned-by-other',
    message: `belongs to ${before.owner}; ${owner} cannot ${request.op === 'put' ? 'change' : 'delete'} it`,
    object,
  };
}

function changeOf(
  request: RequestedChange,
  ref: ObjectRef,
  before: StoredObject | undefined,
  owner: string,
): Change | undefined {
  if (request.op === 'delete') {
    const known = kindByName(ref.kind);
    const apiVersion = before?.apiVersion ?? (known ? `${known.group}/${known.versions[0] ?? ''}` : '');
    return { op: 'delete', apiVersion, ...pick(ref), owner };
  }
  if (before && meaning(before.object) === meaning(request.object)) return undefined;
  const object = request.object as unknown as JsonObject;
  return { op: 'put', apiVersion: request.object.apiVersion, ...pick(ref), object, owner };
}

function pick({ kind, namespace, name }: ObjectRef): ObjectRef {
  return { kind, namespace, name };
}

/** Every version of a group is the same kind: an object that differs in that alone did not change. */
function meaning(object: ConfigObject): string {
  return canonicalJson({ ...object, apiVersion: '' });
}

function opOf(
  request: RequestedChange,
  before: StoredObject | undefined,
  change: Change | undefined,
): PlannedResult['op'] {
  if (!change) return 'unchanged';
  if (request.op === 'delete') return 'deleted';
  return before ? 'configured' : 'created';
}

function afterOf(change: Change, before: StoredObject | undefined): StoredObject | undefined {
  if (change.op === 'delete') return undefined;
  const { apiVersion, kind, namespace, name, owner } = change;
  const object = change.object as unknown as ConfigObject;
  return { apiVersion, kind, namespace, name, owner, object, revision: '', created: before?.created ?? 0 };
}

function checkReferences(snapshot: Snapshot, steps: readonly Step[], warnings: Problem[]): Problem[] {
  const before = snapshot.references;
  const after = before.replace(
    steps.flatMap((step) => step.before ?? []),
    steps.flatMap((step) => step.after ?? []),
  );
  const problems: Problem[] = [];
  const report = (object: ObjectRef, reference: Reference, message: string): void => {
    const problem: Problem = { code: 'bad-reference', message, object: objectTitle(object), field: reference.field };
    (reference.required ? problems : warnings).push(problem);
  };
  for (const { after: object } of steps) {
    if (!object) continue;
    for (const reference of after.linksOf(object).references)
      if (!after.satisfies(reference)) report(object, reference, `${reference.title} does not exist`);
  }
  for (const [object, reference] of losses(snapshot, steps, before, after))
    report(object, reference, `still refers to ${reference.title}, which would be gone`);
  return problems;
}

/** References of objects that the commit leaves alone, satisfied before it and not after. */
function* losses(
  snapshot: Snapshot,
  steps: readonly Step[],
  before: ReferenceIndex,
  after: ReferenceIndex,
): Iterable<[StoredObject, Reference]> {
  const changed = new Set(steps.map(({ ref }) => objectKey(ref)));
  const lost = new Set(steps.flatMap((step) => (step.before ? before.linksOf(step.before).provides : [])));
  const told = new Set<Reference>();
  for (const name of lost) {
    if (after.provided(name)) continue;
    for (const key of after.referrersOf(name)) {
      if (changed.has(key)) continue;
      const referrer = snapshot.get(refOfKey(key));
      if (!referrer) continue;
      for (const reference of after.linksOf(referrer).references) {
        if (told.has(reference) || after.satisfies(reference) || !before.satisfies(reference)) continue;
        told.add(reference);
        yield [referrer, reference];
      }
    }
  }
}

function refOfKey(key: string): ObjectRef {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  return { kind, namespace, name };
}
