import type { Call, Expression } from './ast';

/**
 * Whether the value of an expression is dropped when it stands on the left of `|`: Mixer's compiler evaluates operators
 * and `size` there for their errors alone, and goes on to the right.
 */
export function isDiscarded({ name }: Call): boolean {
  return ['EQ', 'NEQ', 'LT', 'LEQ', 'GT', 'GEQ', 'LAND', 'LOR', 'ADD', 'size'].includes(name);
}

/** Whether an expression on the left of `|` may end the evaluation with an error. */
export function canFail(node: Expression): boolean {
  if (node.kind !== 'call') return false;
  if (node.name !== 'OR' && node.name !== 'INDEX') return node.name !== 'emptyStringMap';
  return node.args.some(canFail);
}
