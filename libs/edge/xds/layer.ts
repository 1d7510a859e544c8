import { createHash } from 'node:crypto';

import { type Resource } from './resource';
import { encodeResource, type EncodedResource } from './wire';

/** The tick of what is not from here. */
const unknown = -1;

/** A resource in a layer. It is made anew when its bytes change, so one object stands for one version. */
export class StoredResource {
  /** A hash of the bytes, 16 hex digits, equal on every replica. */
  readonly version: string;
  #body: Uint8Array;
  #encoded: EncodedResource | undefined;

  constructor(
    readonly typeUrl: string,
    readonly name: string,
    body: Uint8Array,
    /** What of the layer made it. */
    public unit: string,
    public needs: readonly string[],
    public provenance: string | undefined,
    /** The tick at which the name came to be. */
    readonly created: number,
    /** The tick at which these bytes came to be. */
    readonly changed: number,
  ) {
    this.#body = body;
    this.version = createHash('sha256').update(body).digest('hex').slice(0, 16);
  }

  /** The message's bytes. */
  get body(): Uint8Array {
    return this.#body;
  }

  /** The resource as field `resources` of a response; encoded at the first call. */
  get encoded(): EncodedResource {
    if (this.#encoded === undefined) {
      this.#encoded = encodeResource(this.typeUrl, this.name, this.version, this.#body);
      this.#body = this.#encoded.body; // one copy of the bytes is enough
    }
    return this.#encoded;
  }

  /** Stands for a version that only the client knows. */
  static unknown(typeUrl: string, name: string): StoredResource {
    return new StoredResource(typeUrl, name, Buffer.alloc(0), '', [], undefined, unknown, unknown);
  }

  /** Whether it points at a cluster, as far as anybody can tell. */
  mayUse(cluster: string): boolean {
    return this.changed === unknown || this.needs.includes(cluster);
  }

  /** Whether another object stands for the same bytes. */
  same(other: StoredResource | undefined): boolean {
    return other !== undefined && (this === other || this.version === other.version);
  }
}

/** A reader of a layer's log: it has read all up to a tick. Minus one has read nothing and needs no log. */
export interface LogReader {
  readonly sent: number;
}

interface LogEntry {
  tick: number;
  name: string;
  /** What stood under the name until then. */
  before: StoredResource | undefined;
}

const smallLog = { entries: 64, bytes: 256 * 1024 };
let layers = 0;

/**
 * The resources of one type that one class of proxies shares: what holds now, and a log of which names changed at which
 * tick, as far back as any reader needs it.
 */
export class ResourceLayer {
  /** Tells layers apart in the keys of caches. */
  readonly id = ++layers;
  /** Those who read the log; the server keeps this. */
  readonly readers = new Set<LogReader>();
  readonly #resources = new Map<string, StoredResource>();
  readonly #units = new Map<string, readonly string[]>();
  #log: LogEntry[] = [];
  #logBytes = 0;
  #trimAt = { ...smallLog };
  #head = 0;
  #edition = 0;
  #closed = -1;
  /** What was removed at the newest tick. */
  readonly #gone = new Map<string, StoredResource>();

  constructor(
    readonly typeUrl: string,
    readonly label: string,
  ) {}

  get size(): number {
    return this.#resources.size;
  }

  /** Counts the changes: a layer of one edition holds the same. */
  get edition(): number {
    return this.#edition;
  }

  /** The tick of the last change. */
  get head(): number {
    return this.#head;
  }

  get(name: string): StoredResource | undefined {
    return this.#resources.get(name);
  }

  names(): IterableIterator<string> {
    return this.#resources.keys();
  }

  values(): IterableIterator<StoredResource> {
    return this.#resources.values();
  }

  /** The number of changes that are remembered. */
  get logLength(): number {
    return this.#log.length;
  }

