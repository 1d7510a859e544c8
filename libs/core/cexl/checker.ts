import type { ValueType, Vocabulary } from '@keelson/core/attributes';
import { print, type Call, type Expression } from './ast';
import { CexlError } from './cexl-error';
import { evaluatedArgs, signatures, type Parameter } from './functions';

/** The types of expressions: of each that is evaluated, however deep. */
export type Types = ReadonlyMap<Expression, ValueType>;

/**
 * The type of an expression over a vocabulary, or what is wrong with it, in Mixer's words. Arguments beyond those that a
 * function takes are not looked at, here or in evaluation, but for those of LAND: Mixer evaluates them all, so they have
 * to be of its type.
 */
export function check(node: Expression, vocabulary: Vocabulary): ValueType | CexlError {
  const types = checkAll(node, vocabulary);
  return types instanceof CexlError ? types : typeIn(types, node);
}

/** Like `check`, and tells the types of the parts too. */
export function checkAll(node: Expression, vocabulary: Vocabulary): Types | CexlError {
  const types = new Map<Expression, ValueType>();
  const problem = note(node, vocabulary, types);
  return problem ?? types;
}

/** The type of a part of a checked expression. */
export function typeIn(types: Types, node: Expression): ValueType {
  const type = types.get(node);
  if (type === undefined) throw new Error(`${print(node)} was not checked`);
  return type;
}

function note(node: Expression, vocabulary: Vocabulary, types: Map<Expression, ValueType>): CexlError | undefined {
  if (node.kind === 'call') return noteCall(node, vocabulary, types);
  const type = node.kind === 'literal' ? node.type : vocabulary.typeOf(node.name);
  if (type === undefined) return problem(node, `unknown attribute ${(node as { name: string }).name}`);
  types.set(node, type);
  return undefined;
}

function noteCall(call: Call, vocabulary: Vocabulary, types: Map<Expression, ValueType>): CexlError | undefined {
  const { name, target, args } = call;
  const signature = signatures.get(name);
  if (signature === undefined) return problem(call, `unknown function: ${name}`);
  if (target === undefined) {
    if (signature.target !== undefined) return problem(call, `invoking instance method without an instance: ${name}`);
  } else {
    if (signature.target === undefined) return problem(call, `invoking regular function on instance method: ${name}`);
    const wrong = note(target, vocabulary, types);
    if (wrong !== undefined) return wrong;
    const got = typeIn(types, target);
    if (got !== signature.target)
      return problem(call, `${print(call)} target typeError got ${got}, expected ${signature.target}`);
  }
  if (args.length < signature.args.length)
    return problem(
      call,
      `${print(call)} arity mismatch. Got ${args.length} arg(s), expected ${signature.args.length} arg(s)`,
    );
  let common: ValueType | undefined;
  for (const [i, arg] of evaluatedArgs(call).entries()) {
    const wrong = note(arg, vocabulary, types);
    if (wrong !== undefined) return wrong;
    const got = typeIn(types, arg);
    const parameter: Parameter = signature.args[i] ?? 'BOOL';
    if (parameter === 'T') common ??= got;
    const expected = parameter === 'T' ? common : parameter;
    if (got !== expected)
      return problem(
        arg,
        `${print(call)} arg ${i + 1} (${print(arg)}) typeError got ${got}, expected ${expected ?? ''}`,
      );
  }
  const returns = signature.returns === 'T' ? common : signature.returns;
  if (returns !== undefined) types.set(call, returns);
  return undefined;
}

function problem(node: Expression, message: string): CexlError {
  return new CexlError('type', message, node.offset);
}
