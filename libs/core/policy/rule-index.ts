import type { Value, Vocabulary } from '@keelson/core/attributes';
import type { Equality } from '@keelson/core/cexl';
import type { Evaluation } from './expression-table';
import type { CompiledRule } from './rule';

/** Rules that are only looked at where one attribute, or one key of a map, has a certain text or number. */
interface Gate {
  readonly slot: number;
  readonly key: string | undefined;
  readonly byValue: ReadonlyMap<Value, readonly number[]>;
}

/** Told of a match that has no value: it counts as false. */
export type MatchFailed = (title: string, failure: string) => void;

const ignore: MatchFailed = () => undefined;

/**
 * Finds the rules that match a request. A rule that compares an attribute with a literal is filed under that literal, so
 * that a request touches only the rules that can match it.
 */
export class RuleIndex {
  readonly #gates: readonly Gate[];
  readonly #always: readonly number[];

  /** @param before rules that are matched before these: those of the root namespace, filed once for all others */
  constructor(
    private readonly rules: readonly CompiledRule[],
    vocabulary: Vocabulary,
    private readonly before?: RuleIndex,
  ) {
    const filed = new Map<string, { slot: number; key: string | undefined; byValue: Map<Value, number[]> }>();
    const always: number[] = [];
    const popularity = countPlaces(rules);
    for (const [i, rule] of rules.entries()) {
      const equality = mostPopular(rule.equalities.filter(isComparable), popularity);
      const slot = equality && vocabulary.slotOf(equality.attribute);
      if (equality === undefined || slot === undefined) {
        always.push(i);
        continue;
      }
      const place = placeOf(equality);
      let gate = filed.get(place);
      if (!gate) filed.set(place, (gate = { slot, key: equality.key, byValue: new Map() }));
      const list = gate.byValue.get(equality.value);
      if (list) list.push(i);
      else gate.byValue.set(equality.value, [i]);
    }
    this.#gates = [...filed.values()];
    this.#always = always;
  }

  /** All rules, in their order. */
  all(): readonly CompiledRule[] {
    return this.before === undefined ? this.rules : [...this.before.all(), ...this.rules];
  }

  /** The rules that match, in their order. */
  matching(evaluation: Evaluation, failed: MatchFailed = ignore): CompiledRule[] {
    const matching = this.before?.matching(evaluation, failed) ?? [];
    const candidates = this.#candidates(evaluation);
    for (const i of candidates) {
      const rule = this.rules[i];
      if (rule === undefined) continue;
      const value = rule.match === undefined ? true : evaluation.value(rule.match);
      if (value === true) matching.push(rule);
      else if (value === undefined && rule.match !== undefined) failed(rule.title, evaluation.failure(rule.match));
    }
    return matching;
  }

  #candidates(evaluation: Evaluation): readonly number[] {
    let found: number[] | undefined;
    for (const { slot, key, byValue } of this.#gates) {
      // What a map lacks equals "", and what is absent equals nothing.
      const value = key === undefined ? evaluation.bag.get(slot) : (evaluation.bag.entry(slot, key) ?? undefined);
      const missing = key !== undefined && value === undefined ? byValue.get('') : undefined;
      const rules = value === undefined ? missing : byValue.get(value);
      if (rules !== undefined) found = [...(found ?? this.#always), ...rules];
    }
    return found === undefined ? this.#always : found.sort((a, b) => a - b);
  }
}

/** Whether equal values of its type are the same to a Map. */
function isComparable({ type }: Equality): boolean {
  return type === 'STRING' || type === 'INT64' || type === 'BOOL';
}

function placeOf({ attribute, key }: Equality): string {
  return JSON.stringify([attribute, key ?? null]);
}

/** How many rules compare each place: those are filed where most others are, so that few places are read. */
function countPlaces(rules: readonly CompiledRule[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { equalities } of rules)
    for (const place of new Set(equalities.map(placeOf))) counts.set(place, (counts.get(place) ?? 0) + 1);
  return counts;
}

function mostPopular(equalities: readonly Equality[], counts: ReadonlyMap<string, number>): Equality | undefined {
  let best: Equality | undefined;
  for (const each of equalities)
    if (best === undefined || (counts.get(placeOf(each)) ?? 0) > (counts.get(placeOf(best)) ?? 0)) best = each;
  return best;
}
