import type { Vocabulary } from './vocabulary';

/** What was seen where somebody read. The numbers of `istio.mixer.v1.ReferencedAttributes.Condition`. */
export const conditions = { ABSENCE: 1, EXACT: 2 } as const;

export type Condition = keyof typeof conditions;

/** One thing that an answer depends on. */
export interface Reference {
  readonly slot: number;
  /** The key within a string map; undefined for the attribute as a whole. */
  readonly key: string | undefined;
  readonly condition: Condition;
}

/**
 * Which attributes an answer depends on: the value of each that was read, or that it was absent; of a string map only the
 * keys that were looked up. The answer is the same for all attributes that agree in these.
 */
export class References {
  readonly #conditions: Uint8Array;
  #keys: Map<number, Map<string, number>> | undefined;

  /** @param vocabulary whose slots are recorded, or references to start from, which stay as they are */
  constructor(start: Vocabulary | References) {
    this.#conditions = start instanceof References ? start.#conditions.slice() : new Uint8Array(start.size);
    if (start instanceof References && start.#keys !== undefined) {
      this.#keys = new Map([...start.#keys].map(([slot, keys]) => [slot, new Map(keys)]));
    }
  }

  /** A copy to which more can be added, as each quota's references start from those of the preprocessing. */
  clone(): References {
    return new References(this);
  }

  /** An attribute was read: `present` with its value, of a string map with all its keys. */
  add(slot: number, present: boolean): void {
    this.#conditions[slot] = present ? conditions.EXACT : conditions.ABSENCE;
  }

  /** A key of a string map that is there was looked up. */
  addKey(slot: number, key: string, present: boolean): void {
    this.#keys ??= new Map();
    let keys = this.#keys.get(slot);
    if (keys === undefined) this.#keys.set(slot, (keys = new Map<string, number>()));
    keys.set(key, present ? conditions.EXACT : conditions.ABSENCE);
  }

  /** By slot, then by key, so that it does not matter in which order they were recorded. */
  list(): Reference[] {
    const all: Reference[] = [];
    for (let slot = 0; slot < this.#conditions.length; slot++) {
      const condition = this.#conditions[slot];
      if (condition !== 0) {
        // Of a map that was read as a whole the keys are told by that.
        all.push({ slot, key: undefined, condition: nameOf(condition) });
        continue;
      }
      const keys = this.#keys?.get(slot);
      if (keys === undefined) continue;
      for (const key of [...keys.keys()].sort()) all.push({ slot, key, condition: nameOf(keys.get(key)) });
    }
    return all;
  }
}

function nameOf(condition: number | undefined): Condition {
  return condition === conditions.EXACT ? 'EXACT' : 'ABSENCE';
}
