import type { StringMap } from '@keelson/core/attributes';

/** A plain object of texts as the string map of an attribute; nothing is copied. */
export class RecordMap implements StringMap {
  readonly #texts: Readonly<Record<string, string>>;

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = texts;
  }

  get(key: string): string | undefined {
    return Object.hasOwn(this.#texts, key) ? this.#texts[key] : undefined;
  }

  entries(): Iterable<readonly [string, string]> {
    return Object.entries(this.#texts);
  }
}
