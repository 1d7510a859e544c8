import type { Bag, Value, Vocabulary } from '@keelson/core/attributes';
import type { Attribute, Call, Expression } from './ast';
import { CexlError } from './cexl-error';
import { typeIn, type Types } from './checker';
import { canFail, isDiscarded } from './fallback';
import { evaluatedArgs, operandsOf } from './functions';
import { operationOf, runOperation, type Operation } from './operations';
import { compilePattern } from './patterns';

/** An expression as a function: undefined where it fails. */
export type Evaluate = (bag: Bag) => Value | undefined;

/**
 * The longest code, in characters. The densest of the longest expressions takes a third of it: no form of one may be written out so
 * often that a short text takes the memory of the program.
 */
const maxSource = 1 << 20;

/** The slot of a map without any key. */
const noKeys = -1;

/** Something in the generated function that gives a value without side effect; its value, where that is known already. */
interface Operand {
  readonly source: string;
  readonly known: Value | undefined;
}

/** The source of a function, and the values that it uses. */
export interface GeneratedCode {
  readonly source: string;
  readonly constants: readonly unknown[];
}

/**
 * The code of an expression that was checked, and found to have operations for all that it does. Throws a CexlError
 * `compile` for one of more than 2^20 characters.
 */
export function generate(node: Expression, types: Types, vocabulary: Vocabulary): GeneratedCode {
  return new Generator(types, vocabulary).generate(node);
}

/** The function of generated code. Most of the time of compiling goes here. */
export function link({ source, constants }: GeneratedCode): Evaluate {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the source holds no text of the expression; functions of their own are what the engine makes fast
  const factory = new Function('constants', source) as (constants: readonly unknown[]) => Evaluate;
  return factory(constants);
}

/**
 * Writes the body of a function of JavaScript. Since an error ends the whole evaluation, an error is `return undefined`
 * wherever it comes up; and since `|` catches nothing but absence, which is known by where it stands, absence is a jump
 * to the next alternative. Texts and other values of the expression are no part of the source, but constants beside it.
 */
class Generator {
  readonly #types: Types;
  readonly #vocabulary: Vocabulary;
  readonly #lines: string[] = [];
  readonly #constants: unknown[] = [];
  #variables = 0;
  #size = 0;

  constructor(types: Types, vocabulary: Vocabulary) {
    this.#types = types;
    this.#vocabulary = vocabulary;
  }

  generate(node: Expression): GeneratedCode {
    const { source } = this.#value(node);
    const constants = this.#constants.map((_, i) => `const k${i} = constants[${i}];`);
    const head = [`'use strict';`, ...constants, 'return function evaluate(bag) {'];
    return {
      source: [...head, ...this.#lines, `return ${source};`, '};'].join('\n'),
      constants: this.#constants,
    };
  }

  /** Writes what gives the value of an expression, and returns from the function where there is none. */
  #value(node: Expression): Operand {
    if (node.kind === 'literal') return this.#literal(node.value);
    if (node.kind === 'attribute') {
      const value = this.#variable(`bag.get(${this.#slot(node)})`);
      this.#write(`if (${value} === undefined) return undefined;`);
      return computed(value);
    }
    switch (node.name) {
      case 'LAND':
      case 'LOR':
        return this.#logic(node);
      case 'OR':
        return this.#fallback(node);
      case 'INDEX':
        return this.#index(node);
      case 'conditional':
        return this.#choice(node, (part) => this.#value(part));
      default:
        return this.#operation(node);
    }
  }

