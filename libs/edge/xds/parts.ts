import { BoundedMap } from '@keelson/edge/service';
import { type ResourceLayer, type StoredResource } from './layer';
import { type NameSet } from './names';

export type Encoding = 'delta' | 'sotw';

/** A resource to be sent. */
export interface Put {
  name: string;
  now: StoredResource;
  /** What the client had before, as far as the log tells. */
  before: StoredResource | undefined;
}

/** A name that is gone. */
export interface Removal {
  name: string;
  before: StoredResource | undefined;
}

/** What one layer (or the swap of some layers for others) adds to a response. */
export class Part {
  /** Those that point at clusters. */
  readonly needy: readonly Put[];
  /** About what it takes to keep it: the resources, which may be gone from the layer, and the response made of them. */
  readonly weight: number;
  readonly #byName: Map<string, Put> | undefined;
  readonly #chunks = new BoundedMap<string, Buffer>(4);

  constructor(
    readonly puts: readonly Put[],
    readonly removals: readonly Removal[],
  ) {
    this.needy = puts.filter((put) => put.now.needs.length > 0);
    this.weight = puts.reduce((sum, put) => sum + 2 * put.now.body.length + 200, 200);
    this.#byName = puts.length > 8 ? new Map(puts.map((put) => [put.name, put])) : undefined;
  }

  get empty(): boolean {
    return this.puts.length === 0 && this.removals.length === 0;
  }

  find(name: string): Put | undefined {
    return this.#byName === undefined ? this.puts.find((put) => put.name === name) : this.#byName.get(name);
  }

  /** The resources as fields of a response. */
  pieces(encoding: Encoding): Buffer[] {
    return this.puts.map((put) => put.now.encoded[encoding]);
  }

  /** The resources as fields of a response, without some, in one piece; kept, as many streams leave out the same. */
  chunk(encoding: Encoding, without: ReadonlySet<string>): Buffer {
    const left = without.size === 0 ? [] : this.puts.filter((put) => without.has(put.name)).map((put) => put.name);
    const key = left.length === 0 ? encoding : `${encoding}\n${left.join('\n')}`;
    let chunk = this.#chunks.get(key);
    if (chunk === undefined) {
      const kept = left.length === 0 ? this.puts : this.puts.filter((put) => !without.has(put.name));
      chunk = Buffer.concat(kept.map((put) => put.now.encoded[encoding]));
      this.#chunks.set(key, chunk);
    }
    return chunk;
  }
}

const nothing = new Part([], []);

/** What is asked of the parts: what changed since a tick within a set of names, and some names whatever changed. */
export interface Span {
  /** The layers that the client was served from so far, up to the tick `from`. */
  base: readonly ResourceLayer[];
  target: readonly ResourceLayer[];
  set: NameSet;
  /** Minus one: nothing was sent. */
  from: number;
  /** Of these the client is taken to have nothing. */
  extra: NameSet | undefined;
}

/**
 * Computes parts, each once for all streams that are at the same state. The keys name that state: the layer and its
 * edition, the set of names, and the first change that the stream has not seen.
 */
export class Parts {
  readonly #parts: BoundedMap<string, Part>;
  #computed = 0;

