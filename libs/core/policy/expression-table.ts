import type { Bag, Value, Vocabulary } from '@keelson/core/attributes';
import { compile, print, type CompiledExpression } from '@keelson/core/cexl';

/** The expressions of one configuration, each meaning once however often it is written. */
export class ExpressionTable {
  readonly expressions: CompiledExpression[] = [];
  /** By what is written, and by what that means. */
  readonly #written = new Map<string, number>();
  readonly #meanings = new Map<string, number>();

  constructor(readonly vocabulary: Vocabulary) {}

  /** The place of an expression, by which an evaluation knows it. Throws a CexlError. */
  add(text: string): number {
    let place = this.#written.get(text);
    if (place !== undefined) return place;
    const compiled = compile(text, this.vocabulary);
    const meaning = print(compiled.ast);
    place = this.#meanings.get(meaning);
    if (place === undefined) {
      place = this.expressions.push(compiled) - 1;
      this.#meanings.set(meaning, place);
    }
    this.#written.set(text, place);
    return place;
  }

  at(place: number): CompiledExpression {
    const found = this.expressions[place];
    if (found === undefined) throw new RangeError(`there is no expression ${place}`);
    return found;
  }
}

const unset = Symbol('not evaluated yet');
type Known = Value | undefined | typeof unset;

/** A request reads few of the expressions of a large configuration: values are kept in pages, made when one is read. */
const pageBits = 5;
const pageMask = (1 << pageBits) - 1;
const emptyPage: readonly Known[] = new Array<Known>(1 << pageBits).fill(unset);

/** Evaluates expressions over one bag, each at most once. */
export class Evaluation {
  readonly #pages: (Known[] | undefined)[] = [];
  /** How many characters the instances have that were made with it. */
  length = 0;

  constructor(
    readonly table: ExpressionTable,
    readonly bag: Bag,
  ) {}

  /** The value of the expression at a place; undefined where it has none. */
  value(place: number): Value | undefined {
    const page = (this.#pages[place >>> pageBits] ??= emptyPage.slice());
    const known = page[place & pageMask];
    if (known !== unset) return known;
    return (page[place & pageMask] = this.table.at(place).evaluate(this.bag));
  }

  /** Why an expression has no value. */
  failure(place: number): string {
    return this.table.at(place).failure(this.bag);
  }
}
