import { problemError, ProblemError } from '@keelson/core/problems';
import { DeltaRecords } from './delta-records';
import { messageBytes, ProtoCursor, wireTypes } from './proto-cursor';
import { type DecodedBag, WireBag } from './wire-bag';
import type { WireVocabulary } from './wire-vocabulary';
import { Words } from './words';

const message = 'ReportRequest';
const fields = { ATTRIBUTES: 1, DEFAULT_WORDS: 2, GLOBAL_WORD_COUNT: 3, SEMANTICS: 4 } as const;

/** A record costs a caller two bytes, and Mixer a bag and a look at every rule. */
const mostRecords = 10_000;

/**
 * Reads the bytes of an `istio.mixer.v1.ReportRequest` record by record; they must not change meanwhile. A bag stays
 * true when later records are read.
 */
export class ReportReader {
  /** How many words of the global list the caller knows; more than there are here must be refused. */
  readonly globalWordCount: number;
  /** Whether each record stands alone; otherwise each tells what differs from the one before. */
  readonly independent: boolean;
  readonly recordCount: number;
  readonly #vocabulary: WireVocabulary;
  readonly #defaults: Words;
  readonly #cursor: ProtoCursor;
  #at = 0;
  #read = 0;
  #defaultBytes = 0;
  #largest = 0;
  #work = 0;
  #deltas: DeltaRecords | undefined;

  /**
   * Throws a ProblemError if the frame of the request is not protobuf, its semantics are unknown, or it holds more than
   * 10,000 records.
   */
  constructor(vocabulary: WireVocabulary, request: Uint8Array) {
    const bytes = messageBytes(request, message);
    const cursor = new ProtoCursor(bytes, 0, bytes.length, message);
    this.#vocabulary = vocabulary;
    this.#defaults = new Words(bytes, vocabulary);
    let recordCount = 0;
    let globalWordCount = 0;
    let semantics = 0;
    while (cursor.at < cursor.end) {
      const tag = cursor.tag();
      switch (tag >>> 3) {
        case fields.ATTRIBUTES:
          cursor.field = `attributes[${recordCount}]`;
          cursor.expect(tag, wireTypes.LENGTH);
          cursor.skip(wireTypes.LENGTH);
          if (++recordCount > mostRecords) throw tooManyRecords();
          break;
        case fields.DEFAULT_WORDS:
          cursor.field = 'default_words';
          cursor.expect(tag, wireTypes.LENGTH);
          {
            const start = cursor.at;
            this.#defaults.add(cursor);
            this.#defaultBytes += cursor.at - start;
          }
          break;
        case fields.GLOBAL_WORD_COUNT:
          cursor.field = 'global_word_count';
          cursor.expect(tag, wireTypes.VARINT);
          globalWordCount = cursor.int32() >>> 0;
          break;
        case fields.SEMANTICS:
          cursor.field = 'repeated_attributes_semantics';
          cursor.expect(tag, wireTypes.VARINT);
          semantics = cursor.int32();
          break;
        default:
          cursor.skip(tag & 7);
      }
      cursor.field = undefined;
    }
    if (semantics !== 0 && semantics !== 1) {
      throw problemError('invalid-value', `${semantics} is neither DELTA_ENCODING (0) nor INDEPENDENT_ENCODING (1)`, {
        object: message,
        field: 'repeated_attributes_semantics',
      });
    }
    this.recordCount = recordCount;
    this.globalWordCount = globalWordCount;
    this.independent = semantics === 1;
    this.#cursor = cursor;
  }

  /** How many records were read, with those that threw. */
  get read(): number {
    return this.#read;
  }

  /**
   * About how many bytes there were to look at, over the records that were read. In delta encoding a record of two bytes has
   * all that the ones before it have: it counts as the largest of them.
   */
  get work(): number {
    return this.#work;
  }

  /**
   * The attributes of the next record; undefined behind the last. Throws a ProblemError for a record that cannot be read:
   * call again for the one behind it. If the broken one is not protobuf, in delta encoding there is none behind it, since
   * what it changed is not known; `read` then stays below `recordCount`.
   */
  next(): DecodedBag | undefined {
    const cursor = this.#cursor;
    cursor.at = this.#at;
    cursor.end = cursor.bytes.length;
    cursor.path = undefined;
    cursor.field = undefined;
    while (cursor.at < cursor.end) {
      const tag = cursor.tag();
      if (tag >>> 3 !== fields.ATTRIBUTES) {
        cursor.skip(tag & 7);
        continue;
      }
      const length = cursor.length();
      cursor.end = cursor.at + length;
      this.#at = cursor.end;
      this.#largest = this.independent ? length : Math.max(this.#largest, length);
      this.#work += this.#largest + this.#defaultBytes;
      return this.#record(this.#read++);
    }
    return undefined;
  }

  #record(record: number): DecodedBag {
    const cursor = this.#cursor;
    cursor.path = `attributes[${record}]`;
    try {
      if (this.#deltas !== undefined) return this.#deltas.read(cursor, record, this.#defaults);
      const bag = new WireBag(cursor, this.#vocabulary, this.#defaults);
      if (!this.independent) this.#deltas = new DeltaRecords(bag, this.#vocabulary);
      return bag;
    } catch (error) {
      const understood = error instanceof ProblemError && error.code !== 'malformed';
      if (!this.independent && !understood) this.#at = cursor.bytes.length;
      throw error;
    }
  }
}

function tooManyRecords(): Error {
  const text = `more than ${mostRecords} records, send them in several calls`;
  return problemError('too-large', text, { object: message, field: 'attributes' });
}
