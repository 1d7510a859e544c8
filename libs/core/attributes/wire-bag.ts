import type { Problem } from '@keelson/core/problems';
import { type AttributeSink, scanAttributes } from './attribute-scan';
import type { Bag } from './bag';
import { ProblemList } from './problem-list';
import { messageBytes, ProtoCursor } from './proto-cursor';
import { textUnder } from './string-map';
import type { Value } from './value';
import { isTextCell, noCell, readCell } from './wire-cell';
import { attributeFields, type WireVocabulary } from './wire-vocabulary';
import type { Words } from './words';

/** A bag from the wire. */
export interface DecodedBag extends Bag {
  /**
   * Why attributes that the message holds count as absent: a word index in neither list, another type than declared, a
   * time or an address that is none. `field` is the attribute's name where it is known. For a log; the first 16.
   */
  readonly problems: readonly Problem[];
}

/** Notes where the values of one message stand, and reads each when it is first asked for. */
class SlotTable implements AttributeSink {
  readonly problems = new ProblemList();
  readonly #bytes: Buffer;
  readonly #vocabulary: WireVocabulary;
  readonly #values: (Value | undefined)[];
  readonly #cells: number[];
  #words: Words | undefined;

  constructor(bytes: Buffer, vocabulary: WireVocabulary) {
    this.#bytes = bytes;
    this.#vocabulary = vocabulary;
    this.#values = vocabulary.nothing.slice();
    this.#cells = vocabulary.zeros.slice();
  }

  begin(words: Words): void {
    if (this.#words !== undefined) {
      this.#values.fill(undefined);
      this.#cells.fill(noCell);
      this.problems.clear();
    }
    this.#words = words;
  }

  put(slot: number, field: number, _key: number, value: Value | undefined, cell: number): void {
    // Where no type is declared a text goes before all else; otherwise the last one counts.
    const texts = attributeFields.STRINGS;
    if (field !== texts && this.#vocabulary.fields[slot] === 0 && isTextCell(this.#cells[slot] ?? noCell)) return;
    this.#values[slot] = value;
    this.#cells[slot] = cell;
  }

  refuse(slot: number, field: number, _key: number, problem: () => Problem): void {
    this.problems.add(problem);
    if (this.#vocabulary.fields[slot] !== field) return;
    this.#values[slot] = undefined;
    this.#cells[slot] = noCell;
  }

  ignore(problem: () => Problem): void {
    this.problems.add(problem);
  }

  read(slot: number): Value | undefined {
    const known = this.#values[slot];
    if (known !== undefined) return known;
    const cell = this.#cells[slot];
    if (cell === undefined || cell === noCell || this.#words === undefined) return undefined;
    return (this.#values[slot] = readCell(cell, this.#bytes, this.#words));
  }
}

/** The attributes of one `CompressedAttributes` message, which stay in its bytes until they are read. */
export class WireBag implements DecodedBag {
  readonly #table: SlotTable;

  /**
   * @param cursor over the message
   * @param defaults the words of a message that brings none
   */
  constructor(cursor: ProtoCursor, vocabulary: WireVocabulary, defaults?: Words) {
    this.#table = new SlotTable(cursor.bytes, vocabulary);
    scanAttributes(cursor, vocabulary, defaults, this.#table, true);
  }

  get problems(): readonly Problem[] {
    return this.#table.problems.list;
  }

  get(slot: number): Value | undefined {
    return this.#table.read(slot);
  }

  entry(slot: number, key: string): string | null | undefined {
    return textUnder(this.#table.read(slot), key);
  }
}

/**
 * The attributes of the bytes of an `istio.mixer.v1.CompressedAttributes`; the bytes must not change while the bag is in
 * use. Throws a ProblemError `malformed` for what is not protobuf.
 *
 * @param message how errors name the message
 * @param path the field in it that holds the attributes
 */
export function readAttributes(
  vocabulary: WireVocabulary,
  bytes: Uint8Array,
  message = 'CheckRequest',
  path = 'attributes',
): DecodedBag {
  const cursor = new ProtoCursor(messageBytes(bytes, message), 0, bytes.length, message);
  cursor.path = path;
  return new WireBag(cursor, vocabulary);
}
