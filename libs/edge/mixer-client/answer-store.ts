import { BoundedMap } from '@keelson/edge/service';

export interface StoreLimits {
  answers: number;
  /** About how much memory all of them take, with their keys. */
  bytes: number;
}

/** Longer keys are not kept: they come of values that hardly ever come again. */
const maxKeyLength = 16 * 1024;
/** What an entry takes beside its key and its answer. */
const entryBytes = 200;

/** Where indexes keep their answers, bounded together; what was not used for long goes first. */
export class AnswerStore<T> {
  readonly #answers: BoundedMap<string, T>;
  readonly #bytesOf: (answer: T) => number;
  #sections = 0;

  constructor({ answers, bytes }: StoreLimits, bytesOf: (answer: T) => number) {
    this.#answers = new BoundedMap(answers, bytes);
    this.#bytesOf = bytesOf;
  }

  /** What the keys of one who shares this store begin with. */
  section(): string {
    return `${this.#sections++}:`;
  }

  get(key: string): T | undefined {
    return this.#answers.get(key);
  }

  /** False for an answer that is not kept as its key is too long. */
  set(key: string, answer: T): boolean {
    if (key.length > maxKeyLength) return false;
    this.#answers.set(key, answer, entryBytes + key.length + this.#bytesOf(answer));
    return true;
  }

  delete(key: string): void {
    this.#answers.delete(key);
  }

  clear(): void {
    this.#answers.clear();
  }
}
