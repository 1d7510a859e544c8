import type { Value, ValueType } from '@keelson/core/attributes';
import { textOf } from '@keelson/core/cexl';
import type { InstanceValues } from '@keelson/core/policy';
import { joinedKey } from '../joined-key';
import { labelPairs } from './text-format';

/** Values of a list of labels. All metrics with the same labels share it. */
export class LabelSet {
  /** How many series have it; without any it is forgotten. */
  #users = 0;
  #pairs: string | undefined;

  constructor(
    private readonly space: LabelSpace,
    private readonly key: string,
    private readonly values: readonly string[],
  ) {}

  get used(): boolean {
    return this.#users > 0;
  }

  /** The labels as they stand in an export, sorted by name. */
  get pairs(): string {
    return (this.#pairs ??= labelPairs(this.space.sorted.map(([name, place]) => [name, this.values[place] ?? ''])));
  }

  acquire(): void {
    if (this.#users++ === 0) this.space.sets.set(this.key, this);
  }

  release(): void {
    if (--this.#users === 0) this.space.sets.delete(this.key);
  }
}

/** The sets of values of one list of labels. */
export class LabelSpace {
  readonly sets = new Map<string, LabelSet>();
  /** The names in order, each with its place in the list. */
  readonly sorted: readonly (readonly [name: string, place: number])[];

  constructor(labelNames: readonly string[]) {
    this.sorted = labelNames.map((name, place) => [name, place] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The set of these values, which is known once a series has acquired it. */
  at(values: string[]): LabelSet {
    const key = joinedKey(values);
    return this.sets.get(key) ?? new LabelSet(this, key, values);
  }
}

/** A dimension of an instance, whose value becomes a label. */
export interface Dimension {
  readonly name: string;
  readonly type: ValueType;
}

/**
 * Finds the label set of instances that have the same dimensions. The metrics of one request nearly always have the same
 * values, and those of the next request often: a look-up begins with what was found last.
 */
export class LabelReader {
  readonly #last: (Value | undefined)[];
  #lastDimensions: InstanceValues | undefined;
  #lastSet: LabelSet | undefined;

  constructor(
    private readonly space: LabelSpace,
    private readonly dimensions: readonly Dimension[],
  ) {
    this.#last = dimensions.map(() => undefined);
  }

  find(values: InstanceValues): LabelSet {
    const last = this.#lastSet;
    if (last?.used && (values === this.#lastDimensions || this.#same(values))) return last;
    const texts = this.dimensions.map(({ name, type }, i) => {
      const value = values[name] as Value;
      this.#last[i] = value;
      return textOf(value, type);
    });
    this.#lastDimensions = values;
    return (this.#lastSet = this.space.at(texts));
  }

  #same(values: InstanceValues): boolean {
    for (let i = 0; i < this.dimensions.length; i++)
      if (values[(this.dimensions[i] as Dimension).name] !== this.#last[i]) return false;
    return true;
  }
}
