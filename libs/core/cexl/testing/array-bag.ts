import type { Bag, StringMap, Value, Vocabulary } from '@keelson/core/attributes';

/** A bag of values by slot. It notes nothing. */
class ArrayBag implements Bag {
  readonly #values: readonly (Value | undefined)[];

  constructor(values: readonly (Value | undefined)[]) {
    this.#values = values;
  }

  get(slot: number): Value | undefined {
    return this.#values[slot];
  }

  entry(slot: number, key: string): string | null | undefined {
    const map = this.#values[slot] as StringMap | undefined;
    return map === undefined ? undefined : (map.get(key) ?? null);
  }
}

/** A bag of the values by name; what is not given is absent. */
export function bagOf(vocabulary: Vocabulary, values: Readonly<Record<string, Value>>): Bag {
  return new ArrayBag(vocabulary.names.map((name) => (Object.hasOwn(values, name) ? values[name] : undefined)));
}
