import type { Value } from './value';

/**
 * The attributes of one request, as expressions read them, by the slots of a vocabulary. A bag may note what was read, for
 * the answer that a caller keeps.
 */
export interface Bag {
  /** The value of an attribute; undefined where it is absent or of another type than it was declared with. */
  get(slot: number): Value | undefined;
  /** The text under a key of a string map; null where the map lacks the key, undefined where there is no map. */
  entry(slot: number, key: string): string | null | undefined;
}
