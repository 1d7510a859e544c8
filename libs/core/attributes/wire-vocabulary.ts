import { globalWords } from './dictionary';
import type { ValueType } from './value';
import type { Vocabulary } from './vocabulary';

/** Instead of a slot: the index is in neither list of words. */
export const outside = -2;

/** The fields of `istio.mixer.v1.CompressedAttributes` that hold attributes, by number. */
export const attributeFields = {
  STRINGS: 2,
  INT64S: 3,
  DOUBLES: 4,
  BOOLS: 5,
  TIMESTAMPS: 6,
  DURATIONS: 7,
  BYTES: 8,
  STRING_MAPS: 9,
} as const;

/** In which field the wire carries attributes of a type. */
export const fieldOfType: Readonly<Record<ValueType, number>> = {
  STRING: attributeFields.STRINGS,
  EMAIL_ADDRESS: attributeFields.STRINGS,
  URI: attributeFields.STRINGS,
  DNS_NAME: attributeFields.STRINGS,
  INT64: attributeFields.INT64S,
  DOUBLE: attributeFields.DOUBLES,
  BOOL: attributeFields.BOOLS,
  TIMESTAMP: attributeFields.TIMESTAMPS,
  DURATION: attributeFields.DURATIONS,
  IP_ADDRESS: attributeFields.BYTES,
  STRING_MAP: attributeFields.STRING_MAPS,
};

const tableSize = 1 << 12;
/** What fits into the table's cells. */
const maxNames = 0xfffe;

function hash(length: number, first: number, middle: number, last: number): number {
  return ((length * 97) ^ (first * 31) ^ (middle * 577) ^ (last * 1009)) & (tableSize - 1);
}

/**
 * A vocabulary as the decoder of the wire needs it: slots by index of the global list, and by the bytes of a name. Making
 * one costs some microseconds: it is made once for a vocabulary, not for a request.
 */
export class WireVocabulary {
  /** The slot of each global word, -1 where it names no attribute. */
  readonly globalSlots: readonly number[];
  /** The field in which each slot's attribute travels; 0 where no type is declared and any will do. */
  readonly fields: readonly number[];
  /** -1 for each slot, to copy. */
  readonly emptySlots: readonly number[];
  /** 0 for each slot, to copy. */
  readonly zeros: readonly number[];
  /** Nothing for each slot, to copy. */
  readonly nothing: readonly undefined[];
  readonly #names: readonly Buffer[];
  /** The first slot + 1 by the hash of its name, and the next one with that hash. */
  readonly #first = new Uint16Array(tableSize);
  readonly #next: readonly number[];

  constructor(readonly vocabulary: Vocabulary) {
    const { names } = vocabulary;
    if (names.length > maxNames) throw new RangeError(`a vocabulary has at most ${maxNames} attributes`);
    this.globalSlots = globalWords.map((word) => vocabulary.slotOf(word) ?? -1);
    this.fields = names.map((_, slot) => {
      const type = vocabulary.typeAt(slot);
      return type === undefined ? 0 : fieldOfType[type];
    });
    this.emptySlots = names.map(() => -1);
    this.zeros = names.map(() => 0);
    this.nothing = names.map(() => undefined);
    this.#names = names.map((name) => Buffer.from(name));
    this.#next = this.#names.map((name, slot) => {
      const place = placeOf(name, 0, name.length);
      const next = this.#first[place] ?? 0;
      this.#first[place] = slot + 1;
      return next;
    });
  }

  /** The slot of the name that these bytes spell, or -1. */
  slotOfName(bytes: Buffer, from: number, to: number): number {
    let entry = this.#first[placeOf(bytes, from, to)] ?? 0;
    while (entry > 0) {
      const slot = entry - 1;
      if (equalBytes(this.#names[slot], bytes, from, to)) return slot;
      entry = this.#next[slot] ?? 0;
    }
    return -1;
  }
}

function placeOf(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length === 0) return 0;
  return hash(length, bytes[from] ?? 0, bytes[from + (length >> 1)] ?? 0, bytes[to - 1] ?? 0);
}

function equalBytes(name: Buffer | undefined, bytes: Buffer, from: number, to: number): boolean {
  if (name?.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}
