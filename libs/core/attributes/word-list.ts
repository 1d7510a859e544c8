import { globalIndexOf } from './dictionary';
import { WireWriter } from './wire-writer';

/** Gives each word of a message the index under which it is sent, and holds those that go along. */
export class WordList {
  readonly #globalWordCount: number;
  readonly #indexes = new Map<string, number>();

  /** @param globalWordCount how many words of the global list the other side knows */
  constructor(globalWordCount: number) {
    this.#globalWordCount = globalWordCount;
  }

  /** From 0 on a word of the global list, below a word of the message: -1 is its first. */
  indexOf(word: string): number {
    return globalIndexOf(word, this.#globalWordCount) ?? this.ownIndexOf(word);
  }

  /** The index of a word of the message, even if the global list has it. */
  ownIndexOf(word: string): number {
    const known = this.#indexes.get(word);
    if (known !== undefined) return known;
    const index = ~this.#indexes.size;
    this.#indexes.set(word, index);
    return index;
  }

  /** The words of the message as a repeated field. */
  encode(field: number): Buffer {
    const writer = new WireWriter(this.#indexes.size * 32);
    for (const word of this.#indexes.keys()) writer.text(field, word);
    return writer.bytes;
  }
}
