import type { Call, Expression, Literal } from './ast';
import { CexlError } from './cexl-error';
import { literalValue } from './literals';
import { Scanner, type Token } from './scanner';

/** The longest expression, in UTF-16 units. */
export const maxLength = 8192;
/** How many parentheses, brackets, calls and signs may stand in one another. */
export const maxNesting = 100;
/** How many operands a chain of operators may have, and how high the tree may be: all that walks it does so by recursion. */
export const maxHeight = 500;

const precedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  ...bind(3, '== != < <= > >= ='),
  ...bind(4, '+ - | ^'),
  ...bind(5, '* / % << >> & &^'),
};

/** The functions that operators stand for. Go's others have none. */
const functionNames: Readonly<Record<string, string>> = {
  '+': 'ADD',
  '-': 'SUB',
  '*': 'MUL',
  '/': 'QUO',
  '%': 'REM',
  '&': 'AND',
  '|': 'OR',
  '^': 'XOR',
  '&&': 'LAND',
  '||': 'LOR',
  '==': 'EQ',
  '!=': 'NEQ',
  '<': 'LT',
  '<=': 'LEQ',
  '>': 'GT',
  '>=': 'GEQ',
  '!': 'NOT',
};
const unaryOperators = new Set(['+', '-', '!', '^', '&', '<-']);
const typeKeywords = new Set(['func', 'struct', 'map', 'chan', 'interface']);

function bind(level: number, operators: string): Record<string, number> {
  return Object.fromEntries(operators.split(' ').map((operator) => [operator, level]));
}

/**
 * Reads an expression by the grammar of Go (https://go.dev/ref/spec#Expressions), as Mixer does with Go's own parser.
 *
 * @throws CexlError of kind `syntax`, and nothing else
 */
export function parse(text: string): Expression {
  if (text.length > maxLength)
    throw new CexlError('syntax', `unable to parse expression: it is longer than ${maxLength} characters`, maxLength);
  return new Parser(text).expression();
}

/** What stands before a `.`, `(` or `[`, as far as it was read. */
type Operand =
  /** A name, of one or more parts. */
  | { kind: 'name'; parts: string[]; offset: number }
  /** A parenthesis, a literal or a call: what a method can be called on. */
  | { kind: 'anchor'; node: Expression; offset: number }
  /** A method that has not been called yet. */
  | { kind: 'method'; node: Expression; name: string; offset: number }
  /** An index: nothing can be selected from it. */
  | { kind: 'index'; node: Expression; offset: number };

class Parser {
  readonly #scanner: Scanner;
  readonly #text: string;
  #token: Token;
  #nesting = 0;
  readonly #heights = new WeakMap<Expression, number>();

  constructor(text: string) {
    this.#text = text;
    this.#scanner = new Scanner(text);
    const odd = /[\0\uFEFF]|\p{Cs}/u.exec(text);
    if (odd !== null) throw this.#scanner.error('illegal character', odd.index);
    this.#token = this.#scanner.next();
  }

  expression(): Expression {
    const node = this.#binary(1);
    if (this.#token.kind === 'newline') this.#advance();
    if (this.#token.kind !== 'end') throw this.#expected("'EOF'");
    return node;
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const { text: operator, offset } = this.#token;
      const level = this.#token.kind === 'operator' ? precedence[operator] : undefined;
      if (level === undefined || level < least) return left;
      if (operator === '=') throw this.#expected("'=='");
      this.#advance();
      left = this.#call(functionNames[operator] ?? '', undefined, [left, this.#binary(level + 1)], offset);
    }
  }

  #unary(): Expression {
    const { kind, text: operator, offset } = this.#token;
    if (kind !== 'operator' || !(unaryOperators.has(operator) || operator === '*')) return this.#primary();
    this.#advance();
    const args = this.#nested(() => [this.#unary()]);
    if (operator === '*') throw this.#unexpected(offset);
    return this.#call(functionNames[operator] ?? '', undefined, args, offset);
  }

