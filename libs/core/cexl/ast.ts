import type { Value, ValueType } from '@keelson/core/attributes';

/** A constant. A text that reads as a Go duration is one. */
export interface Literal {
  readonly kind: 'literal';
  readonly type: ValueType;
  readonly value: Value;
  /** As it was written, quotes and escapes included; `true` and `false` in lower case. */
  readonly text: string;
  /** Where it begins in the text of the expression. */
  readonly offset: number;
}

/** The value of an attribute; `a.b.c` is one name. */
export interface Attribute {
  readonly kind: 'attribute';
  readonly name: string;
  readonly offset: number;
}

/** A function, a method or an operator under its function's name (`==` is EQ, `m["k"]` is INDEX). */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  /** What a method is called on. */
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
  readonly offset: number;
}

export type Expression = Literal | Attribute | Call;

/** The canonical text: attributes as `$name`, calls as `f(a, b)`, methods as `target:f(a)`, literals as written. */
export function print(node: Expression): string {
  if (node.kind === 'literal') return node.text;
  if (node.kind === 'attribute') return `$${node.name}`;
  const target = node.target === undefined ? '' : `${print(node.target)}:`;
  return `${target}${node.name}(${node.args.map(print).join(', ')})`;
}
