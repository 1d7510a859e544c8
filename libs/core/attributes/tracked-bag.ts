import type { Bag } from './bag';
import type { References } from './references';
import { isStringMap } from './string-map';
import type { StringMap, Value } from './value';

/**
 * A bag that records in `references` what is read of another one. Several can stand over one bag, each with its own
 * references: a check and its quotas, at the same time.
 *
 * Getting a string map records nothing yet: its keys are recorded as they are looked up, and with them that the map is
 * there (the protocol cannot tell only that). A reading of all its entries depends on every key that might be there, so it
 * is recorded as the whole map (see `encodeReferences`).
 */
export class TrackedBag implements Bag {
  constructor(
    readonly bag: Bag,
    readonly references: References,
  ) {}

  get(slot: number): Value | undefined {
    const value = this.bag.get(slot);
    if (typeof value === 'object' && isStringMap(value)) return new TrackedMap(value, slot, this.references);
    this.references.add(slot, value !== undefined);
    return value;
  }

  entry(slot: number, key: string): string | null | undefined {
    const text = this.bag.entry(slot, key);
    if (text === undefined) this.#noMap(slot);
    else this.references.addKey(slot, key, text !== null);
    return text;
  }

  /** The attribute is absent, or, where no type is declared, no string map: then its value was read. */
  #noMap(slot: number): void {
    this.references.add(slot, this.bag.get(slot) !== undefined);
  }
}

class TrackedMap implements StringMap {
  constructor(
    readonly map: StringMap,
    readonly slot: number,
    readonly references: References,
  ) {}

  get(key: string): string | undefined {
    const text = this.map.get(key);
    this.references.addKey(this.slot, key, text !== undefined);
    return text;
  }

  entries(): Iterable<readonly [string, string]> {
    this.references.add(this.slot, true);
    return this.map.entries();
  }
}
