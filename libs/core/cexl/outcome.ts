import type { Bag, StringMap, Value, Vocabulary } from '@keelson/core/attributes';
import type { Call, Expression } from './ast';
import { typeIn, type Types } from './checker';
import { isDiscarded } from './fallback';
import { evaluatedArgs, operandsOf } from './functions';
import { operationOf, runOperation, whyFailed, type Operation } from './operations';

/** What is known of an attribute, or of a map's key. */
export type Known = { readonly value: Value } | 'absent' | 'unknown';

/** Tells what is known of an attribute; with a key, of that key of a map whose whole is not known. */
export type Knowledge = (name: string, key?: string) => Known;

/** A value that can be any of its type. */
export const anything = Symbol('anything');

/** What may come of evaluating an expression. With full knowledge it is one of these; else it may be several. */
export interface Outcome {
  /** The only value that it may have; undefined where it cannot have one. */
  readonly value: Value | typeof anything | undefined;
  /** The error that may end the evaluation. */
  readonly failure: string | undefined;
  /** Whether it may be absent, so that `|` goes on to its right. Never where nothing catches that: there it is a failure. */
  readonly absent: boolean;
}

/** What may be under a key of a map. */
interface Entry {
  readonly value: string | typeof anything | undefined;
  /** Whether the map may lack the key. */
  readonly missing: boolean;
  /** Whether it is certain that there is a map. */
  readonly present: boolean;
}

/** What may come of evaluating a map whose keys are looked up. */
interface MapOutcome {
  /** Undefined where there cannot be a map. */
  readonly entry: ((key: string | typeof anything) => Entry) | undefined;
  /** The error that may come before there is a map, or none. */
  readonly failure: string | undefined;
  /** The error if there is no map; undefined where there is one, or where `absent` tells that. */
  readonly absence: string | undefined;
  readonly absent: boolean;
}

const absent: Outcome = { value: undefined, failure: undefined, absent: true };

/** What may come of evaluating a checked expression, with what is known of the attributes. */
export function outcomeOf(node: Expression, types: Types, knowledge: Knowledge): Outcome {
  return new Evaluation(types, knowledge).outcome(node, false);
}

/** Why a checked expression has no value over a bag; "" where it has one. */
export function failureOf(node: Expression, types: Types, vocabulary: Vocabulary, bag: Bag): string {
  const knowledge: Knowledge = (name) => {
    const slot = vocabulary.slotOf(name);
    const value = slot === undefined ? undefined : bag.get(slot);
    return value === undefined ? 'absent' : { value };
  };
  return outcomeOf(node, types, knowledge).failure ?? '';
}

/** One evaluation. In all that follows, `caught` is whether it stands on the left of `|`, where it may be absent. */
class Evaluation {
  readonly #types: Types;
  readonly #knowledge: Knowledge;

  constructor(types: Types, knowledge: Knowledge) {
    this.#types = types;
    this.#knowledge = knowledge;
  }

  outcome(node: Expression, caught: boolean): Outcome {
    if (node.kind === 'literal') return certain(node.value);
    if (node.kind === 'attribute') {
      const known = this.#knowledge(node.name);
      if (typeof known === 'object') return certain(known.value);
      const value = known === 'unknown' ? anything : undefined;
      return caught
        ? { value, failure: undefined, absent: true }
        : { value, failure: unresolved(node.name), absent: false };
    }
    if (node.name === 'OR') return this.#fallback(node, caught);
    if (node.name === 'INDEX') return this.#index(node, caught);
    const outcome = this.#call(node);
    if (!caught || !isDiscarded(node)) return outcome;
    return { value: undefined, failure: outcome.failure, absent: outcome.value !== undefined };
  }

