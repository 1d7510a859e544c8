import { createHash } from 'node:crypto';
import { Map as PersistentMap } from 'immutable';
import { canonicalJson } from './canonical-json';
import type { Change, Commit } from './commit';
import { defaultNameScope, type NameScope } from './kind';
import { groupOf, kindByName } from './kinds';
import type { ConfigObject, ObjectRef } from './object';
import { ReferenceIndex } from './reference-index';

/** An object as the log holds it. Never changed: a later commit makes a new one. */
export interface StoredObject extends ObjectRef {
  readonly apiVersion: string;
  /** As applied, before defaults. Of a kind that is not known here: whatever was written. */
  readonly object: ConfigObject;
  readonly owner: string;
  /** The revision that last changed it. */
  readonly revision: string;
  /** When it was first applied, milliseconds since 1970. */
  readonly created: number;
}

type Group = PersistentMap<string, StoredObject>;

/**
 * All objects at one revision. Immutable and persistent: folding a commit costs what the commit changes, and older
 * snapshots stay as they are.
 */
export class Snapshot {
  #index: ReferenceIndex | undefined;

  private constructor(
    readonly epoch: string,
    /** The revision of the last commit that was folded; empty before the first. */
    readonly revision: string,
    readonly scope: NameScope,
    readonly size: number,
    private readonly groups: PersistentMap<string, Group>,
    private readonly sum: bigint,
    index: ReferenceIndex | undefined,
  ) {
    this.#index = index;
  }

  /** The snapshot before the first commit of an epoch. */
  static empty(epoch: string, scope: NameScope = defaultNameScope): Snapshot {
    return new Snapshot(epoch, '', scope, 0, PersistentMap(), 0n, undefined);
  }

  /** The snapshot with a commit in it. Validates nothing: what was accepted once stays. */
  fold(commit: Commit, revision: string): Snapshot {
    const groups = this.groups.asMutable();
    const created = Date.parse(commit.time);
    let { size, sum } = this;
    const removed: StoredObject[] = [];
    const added = new Map<string, StoredObject>();
    for (const change of commit.changes) {
      const groupKey = groupKeyOf(change);
      const name = nameKeyOf(change);
      const group: Group = groups.get(groupKey) ?? PersistentMap();
      const before = group.get(name);
      const after = storedObject(change, revision, before?.created ?? created);
      if (before) {
        size--;
        sum -= entryHash(before);
        // One that came in this same commit was never in the index.
        if (!added.delete(`${groupKey} ${name}`)) removed.push(before);
      }
      if (after) {
        size++;
        sum += entryHash(after);
        added.set(`${groupKey} ${name}`, after);
      }
      const next = after ? group.set(name, after) : group.delete(name);
      if (next.isEmpty()) groups.delete(groupKey);
      else groups.set(groupKey, next);
    }
    const index = this.#index?.replace(removed, added.values());
    return new Snapshot(this.epoch, revision, this.scope, size, groups.asImmutable(), BigInt.asUintN(256, sum), index);
  }

  /** The object of this name. `apiVersion` tells kinds of the same name apart; without it a known kind is meant. */
  get(ref: ObjectRef & { apiVersion?: string }): StoredObject | undefined {
    return this.groups.get(groupKeyOf(ref))?.get(nameKeyOf(ref));
  }

  /** The objects of a known kind, in order of namespace and name. */
  list(kind: string, namespace?: string): StoredObject[] {
    const group = this.groups.get(groupKeyOf({ kind }));
    if (!group) return [];
    const found = [...group.values()];
    return (namespace === undefined ? found : found.filter((object) => object.namespace === namespace)).sort(byName);
  }

  /** Every object, those of unknown kinds too, in no order that means anything. */
  *entries(): IterableIterator<StoredObject> {
    for (const group of this.groups.values()) yield* group.values();
  }

  /**
   * A hash over all entries that does not depend on their order nor on how they came: equal contents with equal
   * revisions give equal hashes on every replica. It finds divergence; it is no defence against a forger.
   */
  get hash(): string {
    return this.sum.toString(16).padStart(64, '0');
  }

  /** Who refers to whom. Made at first use, then kept up by every fold. */
  get references(): ReferenceIndex {
    this.#index ??= ReferenceIndex.of(this.entries(), this.scope);
    return this.#index;
  }
}

function storedObject(change: Change, revision: string, created: number): StoredObject | undefined {
  if (change.op === 'delete') return undefined;
  const { apiVersion, kind, namespace, name, owner } = change;
  // The fold carries what it is given: an object of an unknown kind has whatever shape its writer gave it.
  const object = (change.object ?? {}) as unknown as ConfigObject;
  return { apiVersion, kind, namespace, name, owner, object, revision, created };
}

/** Group and kind, not the version: every version of a group is the same kind. */
function groupKeyOf(ref: { kind: string; apiVersion?: string }): string {
  const group = ref.apiVersion === undefined ? (kindByName(ref.kind)?.group ?? '') : groupOf(ref.apiVersion);
  return `${group}/${ref.kind}`;
}

function nameKeyOf(ref: ObjectRef): string {
  return `${ref.namespace}/${ref.name}`;
}

function byName(a: StoredObject, b: StoredObject): number {
  return compare(a.namespace, b.namespace) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const hashes = new WeakMap<StoredObject, bigint>();

function entryHash(stored: StoredObject): bigint {
  let hash = hashes.get(stored);
  if (hash === undefined) {
    hash = BigInt(
      `0x${createHash('sha256')
        .update(canonicalJson({ ...stored } as never))
        .digest('hex')}`,
    );
    hashes.set(stored, hash);
  }
  return hash;
}
