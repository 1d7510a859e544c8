import type { ValueType } from './value';

/**
 * The attributes that are known, each with its type and with a slot: the number by which bags and compiled expressions
 * speak of it. It never changes; configuration with other manifests has another one.
 */
export class Vocabulary {
  /** Names by slot. */
  readonly names: readonly string[];
  readonly #slots = new Map<string, number>();
  readonly #types: readonly (ValueType | undefined)[];

  /**
   * @param declared the attributes of the manifests
   * @param internal names that have a slot although nobody declared them, so that no expression can use them
   */
  constructor(declared: ReadonlyMap<string, ValueType>, internal: readonly string[] = []) {
    const names = [...declared.keys(), ...internal.filter((name) => !declared.has(name))];
    this.names = names;
    this.#types = names.map((name) => declared.get(name));
    for (const [slot, name] of names.entries()) this.#slots.set(name, slot);
  }

  get size(): number {
    return this.names.length;
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name);
  }

  /** The type of a declared attribute. */
  typeOf(name: string): ValueType | undefined {
    const slot = this.#slots.get(name);
    return slot === undefined ? undefined : this.#types[slot];
  }

  typeAt(slot: number): ValueType | undefined {
    return this.#types[slot];
  }
}
