import type { Problem } from '@keelson/core/problems';
import { globalWords } from './dictionary';
import { type ProtoCursor, wireTypes } from './proto-cursor';
import type { Value } from './value';
import { bytesCell, stringMapCell, textCell } from './wire-cell';
import { checkStringMap } from './wire-string-map';
import { readDuration, readTimestamp } from './wire-times';
import { attributeFields, outside, type WireVocabulary } from './wire-vocabulary';
import { Words } from './words';

/**
 * Takes what a scan finds. `key` is the index under which an attribute is sent, `field` the number of its field. Problems are
 * made when they are asked for: a message can have very many.
 */
export interface AttributeSink {
  /** A scan starts, with these words. It may start a second time, and then nothing of the first one counts. */
  begin(words: Words): void;
  /** An attribute: its value, or else the cell from which that is read. */
  put(slot: number, field: number, key: number, value: Value | undefined, cell: number): void;
  /** An attribute whose type is not the declared one, or whose value is none. */
  refuse(slot: number, field: number, key: number, problem: () => Problem): void;
  /** An entry that is no attribute, although it means to be one. */
  ignore(problem: () => Problem): void;
}

// Taken out of their module once: compiled code would go through its getter at each use.
const { VARINT, LENGTH } = wireTypes;
const { STRINGS, INT64S, DOUBLES, BOOLS, TIMESTAMPS, DURATIONS, BYTES, STRING_MAPS } = attributeFields;
const nowhere = outside;

const fieldNames = [
  '',
  'words',
  'strings',
  'int64s',
  'doubles',
  'bools',
  'timestamps',
  'durations',
  'bytes',
  'string_maps',
];
const valueWireTypes: readonly number[] = [0, 0, 0, 0, 1, 0, 2, 2, 2, 2];
const keyTag = 0x08;
const wordTag = 0x0a;
const lastEntryTag = (STRING_MAPS << 3) | LENGTH;
const valueTagBits = 0x10;
const emptyMap: ReadonlyMap<string, string> = new Map();

/**
 * Goes once over the `istio.mixer.v1.CompressedAttributes` between the cursor and its end, and tells the sink each
 * attribute that has a slot. Others are skipped without a look at their values. A message without words uses the default
 * ones. Throws a ProblemError `malformed` for what is not protobuf.
 *
 * @param byName whether attributes are looked up by name, as Mixer does in checks and in the first record of a report
 * (see `Words.leadsTo`); otherwise each index speaks for itself
 */
export function scanAttributes(
  cursor: ProtoCursor,
  vocabulary: WireVocabulary,
  defaults: Words | undefined,
  sink: AttributeSink,
  byName: boolean,
): void {
  new AttributeScan(cursor, vocabulary, defaults, sink, byName).run();
}

class AttributeScan {
  readonly #cursor: ProtoCursor;
  readonly #vocabulary: WireVocabulary;
  readonly #sink: AttributeSink;
  readonly #byName: boolean;
  #words: Words;

  constructor(
    cursor: ProtoCursor,
    vocabulary: WireVocabulary,
    defaults: Words | undefined,
    sink: AttributeSink,
    byName: boolean,
  ) {
    this.#cursor = cursor;
    this.#vocabulary = vocabulary;
    this.#sink = sink;
    this.#byName = byName;
    this.#words = defaults === undefined || this.#atWord() ? new Words(cursor.bytes, vocabulary) : defaults;
  }

  run(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    cursor.field = fieldNames[1];
    while (this.#atWord()) {
      cursor.at++;
      this.#words.add(cursor);
    }
    if (this.#scanEntries(false)) return;
    // Words behind attributes: nobody sends them so, but protobuf allows it. Once more, with all words known.
    cursor.at = start;
    this.#collectWords();
    cursor.at = start;
    this.#scanEntries(true);
  }

  #atWord(): boolean {
    const { at, end, bytes } = this.#cursor;
    return at < end && bytes[at] === wordTag;
  }

