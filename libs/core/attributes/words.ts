import { globalWords } from './dictionary';
import type { ProtoCursor } from './proto-cursor';
import { outside, type WireVocabulary } from './wire-vocabulary';

// Taken out of their module once: compiled code would go through its getter at each use.
const list = globalWords;
const listed = globalWords.length;
const nowhere = outside;

/**
 * The words that a message brings along, by number: index -1 of the message is word 0. They stay where they are in its
 * bytes; a text is made of one when it is first asked for.
 */
export class Words {
  readonly #bytes: Buffer;
  readonly #vocabulary: WireVocabulary;
  /** Where the length of each word stands. */
  readonly #positions: number[] = [];
  readonly #texts: (string | undefined)[] = [];
  /** The slot that each word is the name of, or -1. */
  readonly #slots: number[] = [];
  /** By slot, the last word that is its name, or -1; undefined while no word is a name. */
  #wordOfSlot: number[] | undefined;

  constructor(bytes: Buffer, vocabulary: WireVocabulary) {
    this.#bytes = bytes;
    this.#vocabulary = vocabulary;
  }

  get count(): number {
    return this.#positions.length;
  }

  /** Takes the word at the cursor, which stands behind its tag. */
  add(cursor: ProtoCursor): void {
    const position = cursor.at;
    const length = cursor.length();
    const slot = this.#vocabulary.slotOfName(cursor.bytes, cursor.at, cursor.at + length);
    if (slot >= 0) {
      this.#wordOfSlot ??= this.#vocabulary.emptySlots.slice();
      this.#wordOfSlot[slot] = this.#positions.length;
    }
    this.#positions.push(position);
    this.#slots.push(slot);
    cursor.at += length;
  }

  /** Whether an index stands for a word of the global list or of the message. */
  has(index: number): boolean {
    return index < 0 ? ~index < this.#positions.length : index < listed;
  }

  /** The slot of the name at an index: -1 if the vocabulary has none, `outside` if the index is in neither list. */
  slotAt(index: number): number {
    if (index >= 0) return this.#vocabulary.globalSlots[index] ?? nowhere;
    return this.#slots[~index] ?? nowhere;
  }

  /**
   * Whether looking up the name of a slot ends at this index. A name is looked for among the message's words first, and
   * the last of equal ones counts; what stands under another index of the same name is not found.
   */
  leadsTo(slot: number, index: number): boolean {
    const word = this.#wordOfSlot?.[slot] ?? -1;
    return word < 0 ? index >= 0 : word === ~index;
  }

  /** The word at an index that `has` confirmed. */
  text(index: number): string {
    if (index >= 0) return list[index] ?? '';
    const word = ~index;
    return (this.#texts[word] ??= this.#decode(word));
  }

  /** Whether the word at an index is this text. Most words that are not are told apart without being decoded. */
  equals(index: number, text: string): boolean {
    if (index >= 0) return list[index] === text;
    const word = ~index;
    const known = this.#texts[word];
    if (known !== undefined) return known === text;
    const position = this.#positions[word] ?? 0;
    const first = this.#bytes[position] ?? 0;
    if (first < 0x80) {
      // A unit of UTF-16 is one to three bytes of UTF-8.
      if (first < text.length || first > 3 * text.length) return false;
      const head = this.#bytes[position + 1] ?? 0;
      if (first > 0 && head < 0x80 && head !== text.charCodeAt(0)) return false;
    }
    return this.text(index) === text;
  }

  #decode(word: number): string {
    const bytes = this.#bytes;
    let at = this.#positions[word] ?? 0;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return bytes.toString('utf8', at, at + length);
  }
}