  #call(node: Call): Outcome {
    const [first, second, third] = node.args;
    if (node.name === 'LAND' || node.name === 'LOR') return this.#logic(node);
    if (node.name !== 'conditional') return this.#operation(node);
    if (first === undefined || second === undefined || third === undefined) return absent;
    const condition = this.outcome(first, false);
    return after(condition, [
      ...(canBe(condition, true) ? [this.outcome(second, false)] : []),
      ...(canBe(condition, false) ? [this.outcome(third, false)] : []),
    ]);
  }

  #logic(node: Call): Outcome {
    const decisive = node.name === 'LOR';
    let outcome = certain(!decisive);
    for (const arg of evaluatedArgs(node)) {
      if (!canBe(outcome, !decisive)) break;
      const settled = canBe(outcome, decisive) ? [certain(decisive)] : [];
      outcome = after(outcome, [...settled, this.outcome(arg, false)]);
    }
    return outcome;
  }

  #fallback(node: Call, caught: boolean): Outcome {
    const [left, right] = node.args;
    if (left === undefined || right === undefined) return absent;
    const first = this.outcome(left, true);
    if (!first.absent) return first;
    return after(first, [{ ...first, failure: undefined, absent: false }, this.outcome(right, caught)]);
  }

  #operation(node: Call): Outcome {
    const nodes = operandsOf(node);
    const values: (Value | typeof anything)[] = [];
    let failure: string | undefined;
    for (const arg of nodes) {
      const outcome = this.outcome(arg, false);
      failure ??= outcome.failure;
      if (outcome.value === undefined) return { value: undefined, failure, absent: false };
      values.push(outcome.value);
    }
    const first = nodes[0];
    const operation = operationOf(node.name, first === undefined ? undefined : typeIn(this.#types, first));
    if (operation === undefined) throw new Error(`${node.name} has no operation`);
    const result = applied(operation, values);
    const negated = node.name === 'NEQ' && typeof result.value === 'boolean' ? !result.value : result.value;
    return { value: negated, failure: failure ?? result.failure, absent: false };
  }

  #index(node: Call, caught: boolean): Outcome {
    const [mapNode, keyNode] = node.args;
    if (mapNode === undefined || keyNode === undefined) return absent;
    const map = this.#map(mapNode, caught);
    const mapFailure = map.failure ?? map.absence;
    if (map.entry === undefined) return { value: undefined, failure: mapFailure, absent: map.absent };
    const key = this.outcome(keyNode, caught);
    if (key.value === undefined)
      return { value: undefined, failure: mapFailure ?? key.failure, absent: map.absent || key.absent };
    const entry = map.entry(key.value as string | typeof anything);
    return {
      value: caught || !entry.missing ? entry.value : entry.value === undefined ? '' : anything,
      failure: (entry.present ? map.failure : mapFailure) ?? key.failure,
      absent: (map.absent && !entry.present) || key.absent || (caught && entry.missing),
    };
  }

  #map(node: Expression, caught: boolean): MapOutcome {
    if (node.kind === 'attribute') return this.#attributeMap(node.name, caught);
    const [first, second, third] = node.kind === 'call' ? node.args : [];
    if (node.kind === 'call' && node.name === 'OR' && first !== undefined && second !== undefined) {
      const left = this.#map(first, true);
      if (!left.absent) return left;
      const right = this.#map(second, caught);
      return {
        entry: joined(left.entry, right.entry, (a, b) => (a.present ? a : eitherEntry(a, b))),
        failure: left.failure ?? right.failure,
        absence: right.absence,
        absent: right.absent,
      };
    }
    if (node.kind === 'call' && node.name === 'conditional' && second !== undefined && third !== undefined) {
      const condition = this.outcome(first ?? node, false);
      const yes = canBe(condition, true) ? this.#map(second, false) : undefined;
      const no = canBe(condition, false) ? this.#map(third, false) : undefined;
      return {
        entry: joined(yes?.entry, no?.entry, eitherEntry),
        failure: condition.failure ?? yes?.failure ?? no?.failure,
        absence: yes?.absence ?? no?.absence,
        absent: false,
      };
    }
    const entry: Entry = { value: undefined, missing: true, present: true };
    return { entry: () => entry, failure: undefined, absence: undefined, absent: false };
  }

  #attributeMap(name: string, caught: boolean): MapOutcome {
    const known = this.#knowledge(name);
    const absence = caught ? undefined : unresolved(name);
    if (known === 'absent') return { entry: undefined, failure: undefined, absence, absent: caught };
    if (known === 'unknown')
      return { entry: (key) => this.#unknownEntry(name, key), failure: undefined, absence, absent: caught };
    const map = known.value as StringMap;
    const entry = (key: string | typeof anything): Entry => {
      if (key === anything) return { value: anything, missing: true, present: true };
      const value = map.get(key);
      return { value, missing: value === undefined, present: true };
    };
    return { entry, failure: undefined, absence: undefined, absent: false };
  }

  #unknownEntry(name: string, key: string | typeof anything): Entry {
    const known = key === anything ? 'unknown' : this.#knowledge(name, key);
    if (known === 'unknown') return { value: anything, missing: true, present: false };
    if (known === 'absent') return { value: undefined, missing: true, present: false };
    return { value: known.value as string, missing: false, present: true };
  }
}

function unresolved(name: string): string {
  return `lookup failed: '${name}'`;
}

function certain(value: Value): Outcome {
  return { value, failure: undefined, absent: false };
}

function canBe({ value }: Outcome, which: boolean): boolean {
  return value === which || value === anything;
}

/** One of several outcomes, if what comes before them does not fail. */
function after(before: Outcome, outcomes: readonly Outcome[]): Outcome {
  return {
    value: outcomes.map(({ value }) => value).reduce(either, undefined),
    failure: outcomes.reduce((failure, outcome) => failure ?? outcome.failure, before.failure),
    absent: outcomes.some((outcome) => outcome.absent),
  };
}

function either<T>(
  a: T | typeof anything | undefined,
  b: T | typeof anything | undefined,
): T | typeof anything | undefined {
  if (a === undefined || a === b) return b;
  return b === undefined ? a : anything;
}

function joined(
  a: MapOutcome['entry'],
  b: MapOutcome['entry'],
  join: (a: Entry, b: Entry) => Entry,
): MapOutcome['entry'] {
  return a === undefined || b === undefined ? (a ?? b) : (key) => join(a(key), b(key));
}

function eitherEntry(a: Entry, b: Entry): Entry {
  return { value: either(a.value, b.value), missing: a.missing || b.missing, present: a.present && b.present };
}

function applied(operation: Operation, values: readonly (Value | typeof anything)[]): Outcome {
  const known = values.filter((value) => value !== anything);
  if (known.length < values.length)
    return { value: anything, failure: operation.why === undefined ? undefined : 'unknown', absent: false };
  const value = runOperation(operation, known);
  return value === undefined
    ? { value: undefined, failure: whyFailed(operation, known), absent: false }
    : certain(value);
}