  #collectWords(): void {
    const cursor = this.#cursor;
    this.#words = new Words(cursor.bytes, this.#vocabulary);
    while (cursor.at < cursor.end) {
      const tag = cursor.tag();
      cursor.field = fieldNames[tag >>> 3];
      if (tag === wordTag) this.#words.add(cursor);
      else cursor.skip(tag & 7);
    }
  }

  /** False if it stopped at a word, and words were not to be skipped. */
  #scanEntries(skipWords: boolean): boolean {
    this.#sink.begin(this.#words);
    const cursor = this.#cursor;
    const { end } = cursor;
    while (cursor.at < end) {
      if (this.#scanUsualEntry()) continue;
      cursor.field = undefined;
      const tag = cursor.tag();
      const field = tag >>> 3;
      if (field > STRING_MAPS) {
        cursor.skip(tag & 7);
        continue;
      }
      cursor.field = fieldNames[field];
      cursor.expect(tag, LENGTH);
      if (field === 1) {
        if (!skipWords) return false;
        cursor.skip(LENGTH);
        continue;
      }
      const length = cursor.length();
      const next = cursor.at + length;
      cursor.end = next;
      this.#scanEntry(field);
      cursor.at = next;
      cursor.end = end;
    }
    return true;
  }

  /**
   * Reads an entry of the form in which encoders write nearly all of them: tag and length of a byte each, the key in at most
   * two bytes, the value, nothing else. False, with the cursor where it was, for any other; this only saves time.
   */
  #scanUsualEntry(): boolean {
    const cursor = this.#cursor;
    const { bytes, at, end } = cursor;
    if (at + 5 > end || bytes[at + 2] !== keyTag) return false;
    const tag = bytes[at] ?? 0;
    const length = bytes[at + 1] ?? 0;
    const next = at + 2 + length;
    if ((tag & 7) !== LENGTH || tag <= wordTag || tag > lastEntryTag || length >= 0x80 || next > end) return false;
    let key = bytes[at + 3] ?? 0;
    let tagAt = at + 4;
    if (key >= 0x80) {
      const high = bytes[tagAt++] ?? 0;
      if (high >= 0x80) return false;
      key = (key & 0x7f) | (high << 7);
    }
    const field = tag >>> 3;
    const wireType = valueWireTypes[field] ?? 0;
    if (tagAt >= next || bytes[tagAt] !== (valueTagBits | wireType)) return false;
    const valueAt = tagAt + 1;
    if (wireType === VARINT) {
      let last = valueAt;
      while (last < next && (bytes[last] ?? 0) >= 0x80) last++;
      if (last !== next - 1 || last - valueAt >= 9) return false;
    } else if (wireType === LENGTH) {
      const size = bytes[valueAt] ?? 0;
      if (size >= 0x80 || valueAt + 1 + size !== next) return false;
    } else if (valueAt + 8 !== next) {
      return false;
    }
    cursor.field = fieldNames[field];
    cursor.end = next;
    this.#take(field, (key >>> 1) ^ -(key & 1), valueAt);
    cursor.at = next;
    cursor.end = end;
    return true;
  }

  /** One entry of one of the maps: `{key = 1, value = 2}`, each of which may be missing. */
  #scanEntry(field: number): void {
    const cursor = this.#cursor;
    const wireType = valueWireTypes[field] ?? 0;
    const valueTag = valueTagBits | wireType;
    let key = 0;
    let valueAt = 0;
    while (cursor.at < cursor.end) {
      const tag = cursor.tag();
      if (tag === keyTag) {
        key = cursor.sint32();
      } else if (tag === valueTag) {
        valueAt = cursor.at;
        cursor.skip(wireType);
      } else if (tag >>> 3 <= 2) {
        cursor.expect(tag, tag >>> 3 === 1 ? VARINT : wireType);
      } else {
        cursor.skip(tag & 7);
      }
    }
    this.#take(field, key, valueAt);
  }

  /** Takes an entry by its key and the position of its value, 0 for a missing one. */
  #take(field: number, key: number, valueAt: number): void {
    const words = this.#words;
    const slot = words.slotAt(key);
    if (slot < 0) {
      if (slot === nowhere) {
        const reason = unknownIndex(key, words);
        this.#sink.ignore(() => invalid(whereOf(this.#cursor), reason()));
      }
      return;
    }
    if (this.#byName && !words.leadsTo(slot, key)) {
      const reason = `is sent under the word index ${key}, but another word of the message is its name, too`;
      this.#sink.ignore(() => invalid(this.#nameOf(slot), reason));
      return;
    }
    const declared = this.#vocabulary.fields[slot] ?? 0;
    if (declared !== 0 && declared !== field) {
      const type = this.#vocabulary.vocabulary.typeAt(slot);
      const reason = `is declared as ${type}, but sent among the ${fieldNames[field]}`;
      this.#sink.refuse(slot, field, key, () => invalid(this.#nameOf(slot), reason));
      return;
    }
    const reason = this.#takeValue(field, valueAt, slot, key, declared);
    if (reason !== undefined) this.#sink.refuse(slot, field, key, () => invalid(this.#nameOf(slot), reason()));
  }

  /** Puts the value at a position; a missing one is the type's zero, as protobuf has it. Returns why it is no value. */
  #takeValue(field: number, valueAt: number, slot: number, key: number, declared: number): (() => string) | undefined {
    const cursor = this.#cursor;
    const words = this.#words;
    const missing = valueAt === 0;
    cursor.at = missing ? cursor.end : valueAt;
    let value: Value | undefined;
    let cell = 0;
    switch (field) {
      case STRINGS: {
        const index = missing ? 0 : cursor.sint32();
        if (!words.has(index)) return unknownIndex(index, words);
        cell = textCell(index);
        break;
      }
      case INT64S:
        value = missing ? 0 : cursor.int64();
        break;
      case DOUBLES:
        value = missing ? 0 : cursor.double();
        break;
      case BOOLS:
        value = missing ? false : cursor.bool();
        break;
      case TIMESTAMPS:
        if (!missing) enter(cursor);
        value = readTimestamp(cursor);
        if (value === undefined) return noTimestamp;
        break;
      case DURATIONS:
        if (!missing) enter(cursor);
        value = readDuration(cursor);
        if (value === undefined) return noDuration;
        break;
      case BYTES: {
        const length = missing ? 0 : cursor.length();
        if (declared !== 0 && length !== 4 && length !== 16) {
          return () => `is an IP address of ${length} bytes instead of 4 or 16`;
        }
        if (missing) value = new Uint8Array();
        else cell = bytesCell(valueAt);
        break;
      }
      case STRING_MAPS: {
        if (!missing) enter(cursor);
        const bad = checkStringMap(cursor, words);
        if (bad !== undefined) return unknownIndex(bad, words);
        if (missing) value = emptyMap;
        else cell = stringMapCell(valueAt);
        break;
      }
    }
    this.#sink.put(slot, field, key, value, cell);
    return undefined;
  }

  #nameOf(slot: number): string | undefined {
    return this.#vocabulary.vocabulary.names[slot];
  }
}

/** Narrows the cursor to the message that stands there with its length. */
function enter(cursor: ProtoCursor): void {
  const length = cursor.length();
  cursor.end = cursor.at + length;
}

const noTimestamp = (): string => 'is a timestamp outside of the years 1 to 9999';
const noDuration = (): string => 'is no duration of at most 2^63 nanoseconds';

function unknownIndex(index: number, words: Words): () => string {
  return () => `word index ${index} is neither in ${listsOf(words)}`;
}

function listsOf(words: Words): string {
  return `the global list (${globalWords.length} words) nor in the message's (${words.count})`;
}

function invalid(field: string | undefined, message: string): Problem {
  return { code: 'invalid-value', field, message };
}

function whereOf(cursor: ProtoCursor): string {
  return [cursor.path, cursor.field].filter((part) => part !== undefined).join('.');
}
