import type { RoundChange, SinkResource } from './round';

interface Stage {
  put: Map<string, SinkResource>;
  removed: Set<string>;
}

/**
 * What a sink holds, and what it received and has not folded yet. The first outlives connections, so that a source is
 * told of it; what was only staged is asked for again.
 */
export class SinkHoldings {
  private readonly held = new Map<string, Map<string, string>>();
  private readonly stages = new Map<string, Stage>();
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

  /** Stages a part of a collection: added or changed resources, and removals. */
  stagePart(collection: string, resources: readonly SinkResource[], removed: readonly string[]): void {
    const stage = this.stageOf(collection);
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
    this.stages.set(collection, {
      put: new Map(changed.map((resource) => [resource.name, resource])),
      removed: new Set([...held.keys()].filter((name) => !names.has(name))),
    });
  }

  /** How many resources the collection would hold after a fold. */
  sizeAfterFold(collection: string): number {
    const held = this.heldOf(collection);
    const stage = this.stages.get(collection);
    if (!stage) return held.size;
    let added = 0;
    for (const name of stage.put.keys()) if (!held.has(name)) added++;
    return held.size + added - stage.removed.size;
  }

  /** What a fold of these collections would change. */
  staged(collections: readonly string[]): RoundChange[] {
    return collections.flatMap((collection) => {
      const stage = this.stages.get(collection);
      if (!stage || (stage.put.size === 0 && stage.removed.size === 0)) return [];
      return [{ collection, put: [...stage.put.values()], remove: [...stage.removed] }];
    });
  }

  /** Makes what is staged of these collections held. */
  fold(revision: string, collections: readonly string[]): void {
    for (const collection of collections) {
      const held = this.heldOf(collection);
      const stage = this.stages.get(collection);
      for (const name of stage?.removed ?? []) held.delete(name);
      for (const { name, version } of stage?.put.values() ?? []) held.set(name, version);
      this.stages.delete(collection);
      this.heard.add(collection);
    }
    this.revision = revision;
  }

  /** Forgets what was not folded: its connection is gone. */
  dropStaged(): void {
    this.stages.clear();
  }

  private heldOf(collection: string): Map<string, string> {
    let held = this.held.get(collection);
    if (!held) this.held.set(collection, (held = new Map<string, string>()));
    return held;
  }

  private stageOf(collection: string): Stage {
    let stage = this.stages.get(collection);
    if (!stage) this.stages.set(collection, (stage = { put: new Map(), removed: new Set() }));
    return stage;
  }
}
