import type { ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import { keyShape, type Attributes, type KeyShape } from '@keelson/core/attributes';
import type { AnswerStore } from './answer-store';

interface Shelf {
  readonly shape: KeyShape;
  /** Its part of the store. */
  readonly section: string;
}

/** Answers of Mixer by the attributes that they reference: one is found for all attributes that agree in these. */
export class AnswerIndex<T> {
  readonly #store: AnswerStore<T>;
  readonly #maxShapes: number;
  /** The one that was answered last is first. */
  #shelves: readonly Shelf[] = [];

  /** @param maxShapes how many sets of referenced attributes are told apart; what was not answered for long goes first */
  constructor(store: AnswerStore<T>, maxShapes: number) {
    this.#store = store;
    this.#maxShapes = maxShapes;
  }

  /** An answer for these attributes that `usable` accepts; one that it does not is forgotten. */
  find(attributes: Attributes, usable: (answer: T) => boolean): T | undefined {
    for (const shelf of this.#shelves) {
      const key = keyOn(shelf, attributes);
      if (key === undefined) continue;
      const answer = this.#store.get(key);
      if (answer === undefined) continue;
      if (usable(answer)) return answer;
      this.#store.delete(key);
    }
    return undefined;
  }

  /**
   * Keeps what `choose` makes of the answer that was kept with these references, for attributes; undefined forgets that one.
   * Tells whether there is an answer now: where answers cannot be kept by these references there is none.
   */
  put(
    attributes: Attributes,
    references: ReferencedAttributes,
    choose: (before: T | undefined) => T | undefined,
  ): boolean {
    const shape = keyShape(references);
    if (shape === undefined) return false;
    const known = this.#shelves.find((shelf) => shelf.shape.id === shape.id);
    const shelf = known ?? { shape, section: this.#store.section() };
    const key = keyOn(shelf, attributes);
    if (key === undefined) return false;
    const answer = choose(known && this.#store.get(key));
    if (answer === undefined) {
      this.#store.delete(key);
      return false;
    }
    if (!this.#store.set(key, answer)) return false;
    if (shelf !== this.#shelves[0])
      this.#shelves = [shelf, ...this.#shelves.filter((other) => other !== shelf)].slice(0, this.#maxShapes);
    return true;
  }

  /** Forgets by what answers were kept; the store is its owner's to clear. */
  clear(): void {
    this.#shelves = [];
  }

  /**
   * A text that is the same for attributes of which the next answer is likely to be the same, as answers of late depended
   * on them; undefined while that cannot be told.
   */
  likeness(attributes: Attributes): string | undefined {
    for (const shelf of this.#shelves) {
      const key = keyOn(shelf, attributes);
      if (key !== undefined) return key;
    }
    return undefined;
  }
}

function keyOn({ shape, section }: Shelf, attributes: Attributes): string | undefined {
  const key = shape.keyOf(attributes);
  return key === undefined ? undefined : section + key;
}
