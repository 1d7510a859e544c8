import { Map as ImmutableMap } from 'immutable';
import type { EncodedResource } from './encoded-resource';

/** What one commit did to one collection. */
export interface CollectionChange {
  collection: string;
  put: readonly EncodedResource[];
  remove: readonly string[];
}

/** A collection as it was at one moment. Holding one costs what has changed since. */
export interface CollectionCut {
  readonly resources: ImmutableMap<string, EncodedResource>;
  /** Counts the store's changes; that of the newest one which touched this collection. */
  readonly position: number;
}

interface JournalEntry {
  position: number;
  name: string;
}

/** How many changed names a collection remembers; a stream further behind costs a comparison of the whole. */
const journalLimit = 8192;

class Collection {
  cut: CollectionCut = { resources: ImmutableMap(), position: 0 };
  journal: JournalEntry[] = [];
  /** Changes up to this position have left the journal. */
  forgotten = 0;
}

/**
 * What an MCP source serves: the collections at the newest revision. It holds nothing until `replace` was called once,
 * and a source answers nobody before that.
 */
export class ResourceStore {
  private readonly collections: ReadonlyMap<string, Collection>;
  private readonly listeners = new Set<() => void>();
  private position = 0;
  private current: string | undefined;

  constructor(collections: readonly string[]) {
    this.collections = new Map(collections.map((name) => [name, new Collection()]));
  }

  /** The revision of all collections, undefined until everything was loaded. */
  get revision(): string | undefined {
    return this.current;
  }

  has(collection: string): boolean {
    return this.collections.has(collection);
  }

  /** The collection at this moment. */
  cut(collection: string): CollectionCut {
    return this.collection(collection).cut;
  }

  /** Makes `contents` everything there is at this revision; a collection without an entry is empty. */
  replace(revision: string, contents: ReadonlyMap<string, readonly EncodedResource[]>): void {
    this.position++;
    for (const [name, collection] of this.collections) {
      const resources = ImmutableMap((contents.get(name) ?? []).map((resource) => [resource.name, resource] as const));
      collection.cut = { resources, position: this.position };
      collection.journal = [];
      collection.forgotten = this.position;
    }
    this.announce(revision);
  }

  /** Takes in one commit: all its changes become visible at once. */
  publish(revision: string, changes: readonly CollectionChange[]): void {
    if (this.current === undefined) throw new Error('a commit came before the store was loaded');
    this.position++;
    for (const change of changes) this.apply(change);
    this.announce(revision);
  }

  /** Calls `listener` after every new revision; the answer ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The names changed since a cut of the collection, or undefined if that is too long ago to be known. */
  changedSince(collection: string, position: number): string[] | undefined {
    const { journal, forgotten } = this.collection(collection);
    if (position < forgotten) return undefined;
    const names = new Set<string>();
    for (let i = journal.length - 1; i >= 0; i--) {
      const entry = journal[i];
      if (entry === undefined || entry.position <= position) break;
      names.add(entry.name);
    }
    return [...names];
  }

  private apply(change: CollectionChange): void {
    const collection = this.collection(change.collection);
    const resources = collection.cut.resources.withMutations((map) => {
      for (const name of change.remove) map.delete(name);
      for (const resource of change.put) map.set(resource.name, resource);
    });
    if (resources === collection.cut.resources) return;
    collection.cut = { resources, position: this.position };
    for (const name of change.remove) collection.journal.push({ position: this.position, name });
    for (const { name } of change.put) collection.journal.push({ position: this.position, name });
    if (collection.journal.length > 2 * journalLimit) {
      const dropped = collection.journal.splice(0, collection.journal.length - journalLimit);
      collection.forgotten = dropped.at(-1)?.position ?? collection.forgotten;
    }
  }

  private announce(revision: string): void {
    this.current = revision;
    for (const listener of [...this.listeners]) listener();
  }

  private collection(name: string): Collection {
    const collection = this.collections.get(name);
    if (!collection) throw new Error(`no collection ${name}`);
    return collection;
  }
}
