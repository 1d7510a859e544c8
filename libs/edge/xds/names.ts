import { createHash } from 'node:crypto';

import { BoundedMap } from '@keelson/edge/service';

let sets = 0;

/** A set of resource names that never changes; equal sets are one object, so the id stands for the content. */
export class NameSet {
  readonly id = ++sets;

  constructor(
    /** Whether every name of the type belongs to it. */
    readonly wildcard: boolean,
    /** The names that were asked for one by one. */
    readonly listed: ReadonlySet<string>,
    /** All virtual hosts of one route configuration belong to it: `<this>/<host>`. */
    readonly scope?: string,
  ) {}

  has(name: string): boolean {
    if (this.wildcard) return true;
    if (this.scope !== undefined) return name.lastIndexOf('/') === this.scope.length && name.startsWith(this.scope);
    return this.listed.has(name);
  }

  get empty(): boolean {
    return !this.wildcard && this.scope === undefined && this.listed.size === 0;
  }
}

/** A step from one subscription to the next. */
export interface Transition {
  next: NameSet;
  /** The names that are to be answered, whether they were subscribed before or not; undefined where there are none. */
  asked: NameSet | undefined;
}

interface WeakTransition {
  next: WeakRef<NameSet>;
  asked: WeakRef<NameSet> | undefined;
}

/**
 * Keeps one object for each set of names, and remembers the steps between sets: two hundred proxies that ask for the
 * same thousand names share one set, and it is computed once.
 */
export class NameSets {
  readonly none = new NameSet(false, new Set());
  readonly all = new NameSet(true, new Set());
  readonly #byContent = new Map<string, WeakRef<NameSet>>();
  readonly #spellings = new WeakMap<NameSet, Uint8Array>();
  /** Of sets that no stream is at any more, a step keeps nothing: they may be large. */
  readonly #steps = new BoundedMap<string, WeakTransition>(512);
  readonly #scopes = new Map<string, WeakRef<NameSet>>();
  readonly #forget = new FinalizationRegistry<() => void>((forget) => {
    forget();
  });
  #work = 0;

  /** How many names were gone through so far; what one request adds to it is what the request cost. */
  get work(): number {
    return this.#work;
  }

  /** Adds names that were gone through. */
  count(names: number): void {
    this.#work += names;
  }

  /** The set of these names. */
  of(names: Iterable<string>, wildcard = false): NameSet {
    // A set is in order, so that the next one, of which it is most, is all but sorted already.
    const listed = [...names].sort().filter((name, i, sorted) => name !== sorted[i - 1]);
    if (listed.length === 0) return wildcard ? this.all : this.none;
    this.count(listed.length);
    const key = digest(listed, wildcard ? '*' : '');
    return this.#kept(this.#byContent, key, () => new NameSet(wildcard, new Set(listed)));
  }

  /** The names that either lists. */
  union(a: NameSet | undefined, b: NameSet | undefined): NameSet | undefined {
    if (a === undefined || b === undefined || a === b) return a ?? b;
    return this.of([...a.listed, ...b.listed]);
  }

  /** The set of all virtual hosts of a route configuration. */
  hostsOf(routeConfiguration: string): NameSet {
    return this.#kept(this.#scopes, routeConfiguration, () => new NameSet(false, new Set(), routeConfiguration));
  }

  #kept(sets: Map<string, WeakRef<NameSet>>, key: string, make: () => NameSet): NameSet {
    const known = sets.get(key)?.deref();
    if (known !== undefined) return known;
    const set = make();
    sets.set(key, new WeakRef(set));
    this.#forget.register(set, () => {
      if (sets.get(key)?.deref() === undefined) sets.delete(key);
    });
    return set;
  }

  /** Remembers the bytes by which a request named a set. */
  spell(set: NameSet, bytes: Uint8Array): void {
    if (!this.#spellings.has(set)) this.#spellings.set(set, Uint8Array.from(bytes));
  }

  /** Whether these bytes are known to name a set. */
  spelled(set: NameSet, bytes: Uint8Array): boolean {
    const known = this.#spellings.get(set);
    return known !== undefined && Buffer.compare(known, bytes) === 0;
  }

  /** What a subscription becomes by a delta request: `*` stands for all. */
  step(from: NameSet, subscribe: readonly string[], unsubscribe: readonly string[]): Transition {
    if (subscribe.length === 0 && unsubscribe.length === 0) return { next: from, asked: undefined };
    this.count(subscribe.length + unsubscribe.length);
    return this.#step(`${from.id}\n${digest(subscribe, '+')}\n${digest(unsubscribe, '-')}`, () => {
      const dropped = new Set(unsubscribe);
      const asked = new Set(subscribe);
      const wildcard = asked.delete('*') || (from.wildcard && !dropped.has('*'));
      this.count(from.listed.size);
      const next = this.of([...[...from.listed].filter((name) => !dropped.has(name)), ...asked], wildcard);
      // The client is to hear whether the wildcard still covers what it no longer asks for by name.
      if (wildcard) for (const name of dropped) if (name !== '*') asked.add(name);
      return { next, asked: asked.size > 0 ? this.of(asked) : undefined };
    });
  }

  /** What a subscription becomes by a request that lists all names; only what is new is asked for. */
  listing(from: NameSet, names: readonly string[], wildcard: boolean): Transition {
    this.count(names.length);
    return this.#step(`${from.id}\n${digest(names, wildcard ? '=*' : '=')}`, () => {
      const listed = names.filter((name) => name !== '*');
      const added = listed.filter((name) => !from.listed.has(name));
      return { next: this.of(listed, wildcard), asked: added.length > 0 ? this.of(added) : undefined };
    });
  }

  #step(key: string, make: () => Transition): Transition {
    const known = this.#steps.get(key);
    const next = known?.next.deref();
    const asked = known?.asked?.deref();
    if (next !== undefined && (asked !== undefined || known?.asked === undefined)) return { next, asked };
    const step = make();
    this.#steps.set(key, {
      next: new WeakRef(step.next),
      asked: step.asked === undefined ? undefined : new WeakRef(step.asked),
    });
    return step;
  }
}

/**
 * One name stands for itself, so that the common cases cost no hash. Names hold no line feed: the limits see to that.
 */
function digest(names: readonly string[], mark: string): string {
  if (names.length === 0) return mark;
  if (names.length === 1) return `${mark}1${names[0] ?? ''}`;
  return `${mark}#${createHash('sha256').update(names.join('\n')).digest('base64')}`;
}