  /**
   * Writes what puts the value of an expression into a variable and jumps to a label; where the value is absent, what
   * follows is run. Gives whether it may be.
   */
  #attempt(node: Expression, into: string, label: string): boolean {
    if (node.kind === 'attribute') {
      this.#write(`${into} = bag.get(${this.#slot(node)});`, `if (${into} !== undefined) break ${label};`);
      return true;
    }
    if (node.kind === 'call') {
      if (node.name === 'OR') {
        const [left, right] = pair(node);
        return this.#attempt(left, into, label) && this.#attempt(right, into, label);
      }
      if (node.name === 'INDEX') {
        this.#attemptIndex(node, into, label);
        return true;
      }
      if (isDiscarded(node)) {
        this.#value(node);
        return true;
      }
    }
    this.#write(`${into} = ${this.#value(node).source};`, `break ${label};`);
    return false;
  }

  #logic(node: Call): Operand {
    const isAnd = node.name === 'LAND';
    const operands = chain(node);
    const into = this.#variable(String(!isAnd));
    this.#block((label) => {
      for (const [i, operand] of operands.entries()) {
        const { source } = this.#value(operand);
        if (i === operands.length - 1) this.#write(`${into} = ${source};`);
        else if (isAnd) this.#write(`if (!${source}) break ${label};`);
        else this.#write(`if (${source}) break ${label};`);
      }
    });
    return computed(into);
  }

  #fallback(node: Call): Operand {
    const [left, right] = pair(node);
    const into = this.#variable();
    this.#block((label) => {
      if (this.#attempt(left, into, label)) this.#write(`${into} = ${this.#value(right).source};`);
    });
    return computed(into);
  }

  /** Writes a conditional, whose alternatives are written by `write`. */
  #choice(node: Call, write: (node: Expression) => Operand): Operand {
    const [condition, yes, no] = node.args;
    const into = this.#variable();
    if (condition === undefined || yes === undefined || no === undefined) return computed(into);
    this.#write(`if (${this.#value(condition).source}) {`);
    this.#write(`${into} = ${write(yes).source};`, '} else {');
    this.#write(`${into} = ${write(no).source};`, '}');
    return computed(into);
  }

  /** A map's text under a key. Without a map there is none; a map that lacks the key gives "". */
  #index(node: Call): Operand {
    const [map, key] = pair(node);
    // All that may be missing ends the evaluation, so what is read first makes no difference.
    const { source } = this.#value(key);
    const text = this.#variable(entryOf(this.#map(map), source));
    this.#write(`if (${text} === undefined) return undefined;`);
    return computed(`(${text} === null ? '' : ${text})`);
  }

  #attemptIndex(node: Call, into: string, label: string): void {
    const [map, key] = pair(node);
    this.#block((missing) => {
      // An absent map keeps an error in the key from coming up, and an error in the map comes before it.
      const isFirst = canFail(map) || canFail(key);
      const found = isFirst ? this.#map(map, `break ${missing};`) : undefined;
      const text = this.#attemptKey(key, missing);
      this.#write(`${into} = ${entryOf(found ?? this.#map(map), text)};`);
      // Null is a key that the map lacks, undefined a map that is absent.
      this.#write(`if (${into} !== undefined && ${into} !== null) break ${label};`);
    });
  }

  /** Writes what gives a key, or jumps to a label if it is absent. */
  #attemptKey(key: Expression, missing: string): string {
    if (key.kind === 'literal') return this.#literal(key.value).source;
    const found = this.#variable();
    this.#block((label) => {
      if (this.#attempt(key, found, label)) this.#write(`break ${missing};`);
    });
    return found;
  }

  /**
   * Writes what finds the map that an expression comes to, once for all that is asked of the map, and does `absent` where
   * there is none; without `absent` that is left to the lookup. Gives the map's slot, `noKeys` for an empty one.
   */
  #map(map: Expression, absent?: string): Operand {
    if (map.kind === 'attribute') {
      const slot = this.#slot(map);
      if (absent !== undefined) this.#write(`if (bag.get(${slot}) === undefined) ${absent}`);
      return this.#literal(slot);
    }
    if (map.kind === 'call' && map.name === 'OR') {
      const alternatives = chain(map);
      const slot = this.#variable();
      this.#block((found) => {
        for (const alternative of alternatives.slice(0, -1))
          this.#block((next) => {
            this.#write(`${slot} = ${this.#map(alternative, `break ${next};`).source};`, `break ${found};`);
          });
        for (const last of alternatives.slice(-1)) this.#write(`${slot} = ${this.#map(last, absent).source};`);
      });
      return computed(slot);
    }
    if (map.kind === 'call' && map.name === 'conditional') {
      // Nothing catches the absence of what it chooses.
      const failed = absent === undefined ? undefined : 'return undefined;';
      return this.#choice(map, (node) => this.#map(node, failed));
    }
    return this.#literal(noKeys); // emptyStringMap()
  }

  #operation(node: Call): Operand {
    const nodes = operandsOf(node);
    const first = nodes[0];
    const operation = operationOf(node.name, first === undefined ? undefined : typeIn(this.#types, first));
    if (operation === undefined) throw new Error(`${node.name} has no operation`);
    const args = nodes.map((arg) => this.#value(arg));
    return this.#negated(node, this.#special(node, args) ?? this.#applied(operation, args));
  }

  #applied(operation: Operation, args: readonly Operand[]): Operand {
    const values = args.map(({ known }) => known).filter((value) => value !== undefined);
    if (values.length === args.length) {
      const value = runOperation(operation, values);
      return value === undefined ? this.#failure() : this.#literal(value);
    }
    const sources = args.map(({ source }) => source);
    if (operation.inline !== undefined) return computed(operation.inline(...sources));
    const result = this.#variable(`${this.#constant(operation.run)}(${sources.join(', ')})`);
    if (operation.why !== undefined) this.#write(`if (${result} === undefined) return undefined;`);
    return computed(result);
  }

  /** What is faster when a pattern is known. */
  #special({ name }: Call, [first, second]: readonly Operand[]): Operand | undefined {
    if (name === 'matches' && typeof first?.known === 'string') {
      const pattern = compilePattern(first.known);
      if (pattern === null) return this.#failure();
      return computed(this.#variable(`${this.#constant(pattern)}.test(${second?.source ?? ''})`));
    }
    if (name === 'match' && typeof second?.known === 'string' && first?.known === undefined) {
      const pattern = second.known;
      const text = first?.source ?? '';
      if (pattern.endsWith('*')) return computed(`${text}.startsWith(${this.#constant(pattern.slice(0, -1))})`);
      if (pattern.startsWith('*')) return computed(`${text}.endsWith(${this.#constant(pattern.slice(1))})`);
      return computed(`(${text} === ${second.source})`);
    }
    return undefined;
  }

  #negated({ name }: Call, { source, known }: Operand): Operand {
    if (name !== 'NEQ') return { source, known };
    return known === undefined ? computed(`!${source}`) : this.#literal(known === false);
  }

  /** What follows is never run. */
  #failure(): Operand {
    this.#write('return undefined;');
    return computed('undefined');
  }

  #literal(value: Value): Operand {
    const isPlain = typeof value === 'boolean' || (typeof value === 'number' && !Object.is(value, -0));
    return { source: isPlain ? `(${String(value)})` : this.#constant(value), known: value };
  }

  #slot({ name }: Attribute): number {
    const slot = this.#vocabulary.slotOf(name);
    if (slot === undefined) throw new Error(`${name} is no attribute`);
    return slot;
  }

  #constant(value: unknown): string {
    const known = this.#constants.indexOf(value);
    return `k${known < 0 ? this.#constants.push(value) - 1 : known}`;
  }

  #variable(source?: string): string {
    const name = `v${this.#variables++}`;
    this.#write(source === undefined ? `let ${name};` : `let ${name} = ${source};`);
    return name;
  }

  /** Writes a block that can be left by jumping to its label. */
  #block(write: (label: string) => void): void {
    const label = `l${this.#variables++}`;
    this.#write(`${label}: {`);
    write(label);
    this.#write('}');
  }

  #write(...lines: string[]): void {
    for (const line of lines) this.#size += line.length;
    if (this.#size > maxSource)
      throw new CexlError('compile', `the expression takes more than ${maxSource} characters of code`, 0);
    this.#lines.push(...lines);
  }
}

function computed(source: string): Operand {
  return { source, known: undefined };
}

/** Text that gives what `Bag.entry` gives for the map of a slot. */
function entryOf({ source, known }: Operand, key: string): string {
  if (known === noKeys) return 'null';
  const entry = `bag.entry(${source}, ${key})`;
  return known === undefined ? `(${source} < 0 ? null : ${entry})` : entry;
}

function pair({ args, name }: Call): [Expression, Expression] {
  const [first, second] = args;
  if (first === undefined || second === undefined) throw new Error(`${name} lacks arguments`);
  return [first, second];
}

/** The operands of a chain of one operator. */
function chain(node: Call): readonly Expression[] {
  return evaluatedArgs(node).flatMap((arg) => (arg.kind === 'call' && arg.name === node.name ? chain(arg) : [arg]));
}
