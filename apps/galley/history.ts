import { objectKey, parseRevision, type ObjectRef } from '@keelson/core/config';
import type { FoldedCommit } from '@keelson/edge/config-log';
import { contentDigest, isOfKeyAlone, keyPart } from './keyed-commits';

/** A commit as `/v1/revisions` tells of it. */
export interface RevisionEntry {
  revision: string;
  epoch: string;
  sequence: number;
  time: string;
  author: string;
  reason: string;
  source: string;
  changes: { op: 'created' | 'configured' | 'deleted'; kind: string; namespace: string; name: string }[];
}

/** What a commit did to its objects whose id does not tell what was asked for. */
export type ContentDigests = ReadonlyMap<string, string>;

/** A commit and its id. */
export type IdentifiedEntry = RevisionEntry & { id: string };

/** How many commits and changed objects are remembered; what is older is in the log alone. */
export interface HistoryLimits {
  commits: number;
  changes: number;
}

/** Which commits are asked for. */
export interface HistoryQuery {
  /** Only commits before this sequence. */
  before?: number;
  /** Only commits that changed this object, and of their changes only those of it. */
  object?: ObjectRef;
}

/** Where a history begins, and what became of the commits before it. */
export interface HistoryStart {
  /** The sequence of the oldest commit that is remembered; 0 if there is none. */
  from: number;
  /** `compacted`: the log does not have them any more; `forgotten`: this replica does not remember them. */
  earlier: 'none' | 'compacted' | 'forgotten';
}

/** The commits of the log, newest last, without their objects. */
export class History {
  private entries: IdentifiedEntry[] = [];
  private byKey = new Map<string, IdentifiedEntry>();
  private digests = new Map<string, ContentDigests>();
  private changeCount = 0;
  private forgot = false;

  constructor(private readonly limits: HistoryLimits = { commits: 50_000, changes: 1_000_000 }) {}

  /** Takes in a commit. */
  add({ commit, seq, revision, before }: FoldedCommit): void {
    const changes = commit.changes.map((change) => ({
      op:
        change.op === 'delete'
          ? ('deleted' as const)
          : before.get(change)
            ? ('configured' as const)
            : ('created' as const),
      ...pick(change),
    }));
    const { id, epoch, time, author, reason, source } = commit;
    const entry = { revision, epoch, sequence: seq, time, author, reason, source, changes, id };
    this.entries.push(entry);
    const key = keyPart(id);
    // The first of a key counts: what came later by it was refused, but for Galleys of an earlier version.
    if (!this.byKey.has(key)) this.byKey.set(key, entry);
    if (isOfKeyAlone(id))
      this.digests.set(
        id,
        new Map(
          commit.changes.map((change) => [
            objectKey(change),
            contentDigest(change.op === 'put' ? change.object : undefined),
          ]),
        ),
      );
    this.changeCount += changes.length;
    this.trim();
  }

  /** The log was replaced. */
  clear(): void {
    this.entries = [];
    this.byKey.clear();
    this.digests.clear();
    this.changeCount = 0;
    this.forgot = false;
  }

  /** The newest commits that are asked for, newest first. */
  newest(limit: number, { before = Infinity, object }: HistoryQuery = {}): RevisionEntry[] {
    const found: RevisionEntry[] = [];
    for (let at = this.indexOf(before) - 1; at >= 0 && found.length < limit; at--) {
      const entry = this.entries[at];
      if (!entry) break;
      if (!object) found.push(withoutId(entry));
      else if (entry.changes.some((change) => isSame(change, object)))
        found.push({ ...withoutId(entry), changes: entry.changes.filter((change) => isSame(change, object)) });
    }
    return found;
  }

  /** Sequences begin with 1 in a log that has lost nothing. */
  get start(): HistoryStart {
    const from = this.entries[0]?.sequence ?? 0;
    return { from, earlier: this.forgot ? 'forgotten' : from > 1 ? 'compacted' : 'none' };
  }

  /** By `<epoch>-<sequence>` or the sequence alone. */
  find(name: string): RevisionEntry | undefined {
    const sequence = /^\d{1,15}$/.test(name) ? Number(name) : parseRevision(name)?.seq;
    if (sequence === undefined) return undefined;
    const entry = this.entries[this.indexOf(sequence)];
    if (entry?.sequence !== sequence) return undefined;
    return entry.revision === name || String(sequence) === name ? withoutId(entry) : undefined;
  }

  /** The commit of this id, or of the same key and another request, if it is known. */
  committed(id: string): IdentifiedEntry | undefined {
    return this.byKey.get(keyPart(id));
  }

  /** What the commit of this id did to each object, by key; known of ids that do not tell what was asked for. */
  contentOf(id: string): ContentDigests | undefined {
    return this.digests.get(id);
  }

  /** Entries are in the order of their sequences, with gaps. */
  private indexOf(sequence: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.sequence ?? Infinity) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private trim(): void {
    const { commits, changes: most } = this.limits;
    if (this.entries.length <= commits && this.changeCount <= most) return;
    this.forgot = true;
    const drop = this.entries.splice(0, Math.max(1, this.entries.length >> 2));
    for (const entry of drop) {
      const key = keyPart(entry.id);
      if (this.byKey.get(key) === entry) this.byKey.delete(key);
      this.digests.delete(entry.id);
      this.changeCount -= entry.changes.length;
    }
  }
}

function pick({ kind, namespace, name }: ObjectRef): ObjectRef {
  return { kind, namespace, name };
}

function isSame(a: ObjectRef, b: ObjectRef): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.kind === b.kind;
}

function withoutId(entry: IdentifiedEntry): RevisionEntry {
  const { revision, epoch, sequence, time, author, reason, source, changes } = entry;
  return { revision, epoch, sequence, time, author, reason, source, changes };
}
