import { createHash } from 'node:crypto';
import type { JsonObject } from '@keelson/api';
import { canonicalJson, objectKey, parseRevision, type ObjectRef } from '@keelson/core/config';
import type { FoldedCommit } from '@keelson/edge/config-log';

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

/** What a commit with a caller's key did to its objects, to tell a repeated request from another one. */
export type ContentDigests = ReadonlyMap<string, string>;

/** The same for the same content; of an object that was deleted there is none. */
export function contentDigest(object: JsonObject | undefined): string {
  return object === undefined ? '' : createHash('sha256').update(canonicalJson(object)).digest('base64url');
}

/** Ids that were made of a caller's key are UUIDs of version 8. */
const keyedId = /^.{14}8/;

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
  private entries: (RevisionEntry & { id: string })[] = [];
  private byId = new Map<string, RevisionEntry>();
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
    this.byId.set(id, entry);
    if (keyedId.test(id))
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
    this.byId.clear();
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

  /** What the commit of this id did, if it is known. */
  committed(id: string): RevisionEntry | undefined {
    return this.byId.get(id);
  }

  /** What the commit of this id did to each object, by key; known of ids that callers gave. */
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
    for (const { id, changes } of drop) {
      this.byId.delete(id);
      this.digests.delete(id);
      this.changeCount -= changes.length;
    }
  }
}

function pick({ kind, namespace, name }: ObjectRef): ObjectRef {
  return { kind, namespace, name };
}

function isSame(a: ObjectRef, b: ObjectRef): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.kind === b.kind;
}

function withoutId(entry: RevisionEntry & { id: string }): RevisionEntry {
  const { revision, epoch, sequence, time, author, reason, source, changes } = entry;
  return { revision, epoch, sequence, time, author, reason, source, changes };
}