  /** @param maxBytes how much the parts that are kept may weigh together */
  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#parts = new BoundedMap(4096, maxBytes);
  }

  /** How many parts were computed, for tests and metrics. */
  get computed(): number {
    return this.#computed;
  }

  /** The parts that lead from the base at a tick to the target as it is; empty ones are left out. */
  between(span: Span): Part[] {
    const parts: Part[] = [];
    if (span.from < 0 || sameLayers(span.base, span.target)) {
      for (const layer of span.target) parts.push(this.#ofLayer(layer, span));
    } else {
      for (const layer of span.target) if (span.base.includes(layer)) parts.push(this.#ofLayer(layer, span));
      const old = span.base.filter((layer) => !span.target.includes(layer));
      const young = span.target.filter((layer) => !span.base.includes(layer));
      parts.push(this.#swap(old, young, span));
    }
    return parts.filter((part) => !part.empty);
  }

  /** These names alone, as they are now. */
  only(layers: readonly ResourceLayer[], names: NameSet): Part {
    return this.#kept(`only ${editions(layers)} ${names.id}`, () => {
      const puts: Put[] = [];
      for (const layer of layers) addExtra(puts, layer, names);
      return new Part(puts, []);
    });
  }

  #ofLayer(layer: ResourceLayer, span: Span): Part {
    if (span.from >= 0 && layer.head <= span.from && span.extra === undefined) return nothing;
    const from = span.from < 0 ? 'all' : layer.firstAfter(span.from);
    return this.#kept(`${editions([layer])} ${span.set.id} ${from} ${span.extra?.id ?? 0}`, () => {
      if (span.from < 0) return new Part(fresh(layer, span.set, span.extra), []);
      const puts: Put[] = [];
      const removals: Removal[] = [];
      for (const [name, before] of layer.since(span.from)) {
        if (!span.set.has(name)) continue;
        const now = layer.get(name);
        if (now === undefined) {
          if (before !== undefined) removals.push({ name, before });
        } else if (!now.same(before) && span.extra?.listed.has(name) !== true) {
          puts.push({ name, now, before });
        }
      }
      addExtra(puts, layer, span.extra);
      return new Part(puts, removals);
    });
  }

  /** Some layers give way to others. */
  #swap(old: readonly ResourceLayer[], young: readonly ResourceLayer[], span: Span): Part {
    const from = old.map((layer) => layer.firstAfter(span.from)).join();
    return this.#kept(`${editions(old)}>${editions(young)} ${span.set.id} ${from} ${span.extra?.id ?? 0}`, () => {
      const had = new Map<string, StoredResource>();
      for (const layer of old) {
        for (const resource of layer.values()) if (span.set.has(resource.name)) had.set(resource.name, resource);
        for (const [name, before] of layer.since(span.from)) {
          if (before === undefined) had.delete(name);
          else if (span.set.has(name)) had.set(name, before);
        }
      }
      const puts: Put[] = [];
      for (const layer of young) {
        for (const now of layer.values()) {
          if (!span.set.has(now.name)) continue;
          const before = had.get(now.name);
          had.delete(now.name);
          if (!now.same(before) && span.extra?.listed.has(now.name) !== true)
            puts.push({ name: now.name, now, before });
        }
        addExtra(puts, layer, span.extra);
      }
      return new Part(
        puts,
        [...had].map(([name, before]) => ({ name, before })),
      );
    });
  }

  #kept(key: string, make: () => Part): Part {
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = make();
      this.#computed++;
      this.#parts.set(key, part, part.weight);
    }
    return part;
  }
}

function editions(layers: readonly ResourceLayer[]): string {
  return layers.map((layer) => `${layer.id}.${layer.edition}`).join();
}

function fresh(layer: ResourceLayer, set: NameSet, extra: NameSet | undefined): Put[] {
  const puts: Put[] = [];
  if (!set.wildcard && set.scope === undefined && set.listed.size < layer.size) {
    for (const name of set.listed) {
      const now = layer.get(name);
      if (now !== undefined) puts.push({ name, now, before: undefined });
    }
  } else {
    for (const now of layer.values()) if (set.has(now.name)) puts.push({ name: now.name, now, before: undefined });
  }
  addExtra(puts, layer, extra);
  return puts;
}

function addExtra(puts: Put[], layer: ResourceLayer, extra: NameSet | undefined): void {
  if (extra === undefined) return;
  const there = new Set(puts.map((put) => put.name));
  for (const name of extra.listed) {
    const now = layer.get(name);
    if (now !== undefined && !there.has(name)) puts.push({ name, now, before: undefined });
  }
}

/** Whether two lists name the same layers. */
export function sameLayers(a: readonly ResourceLayer[], b: readonly ResourceLayer[]): boolean {
  return a === b || (a.length === b.length && a.every((layer, i) => layer === b[i]));
}

/** Whether anything is to be sent of the parts. */
export function anyLeft(parts: readonly Part[], without: ReadonlySet<string>): boolean {
  if (without.size === 0) return parts.some((part) => part.puts.length > 0);
  return parts.some((part) => part.puts.some((put) => !without.has(put.name)));
}
