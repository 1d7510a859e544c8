import { ProtoCursor, wireTypes } from './proto-cursor';
import type { StringMap } from './value';
import type { Words } from './words';

// Taken out of its module once: compiled code would go through its getter at each use.
const { VARINT, LENGTH } = wireTypes;

/** A longer map is decoded whole at its first reading, so that many readings do not scan it many times. */
const maxScannedBytes = 512;

/** The indices of a key and its text. */
interface Entry {
  key: number;
  value: number;
}

/** Reads the next entry of the StringMap that ends at the cursor's end; false when there is none. */
function nextEntry(cursor: ProtoCursor, entry: Entry): boolean {
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag >>> 3 !== 1) {
      cursor.skip(tag & 7);
      continue;
    }
    cursor.expect(tag, LENGTH);
    const length = cursor.length();
    const mapEnd = cursor.end;
    cursor.end = cursor.at + length;
    entry.key = 0;
    entry.value = 0;
    while (cursor.at < cursor.end) {
      const part = cursor.tag();
      if (part === 0x08) entry.key = cursor.sint32();
      else if (part === 0x10) entry.value = cursor.sint32();
      else if (part >>> 3 <= 2) cursor.expect(part, VARINT);
      else cursor.skip(part & 7);
    }
    cursor.end = mapEnd;
    return true;
  }
  return false;
}

/**
 * Walks the StringMap that ends at the cursor's end, and so proves that `WireStringMap` can read it. Returns an index
 * that is in neither list of words, or undefined.
 */
export function checkStringMap(cursor: ProtoCursor, words: Words): number | undefined {
  const entry: Entry = { key: 0, value: 0 };
  let bad: number | undefined;
  while (nextEntry(cursor, entry)) {
    if (!words.has(entry.key)) bad ??= entry.key;
    if (!words.has(entry.value)) bad ??= entry.value;
  }
  return bad;
}

/**
 * A string map that stays in the bytes of its message, where `checkStringMap` went over it without a find. A lookup
 * compares indices and bytes, and decodes the text that it returns.
 */
export class WireStringMap implements StringMap {
  readonly #cursor: ProtoCursor;
  readonly #from: number;
  readonly #words: Words;
  #whole: ReadonlyMap<string, string> | undefined;

  constructor(bytes: Buffer, from: number, to: number, words: Words) {
    this.#cursor = new ProtoCursor(bytes, from, to, 'StringMap');
    this.#from = from;
    this.#words = words;
  }

  get(key: string): string | undefined {
    const cursor = this.#cursor;
    if (this.#whole !== undefined || cursor.end - this.#from > maxScannedBytes) return this.#decoded().get(key);
    const entry: Entry = { key: 0, value: 0 };
    let found: number | undefined;
    cursor.at = this.#from;
    // Of equal keys the last one counts, as everywhere in protobuf.
    while (nextEntry(cursor, entry)) if (this.#words.equals(entry.key, key)) found = entry.value;
    return found === undefined ? undefined : this.#words.text(found);
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#decoded();
  }

  #decoded(): ReadonlyMap<string, string> {
    if (this.#whole !== undefined) return this.#whole;
    const cursor = this.#cursor;
    const whole = new Map<string, string>();
    const entry: Entry = { key: 0, value: 0 };
    cursor.at = this.#from;
    while (nextEntry(cursor, entry)) whole.set(this.#words.text(entry.key), this.#words.text(entry.value));
    this.#whole = whole;
    return whole;
  }
}
