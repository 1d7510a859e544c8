import type { RoundChange, SinkResource } from './round';

interface Stage {
  put: Map<string, SinkResource>;
  removed: Set<string>;
}

/** What is staged of a collection, and what was before the difference that came last. */
interface Staging {
  difference: string;
  before: Stage;
  now: Stage;
}

/**
 * What a sink holds, and what it received and has not folded yet. The first outlives connections, so that a source is
 * told of it; what was only staged is asked for again.
 */
export class SinkHoldings {
  private readonly held = new Map<string, Map<string, string>>();
  private readonly stagings = new Map<string, Staging>();
  private readonly heard = new Set<string>();
  /** The revision of the last fold. */
  revision: string | undefined;

  /** Name and version of everything held of a collection. */
  versions(collection: string): ReadonlyMap<string, string> {
    return this.heldOf(collection);
  }

  /** The collection was folded at least once, be it empty. */
  knows(collection: string): boolean {
    return this.heard.has(collection);
  }

  /** What is staged next belongs to this difference, which comes in one part or many. */
  begin(collection: string, difference: string): void {
    const staging = this.stagingOf(collection);
    if (staging.difference === difference) return;
    staging.difference = difference;
    staging.before = { put: new Map(staging.now.put), removed: new Set(staging.now.removed) };
  }

  /** Takes the difference that came last back, all its parts: a source whose sink refuses one counts none of them. */
  takeBack(collection: string): void {
    const staging = this.stagingOf(collection);
    staging.now = { put: new Map(staging.before.put), removed: new Set(staging.before.removed) };
  }

  /** Stages a part of a collection: added or changed resources, and removals. */
  stagePart(collection: string, resources: readonly SinkResource[], removed: readonly string[]): void {
    const stage = this.stagingOf(collection).now;
    const held = this.heldOf(collection);
    for (const name of removed) {
      stage.put.delete(name);
      if (held.has(name)) stage.removed.add(name);
    }
    for (const resource of resources) {
      stage.put.set(resource.name, resource);
      stage.removed.delete(resource.name);
    }
  }

  /** Stages a whole collection: what is not in it is gone. */
  stageWhole(collection: string, resources: readonly SinkResource[]): void {
    const held = this.heldOf(collection);
    const names = new Set(resources.map((resource) => resource.name));
    const changed = resources.filter(({ name, version }) => version === '' || held.get(name) !== version);
    this.stagingOf(collection).now = {
      put: new Map(changed.map((resource) => [resource.name, resource])),
      removed: new Set([...held.keys()].filter((name) => !names.has(name))),
    };
  }

  /** How many resources the collection would hold after a fold. */
  sizeAfterFold(collection: string): number {
    const held = this.heldOf(collection);
    const stage = this.stagings.get(collection)?.now;
    if (!stage) return held.size;
    let added = 0;
    for (const name of stage.put.keys()) if (!held.has(name)) added++;
    return held.size + added - stage.removed.size;
  }

  /** What a fold of these collections would change. */
  staged(collections: readonly string[]): RoundChange[] {
    return collections.flatMap((collection) => {
      const stage = this.stagings.get(collection)?.now;
      if (!stage || (stage.put.size === 0 && stage.removed.size === 0)) return [];
      return [{ collection, put: [...stage.put.values()], remove: [...stage.removed] }];
    });
  }

  /** Makes what is staged of these collections held. */
  fold(revision: string, collections: readonly string[]): void {
    for (const collection of collections) {
      const held = this.heldOf(collection);
      const stage = this.stagings.get(collection)?.now;
      for (const name of stage?.removed ?? []) held.delete(name);
      for (const { name, version } of stage?.put.values() ?? []) held.set(name, version);
      this.stagings.delete(collection);
      this.heard.add(collection);
    }
    this.revision = revision;
  }

  /** Forgets what was not folded: its connection is gone. */
  dropStaged(): void {
    this.stagings.clear();
  }

  private heldOf(collection: string): Map<string, string> {
    let held = this.held.get(collection);
    if (!held) this.held.set(collection, (held = new Map<string, string>()));
    return held;
  }

  private stagingOf(collection: string): Staging {
    let staging = this.stagings.get(collection);
    if (!staging)
      this.stagings.set(collection, (staging = { difference: '', before: emptyStage(), now: emptyStage() }));
    return staging;
  }
}

function emptyStage(): Stage {
  return { put: new Map(), removed: new Set() };
}
