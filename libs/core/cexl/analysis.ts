import type { Value, ValueType, Vocabulary } from '@keelson/core/attributes';
import type { Expression } from './ast';
import { CexlError } from './cexl-error';
import { checkAll, typeIn } from './checker';
import { operandsOf } from './functions';
import { missingOperation } from './missing-operation';
import { anything, outcomeOf, type Knowledge } from './outcome';

/** A condition without which an expression is not true. */
export interface Equality {
  readonly attribute: string;
  /** The key that is compared, where the attribute is a map. A key that the map lacks equals "". */
  readonly key: string | undefined;
  readonly value: Value;
  readonly type: ValueType;
}

/**
 * The conjuncts of an expression, under `&&`, that compare an attribute or a literal key of a map with a literal. If one
 * of them does not hold, the expression is false or fails.
 */
export function equalities(node: Expression): Equality[] {
  if (node.kind !== 'call') return [];
  if (node.name === 'LAND') return node.args.flatMap(equalities);
  const [left, right] = node.args;
  if (node.name !== 'EQ' || left === undefined || right === undefined) return [];
  const literal = right.kind === 'literal' ? right : left;
  const place = readPlace(right.kind === 'literal' ? left : right);
  if (place === undefined || literal.kind !== 'literal') return [];
  return [{ attribute: place.name, key: place.key, value: literal.value, type: literal.type }];
}

function readPlace(node: Expression): { name: string; key: string | undefined } | undefined {
  if (node.kind === 'attribute') return { name: node.name, key: undefined };
  if (node.kind !== 'call' || node.name !== 'INDEX') return undefined;
  const [map, key] = node.args;
  if (map?.kind !== 'attribute' || key?.kind !== 'literal' || key.type !== 'STRING') return undefined;
  return { name: map.name, key: key.value as string };
}

/** Whether a match can come out true. */
export type Truth = 'never' | 'maybe' | 'always';

/**
 * Whether an expression is true with what is known of the attributes; an error is not true, nor is what does not compile
 * or is no BOOL. Conservative: `maybe` where it cannot tell, which includes what two readings of one unknown attribute
 * would rule out together.
 *
 * @param known what is known of a name. Of a map that is `unknown` it is asked again, with a key: a value says that there
 *   is a map with that text, `absent` that the key is missing, whether or not there is a map.
 */
export function mayBeTrue(node: Expression, vocabulary: Vocabulary, known: Knowledge): Truth {
  const types = checkAll(node, vocabulary);
  if (types instanceof CexlError || typeIn(types, node) !== 'BOOL') return 'never';
  if (missingOperation(node, types) !== undefined) return 'never';
  const { value, failure } = outcomeOf(node, types, known);
  if (value !== true && value !== anything) return 'never';
  return value === true && failure === undefined ? 'always' : 'maybe';
}

/** What an expression reads. */
export interface Readings {
  /** The attributes, without maps of which only literal keys are read; each once. */
  readonly names: readonly string[];
  /** The keys of maps; each once. */
  readonly keys: readonly { readonly map: string; readonly key: string }[];
}

/** The attributes, and keys of maps, on which the value of an expression can depend. */
export function attributesOf(node: Expression): Readings {
  const names = new Set<string>();
  const keys = new Map<string, { map: string; key: string }>();
  const read = (part: Expression): void => {
    if (part.kind === 'attribute') names.add(part.name);
    if (part.kind !== 'call') return;
    const [map, key] = part.args;
    if (part.name === 'INDEX' && map !== undefined && key?.kind === 'literal' && key.type === 'STRING')
      readKey(map, key.value as string);
    else operandsOf(part).forEach(read);
  };
  const readKey = (map: Expression, key: string): void => {
    if (map.kind === 'attribute') keys.set(JSON.stringify([map.name, key]), { map: map.name, key });
    if (map.kind !== 'call') return;
    for (const [i, part] of operandsOf(map).entries())
      if (map.name === 'conditional' && i === 0) read(part);
      else readKey(part, key);
  };
  read(node);
  return { names: [...names], keys: [...keys.values()] };
}
