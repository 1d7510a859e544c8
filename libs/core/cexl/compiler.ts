import type { Bag, Value, ValueType, Vocabulary } from '@keelson/core/attributes';
import type { Expression } from './ast';
import { CexlError } from './cexl-error';
import { checkAll, typeIn } from './checker';
import { generate, link } from './generator';
import { missingOperation } from './missing-operation';
import { failureOf } from './outcome';
import { parse } from './parser';

/** An expression that can be evaluated over the bags of a vocabulary. */
export interface CompiledExpression {
  /** As it was written. */
  readonly text: string;
  readonly type: ValueType;
  readonly ast: Expression;
  /** The value, of the expression's type; undefined where it has none (an absent attribute, a text that is no address). */
  evaluate(bag: Bag): Value | undefined;
  /** Why there is no value, in Mixer's words; "" where there is one. It evaluates again, slowly. */
  failure(bag: Bag): string;
}

/**
 * Makes an expression into a function. Constant parts are evaluated once, here; one that fails makes no error before its
 * evaluation is asked for, as in Mixer. The engine's part of the work is left to the first evaluation.
 *
 * @throws CexlError
 */
export function compile(text: string, vocabulary: Vocabulary): CompiledExpression {
  const ast = parse(text);
  const types = checkAll(ast, vocabulary);
  if (types instanceof CexlError) throw types;
  const missing = missingOperation(ast, types);
  if (missing !== undefined) throw missing;
  const code = generate(ast, types, vocabulary);
  const compiled: { -readonly [K in keyof CompiledExpression]: CompiledExpression[K] } = {
    text,
    type: typeIn(types, ast),
    ast,
    // Configuration is compiled by programs that never evaluate it, to see what is wrong with it.
    evaluate: (bag) => (compiled.evaluate = link(code))(bag),
    failure: (bag) => failureOf(ast, types, vocabulary, bag),
  };
  return compiled;
}
