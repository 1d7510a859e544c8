import type { EncodedResource } from './encoded-resource';
import type { CollectionCut, ResourceStore } from './resource-store';

/** What a sink holds of a collection: what it said that it holds, or the cut that it acknowledged. */
export type SinkHolds = { readonly versions: ReadonlyMap<string, string> } | { readonly cut: CollectionCut };

/** What a sink lacks and what it holds too much, both in the order of names. */
export interface Difference {
  put: readonly EncodedResource[];
  removed: readonly string[];
}

const wholeCuts = new WeakMap<CollectionCut, readonly EncodedResource[]>();

/** All resources of a cut in the order of names; sorted once for all streams. */
export function wholeOf(cut: CollectionCut): readonly EncodedResource[] {
  let sorted = wholeCuts.get(cut);
  if (!sorted) {
    sorted = [...cut.resources.values()].sort((a, b) => compareNames(a.name, b.name));
    wholeCuts.set(cut, sorted);
  }
  return sorted;
}

/** What must be sent to a sink so that it holds the collection as it is now. Costs what changed, where that is known. */
export function differenceOf(store: ResourceStore, collection: string, holds: SinkHolds): Difference {
  const now = store.cut(collection);
  if ('cut' in holds) {
    if (holds.cut === now) return { put: [], removed: [] };
    const changed = store.changedSince(collection, holds.cut.position);
    if (changed) return ofNames(changed.sort(compareNames), (name) => holds.cut.resources.get(name)?.version, now);
  }
  const held = 'cut' in holds ? versionsOf(holds.cut) : holds.versions;
  return {
    put: wholeOf(now).filter((resource) => held.get(resource.name) !== resource.version),
    removed: [...held.keys()].filter((name) => !now.resources.has(name)).sort(compareNames),
  };
}

function ofNames(names: readonly string[], held: (name: string) => string | undefined, now: CollectionCut): Difference {
  const put: EncodedResource[] = [];
  const removed: string[] = [];
  for (const name of names) {
    const resource = now.resources.get(name);
    if (resource) {
      if (resource.version !== held(name)) put.push(resource);
    } else if (held(name) !== undefined) removed.push(name);
  }
  return { put, removed };
}

function versionsOf(cut: CollectionCut): Map<string, string> {
  return new Map([...cut.resources.values()].map((resource) => [resource.name, resource.version]));
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