  #primary(): Expression {
    let operand = this.#operand();
    for (;;) {
      const { kind, text } = this.#token;
      if (kind !== 'operator') return this.#settled(operand);
      if (text === '.') operand = this.#selected(operand);
      else if (text === '(') operand = this.#called(operand);
      else if (text === '[') operand = this.#indexed(operand);
      else if (text === '{' && operand.kind === 'name') throw this.#unexpected(operand.offset);
      else return this.#settled(operand);
    }
  }

  #operand(): Operand {
    const token = this.#token;
    const { kind, text, offset } = token;
    if (kind === 'identifier') {
      this.#advance();
      return { kind: 'name', parts: [text], offset };
    }
    if (kind === 'operator' && text === '(') {
      this.#advance();
      const node = this.#nested(() => this.#binary(1));
      this.#take(')');
      return { kind: 'anchor', node, offset };
    }
    if ((kind === 'operator' && text === '[') || (kind === 'keyword' && typeKeywords.has(text)))
      throw this.#unexpected(offset);
    if (kind === 'operator' || kind === 'keyword' || kind === 'newline' || kind === 'end')
      throw this.#expected('operand');
    this.#advance();
    return { kind: 'anchor', node: this.#literal(token), offset };
  }

  #literal(token: Token): Literal {
    const literal = literalValue(token);
    if ('problem' in literal) throw this.#scanner.error(literal.problem, token.offset + literal.at);
    return { kind: 'literal', ...literal, text: token.text, offset: token.offset };
  }

  #selected(from: Operand): Operand {
    this.#advance();
    const { kind, text, offset } = this.#token;
    if (kind === 'operator' && text === '(') throw this.#unexpected(from.offset);
    if (kind !== 'identifier') throw this.#expected('selector or type assertion');
    this.#advance();
    if (from.kind === 'name') from.parts.push(text);
    else if (from.kind === 'anchor') return { kind: 'method', node: from.node, name: text, offset };
    else throw this.#unexpected(from.offset);
    return from;
  }

  #called(from: Operand): Operand {
    const args = this.#args();
    if (from.kind === 'method')
      return { kind: 'anchor', node: this.#call(from.name, from.node, args, from.offset), offset: from.offset };
    if (from.kind !== 'name') throw this.#unexpected(from.offset);
    const name = from.parts.pop() ?? '';
    // A constant's name is an attribute's name before a dot.
    const target: Expression | undefined =
      from.parts.length === 0 ? undefined : { kind: 'attribute', name: from.parts.join('.'), offset: from.offset };
    return { kind: 'anchor', node: this.#call(name, target, args, from.offset), offset: from.offset };
  }

  #args(): Expression[] {
    this.#advance();
    return this.#nested(() => {
      const args: Expression[] = [];
      let last = false;
      while (!last && !this.#is(')')) {
        args.push(this.#binary(1));
        if (this.#is('...')) {
          this.#advance();
          last = true;
        }
        if (this.#is(',')) this.#advance();
        else if (this.#is(')')) break;
        else throw this.#scanner.error("missing ',' in argument list", this.#token.offset);
      }
      this.#take(')');
      return args;
    });
  }

  #indexed(from: Operand): Operand {
    this.#advance();
    if (this.#is(':')) throw this.#unexpected(from.offset);
    const map = this.#settled(from);
    const key = this.#nested(() => this.#binary(1));
    if (this.#is(':')) throw this.#unexpected(from.offset);
    this.#take(']');
    return { kind: 'index', node: this.#call('INDEX', undefined, [map, key], from.offset), offset: from.offset };
  }

  /** What an operand is when nothing more follows. */
  #settled(operand: Operand): Expression {
    if (operand.kind === 'method') throw this.#unexpected(operand.offset);
    if (operand.kind !== 'name') return operand.node;
    const { parts, offset } = operand;
    const name = parts.join('.');
    const text = name.toLowerCase();
    if (text === 'true' || text === 'false')
      return { kind: 'literal', type: 'BOOL', value: text === 'true', text, offset };
    return { kind: 'attribute', name, offset };
  }

  #call(name: string, target: Expression | undefined, args: readonly Expression[], offset: number): Call {
    const call: Call = { kind: 'call', name, target, args, offset };
    let height = target === undefined ? 0 : this.#heightOf(target);
    for (const arg of args) height = Math.max(height, this.#heightOf(arg));
    if (height >= maxHeight)
      throw this.#scanner.error(`more than ${maxHeight} operators and calls depend on one another`, offset);
    this.#heights.set(call, height + 1);
    return call;
  }

  #heightOf(node: Expression): number {
    return this.#heights.get(node) ?? 0;
  }

  #nested<T>(read: () => T): T {
    if (this.#nesting >= maxNesting)
      throw this.#scanner.error(`more than ${maxNesting} levels are nested`, this.#token.offset);
    this.#nesting++;
    const result = read();
    this.#nesting--;
    return result;
  }

  #is(operator: string): boolean {
    return this.#token.kind === 'operator' && this.#token.text === operator;
  }

  #take(operator: string): void {
    if (!this.#is(operator)) throw this.#expected(`'${operator}'`);
    this.#advance();
  }

  #advance(): void {
    this.#token = this.#scanner.next();
  }

  #expected(what: string): CexlError {
    const { kind, text, offset } = this.#token;
    const literal = kind !== 'operator' && kind !== 'keyword';
    const found = kind === 'end' ? "'EOF'" : kind === 'newline' ? 'newline' : literal ? text : `'${text}'`;
    return this.#scanner.error(`expected ${what}, found ${found}`, offset);
  }

  /** Go has such an expression; this language has not. */
  #unexpected(offset: number): CexlError {
    const { offset: end, text } = this.#token;
    const what = this.#text.slice(offset, Math.max(end + text.length, offset + 1));
    return new CexlError('syntax', `unexpected expression: ${what}`, offset);
  }
}