  /**
   * Makes the unit's resources these: names that it had and that are not among them go, equal bytes change nothing.
   * Ticks never go back, and one that was pushed is closed. Call it and `XdsServer.push` in one turn of the event loop, so that nobody sees half a change.
   * @returns whether anything changed.
   */
  replace(tick: number, unit: string, resources: readonly Resource[]): boolean {
    const open = Math.max(this.#head, this.#closed + 1);
    if (tick < open)
      throw new RangeError(`layer ${this.label}: a change at tick ${tick}, where ${open} is the first open`);
    if (tick > this.#head) this.#gone.clear();
    const had = this.#units.get(unit);
    const length = this.#log.length;
    for (const resource of resources) this.#put(tick, unit, resource);
    if (had !== undefined && had.length > 0) {
      const names = new Set(resources.map((resource) => resource.name));
      for (const name of had) if (!names.has(name)) this.#remove(tick, unit, name);
    }
    if (resources.length > 0)
      this.#units.set(
        unit,
        resources.map((resource) => resource.name),
      );
    else this.#units.delete(unit);
    if (this.#log.length === length) return false;
    this.#head = tick;
    this.#edition++;
    if (this.#log.length > this.#trimAt.entries || this.#logBytes > this.#trimAt.bytes) this.trim();
    return true;
  }

  #put(tick: number, unit: string, resource: Resource): void {
    const before = this.#resources.get(resource.name);
    const needs = resource.needs ?? [];
    if (before !== undefined && Buffer.compare(before.body, resource.body) === 0) {
      before.unit = unit;
      before.needs = needs;
      before.provenance = resource.provenance;
      return;
    }
    const { name, body, provenance } = resource;
    // A name that two units hand over in one tick was never away.
    const created = before?.created ?? this.#gone.get(name)?.created ?? tick;
    this.#resources.set(name, new StoredResource(this.typeUrl, name, body, unit, needs, provenance, created, tick));
    this.#note(tick, name, before);
  }

  #remove(tick: number, unit: string, name: string): void {
    const before = this.#resources.get(name);
    if (before?.unit !== unit) return; // gone, or another unit's by now
    this.#resources.delete(name);
    this.#gone.set(name, before);
    this.#note(tick, name, before);
  }

  #note(tick: number, name: string, before: StoredResource | undefined): void {
    this.#log.push({ tick, name, before });
    this.#logBytes += before?.body.length ?? 0;
  }

  /** Says that readers have taken all up to a tick: changes come at later ones. */
  close(tick: number): void {
    if (tick > this.#closed) this.#closed = tick;
  }

  /** The tick of the first change after a tick that the log holds; 0 where there is none. */
  firstAfter(tick: number): number {
    return this.#log[this.#firstAfter(tick)]?.tick ?? 0;
  }

  /** The names that changed after a tick, each with what stood there at that tick. */
  since(tick: number): Map<string, StoredResource | undefined> {
    const changes = new Map<string, StoredResource | undefined>();
    for (let i = this.#firstAfter(tick); i < this.#log.length; i++) {
      const entry = this.#log[i];
      if (entry !== undefined && !changes.has(entry.name)) changes.set(entry.name, entry.before);
    }
    return changes;
  }

  #firstAfter(tick: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.tick ?? 0) <= tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets what no reader needs. */
  trim(): void {
    const ticks = [...new Set([...this.readers].map((reader) => reader.sent))].filter((tick) => tick >= 0);
    ticks.sort((a, b) => a - b);
    this.#log = ticks[0] === undefined ? [] : this.#log.slice(this.#firstAfter(ticks[0]));
    if (this.#log.length > 2 * this.size + smallLog.entries) this.#merge(ticks);
    this.#logBytes = this.#log.reduce((sum, entry) => sum + (entry.before?.body.length ?? 0), 0);
    this.#trimAt = {
      entries: Math.max(smallLog.entries, 2 * this.#log.length),
      bytes: Math.max(smallLog.bytes, 2 * this.#logBytes),
    };
  }

  /** Joins the changes of a name between which no reader stands: one that hangs costs a name each, not a change each. */
  #merge(ticks: readonly number[]): void {
    const merged: LogEntry[] = [];
    const last = new Map<string, LogEntry>();
    let reader = 0;
    for (const entry of this.#log) {
      while ((ticks[reader] ?? Infinity) < entry.tick) {
        reader++;
        last.clear();
      }
      const earlier = last.get(entry.name);
      if (earlier !== undefined) continue;
      last.set(entry.name, entry);
      merged.push(entry);
    }
    // An entry stands at its first tick; no reader is between that and the later ones that it now speaks for.
    this.#log = merged;
  }
}
