import { requireType } from './attribute';
import type { Bag } from './bag';
import { isStringMap, textUnder } from './string-map';
import type { Value } from './value';
import type { Vocabulary } from './vocabulary';

/** A value as a program writes it down: a string map may be a plain object. */
export type PlainValue = Value | Readonly<Record<string, string>>;

/** Values by name. */
export type PlainValues = ReadonlyMap<string, PlainValue> | Readonly<Record<string, PlainValue>>;

/** A bag of values that are at hand. */
export class MapBag implements Bag {
  readonly #values: (Value | undefined)[];

  /**
   * Names that the vocabulary lacks are left out, as from the wire. Throws a ProblemError `invalid-value` that names an
   * attribute whose value is not one of the declared type.
   */
  constructor(vocabulary: Vocabulary, values: PlainValues) {
    this.#values = vocabulary.names.map(() => undefined);
    for (const [name, plain] of pairsOf(values)) {
      const slot = vocabulary.slotOf(name);
      if (slot === undefined) continue;
      const value = valueOf(plain);
      const type = vocabulary.typeAt(slot);
      if (type !== undefined) requireType(name, type, value);
      this.#values[slot] = value;
    }
  }

  get(slot: number): Value | undefined {
    return this.#values[slot];
  }

  entry(slot: number, key: string): string | null | undefined {
    return textUnder(this.#values[slot], key);
  }
}

function pairsOf(values: PlainValues): Iterable<readonly [string, PlainValue]> {
  return isMap(values) ? values : Object.entries(values);
}

function isMap(values: PlainValues): values is ReadonlyMap<string, PlainValue> {
  return values instanceof Map;
}

function valueOf(plain: PlainValue): Value {
  return isPlainObject(plain) ? new Map(Object.entries(plain)) : plain;
}

function isPlainObject(plain: PlainValue): plain is Readonly<Record<string, string>> {
  if (typeof plain !== 'object' || plain instanceof Uint8Array || isStringMap(plain)) return false;
  return !('nanos' in plain && typeof plain.nanos === 'number');
}
