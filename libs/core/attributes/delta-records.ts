import { type Problem, ProblemError } from '@keelson/core/problems';
import { type AttributeSink, scanAttributes } from './attribute-scan';
import { ProblemList } from './problem-list';
import type { ProtoCursor } from './proto-cursor';
import { textUnder } from './string-map';
import type { Value } from './value';
import type { DecodedBag } from './wire-bag';
import { noCell, readCell } from './wire-cell';
import type { WireVocabulary } from './wire-vocabulary';
import type { Words } from './words';

/** What one record says of an attribute, and what an earlier one said. */
class Change {
  constructor(
    readonly record: number,
    readonly field: number,
    readonly key: number,
    readonly words: Words,
    public value: Value | undefined,
    public cell: number,
    readonly earlier: Change | undefined,
  ) {}
}

/**
 * The records of a report in delta encoding behind the first: each tells what differs from the one before. The bag of a
 * record is a number into this history, so it costs what the record changes, stays true when later records are read, and
 * shares decoded values with its neighbours.
 */
export class DeltaRecords {
  readonly #base: DecodedBag;
  readonly #vocabulary: WireVocabulary;
  readonly #newest: (Change | undefined)[];

  constructor(base: DecodedBag, vocabulary: WireVocabulary) {
    this.#base = base;
    this.#vocabulary = vocabulary;
    this.#newest = vocabulary.nothing.slice();
  }

  /**
   * Reads a record into the history, after those of smaller numbers.
   *
   * Throws a ProblemError `invalid-value` if an index is in neither list of words, a value is none, or an attribute is
   * there twice. What could be read of such a record still counts for later ones; an attribute that could not is absent
   * from then on, since the value before it is not true any more.
   */
  read(cursor: ProtoCursor, record: number, defaults: Words): DecodedBag {
    const sink = new ChangeSink(this.#newest, this.#vocabulary, record, `${cursor.message} ${cursor.path}`);
    scanAttributes(cursor, this.#vocabulary, defaults, sink, false);
    if (sink.errors.list.length > 0) throw new ProblemError(sink.errors.list);
    return new DeltaBag(this, cursor.bytes, record, sink.problems.list);
  }

  valueAt(slot: number, record: number, bytes: Buffer): Value | undefined {
    let change = this.#newest[slot];
    while (change !== undefined && change.record > record) change = change.earlier;
    if (change === undefined) return this.#base.get(slot);
    if (change.value === undefined && change.cell !== noCell) {
      change.value = readCell(change.cell, bytes, change.words);
    }
    return change.value;
  }
}

class DeltaBag implements DecodedBag {
  constructor(
    readonly records: DeltaRecords,
    readonly bytes: Buffer,
    readonly record: number,
    readonly problems: readonly Problem[],
  ) {}

  get(slot: number): Value | undefined {
    return this.records.valueAt(slot, this.record, this.bytes);
  }

  entry(slot: number, key: string): string | null | undefined {
    return textUnder(this.get(slot), key);
  }
}

/** Puts what one record holds in front of the history. */
class ChangeSink implements AttributeSink {
  readonly errors = new ProblemList();
  readonly problems = new ProblemList();
  #words: Words | undefined;

  constructor(
    readonly newest: (Change | undefined)[],
    readonly vocabulary: WireVocabulary,
    readonly record: number,
    readonly object: string,
  ) {}

  begin(words: Words): void {
    if (this.#words !== undefined) {
      this.errors.clear();
      this.problems.clear();
      for (const [slot, change] of this.newest.entries()) {
        if (change?.record === this.record) this.newest[slot] = change.earlier;
      }
    }
    this.#words = words;
  }

  put(slot: number, field: number, key: number, value: Value | undefined, cell: number): void {
    const { newest, record } = this;
    let earlier = newest[slot];
    if (earlier?.record === record) {
      if (earlier.field !== field || earlier.key !== key) {
        const name = this.vocabulary.vocabulary.names[slot];
        this.#error(() => ({ code: 'invalid-value', field: name, message: 'is there twice' }));
        value = undefined;
        cell = noCell;
      }
      earlier = earlier.earlier;
    }
    if (this.#words !== undefined) newest[slot] = new Change(record, field, key, this.#words, value, cell, earlier);
  }

  refuse(slot: number, field: number, key: number, problem: () => Problem): void {
    const declared = this.vocabulary.fields[slot];
    if (declared === 0 || declared === field) this.#error(problem);
    else this.problems.add(problem);
    this.put(slot, field, key, undefined, noCell);
  }

  ignore(problem: () => Problem): void {
    this.#error(problem);
  }

  #error(problem: () => Problem): void {
    this.errors.add(() => ({ ...problem(), object: this.object }));
  }
}
