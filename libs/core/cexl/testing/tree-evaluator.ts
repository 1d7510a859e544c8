import type { Instant, Int64, StringMap, Value, ValueType } from '@keelson/core/attributes';
import { RE2JS } from 're2js';
import type { Call, Expression } from '../ast';
import { sameDnsName } from '../dns-name';
import { sameEmail } from '../email-address';
import { sameUri } from '../uri';

/**
 * A plain evaluator of checked expressions, written from the description of the language and apart from the compiler:
 * errors are thrown, absence is a value. It says what compiled functions have to give.
 */
export interface Environment {
  readonly values: Readonly<Record<string, Value>>;
  readonly types: Readonly<Record<string, ValueType>>;
}

/** The error of an evaluation. Without a message it is one of those that other tests look at. */
export class EvaluationFailure extends Error {}

/** What an expression gives on the left of `|` when it has no value. */
const nothing = Symbol('nothing');
type Result = Value | typeof nothing;

/** The value of an expression. @throws EvaluationFailure */
export function evaluateTree(node: Expression, environment: Environment): Value {
  return strict(node, environment);
}

const dropped = ['EQ', 'NEQ', 'LT', 'LEQ', 'GT', 'GEQ', 'LAND', 'LOR', 'ADD', 'size'];

function strict(node: Expression, env: Environment): Value {
  if (node.kind === 'literal') return node.value;
  if (node.kind === 'attribute') {
    const value = env.values[node.name];
    if (value === undefined) throw new EvaluationFailure(`lookup failed: '${node.name}'`);
    return value;
  }
  const arg = (i: number): Value => strict(argument(node, i), env);
  switch (node.name) {
    case 'LAND':
      return node.args.every((_, i) => arg(i) === true);
    case 'LOR':
      return arg(0) === true || arg(1) === true;
    case 'conditional':
      return arg(0) === true ? arg(1) : arg(2);
    case 'INDEX': {
      const map = arg(0) as StringMap;
      return map.get(arg(1) as string) ?? '';
    }
    case 'OR': {
      const left = lenient(argument(node, 0), env);
      return left === nothing ? arg(1) : left;
    }
    default:
      return apply(node.name, operands(node, env), typeOf(node.target ?? node.args[0], env));
  }
}

function argument({ args }: Call, i: number): Expression {
  const arg = args[i];
  if (arg === undefined) throw new Error(`no argument ${i}`);
  return arg;
}

/** On the left of `|`. */
function lenient(node: Expression, env: Environment): Result {
  if (node.kind === 'attribute') return env.values[node.name] ?? nothing;
  if (node.kind === 'literal') return node.value;
  if (node.name === 'OR') {
    const left = lenient(argument(node, 0), env);
    return left === nothing ? lenient(argument(node, 1), env) : left;
  }
  if (node.name === 'INDEX') {
    const map = lenient(argument(node, 0), env);
    if (map === nothing) return nothing;
    const key = lenient(argument(node, 1), env);
    if (key === nothing) return nothing;
    return (map as StringMap).get(key as string) ?? nothing;
  }
  const value = strict(node, env);
  return dropped.includes(node.name) ? nothing : value;
}

const arities: Readonly<Record<string, number>> = { match: 2, conditionalString: 3, emptyStringMap: 0 };
const unary = ['size', 'toLower', 'ip', 'timestamp', 'dnsName', 'email', 'uri', 'matches', 'startsWith', 'endsWith'];

function operands(node: Call, env: Environment): Value[] {
  const count = arities[node.name] ?? (unary.includes(node.name) ? 1 : 2);
  const values = node.args.slice(0, count).map((_, i) => i);
  return [
    ...(node.target === undefined ? [] : [strict(node.target, env)]),
    ...values.map((i) => strict(argument(node, i), env)),
  ];
}

/** The type of an operand; of a call as far as operators need it. */
function typeOf(node: Expression | undefined, env: Environment): ValueType {
  if (node === undefined) return 'STRING';
  if (node.kind === 'literal') return node.type;
  if (node.kind === 'attribute') return env.types[node.name] ?? 'STRING';
  const fixed: Readonly<Record<string, ValueType>> = {
    ip: 'IP_ADDRESS',
    timestamp: 'TIMESTAMP',
    dnsName: 'DNS_NAME',
    email: 'EMAIL_ADDRESS',
    uri: 'URI',
    size: 'INT64',
    INDEX: 'STRING',
    toLower: 'STRING',
    conditionalString: 'STRING',
    emptyStringMap: 'STRING_MAP',
  };
  if (node.name === 'OR' || node.name === 'ADD') return typeOf(node.args[0], env);
  if (node.name === 'conditional') return typeOf(node.args[1], env);
  return fixed[node.name] ?? 'BOOL';
}

function apply(name: string, args: Value[], type: ValueType): Value {
  const [a, b, c] = args as [Value, Value, Value];
  const text = a as string;
  switch (name) {
    case 'EQ':
      return equal(a, b, type);
    case 'NEQ':
      return !equal(a, b, type);
    case 'LT':
      return order(a, b, type) < 0;
    case 'LEQ':
      return order(a, b, type) <= 0;
    case 'GT':
      return order(a, b, type) > 0;
    case 'GEQ':
      return order(a, b, type) >= 0;
    case 'ADD':
      if (type === 'INT64') return wrapped(BigInt(a as Int64) + BigInt(b as Int64));
      return type === 'DOUBLE' ? (a as number) + (b as number) : `${text}${b as string}`;
    case 'size':
      return new TextEncoder().encode(text).length;
    case 'toLower':
      return text.toLowerCase();
    case 'startsWith':
      return text.slice(0, (b as string).length) === b;
    case 'endsWith':
      return text.length >= (b as string).length && text.slice(text.length - (b as string).length) === b;
    case 'match':
      return glob(text, b as string);
    case 'matches':
      return found(text, b as string);
    case 'conditionalString':
      return a === true ? b : c;
    case 'emptyStringMap':
      return new Map<string, string>();
    case 'ip':
      return address(text);
    case 'timestamp': {
      const millis = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? Date.parse(text) : NaN;
      if (Number.isNaN(millis))
        throw new EvaluationFailure(
          `could not convert '${text}' to TIMESTAMP. expected format: '2006-01-02T15:04:05Z07:00'`,
        );
      return { seconds: Math.floor(millis / 1000), nanos: (millis - Math.floor(millis / 1000) * 1000) * 1e6 };
    }
    default:
      // dnsName, email and uri: the texts of the tests show by their first letter whether they are good.
      if (text.startsWith('!')) throw new EvaluationFailure();
      return text;
  }
}

function glob(text: string, pattern: string): boolean {
  const quoted = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  if (pattern.endsWith('*')) return new RegExp(`^${quoted(pattern.slice(0, -1))}`).test(text);
  if (pattern.startsWith('*')) return new RegExp(`${quoted(pattern.slice(1))}$`).test(text);
  return text === pattern;
}

function found(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(text).find();
  } catch (error) {
    throw new EvaluationFailure((error as Error).message);
  }
}

function address(text: string): Uint8Array {
  // The texts of the tests are either in one of these forms or far from it.
  if (/^\d+(\.\d+){3}$/.test(text))
    return Uint8Array.from([...Array<number>(10).fill(0), 255, 255, ...text.split('.').map(Number)]);
  if (!/^[0-9a-f]*(:[0-9a-f]*)+$/.test(text)) throw new EvaluationFailure(`could not convert ${text} to IP_ADDRESS`);
  const [head = '', tail = ''] = text.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const [front, back] = [words(head), words(tail)];
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}

function equal(a: Value, b: Value, type: ValueType): boolean {
  switch (type) {
    case 'IP_ADDRESS':
      return full(a as Uint8Array) === full(b as Uint8Array);
    case 'TIMESTAMP':
      return order(a, b, type) === 0;
    case 'DNS_NAME':
      return told(sameDnsName(a as string, b as string));
    case 'EMAIL_ADDRESS':
      return told(sameEmail(a as string, b as string));
    case 'URI':
      return told(sameUri(a as string, b as string));
    case 'INT64':
      return BigInt(a as Int64) === BigInt(b as Int64);
    default:
      return a === b;
  }
}

function told(same: boolean | undefined): boolean {
  if (same === undefined) throw new EvaluationFailure();
  return same;
}

function full(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return bytes.length === 4 ? `${'0'.repeat(20)}ffff${hex}` : hex;
}

/** Negative, zero or positive; NaN is neither, so that no order holds. */
function order(a: Value, b: Value, type: ValueType): number {
  if (type === 'TIMESTAMP') {
    const nanos = ({ seconds, nanos }: Instant): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    return Number(nanos(a as Instant) - nanos(b as Instant));
  }
  if (type === 'INT64') return Number(BigInt(a as Int64) - BigInt(b as Int64));
  if (type === 'DOUBLE') return a === b ? 0 : (a as number) - (b as number);
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
}

/** As 64 bits have it, by plain arithmetic. */
function wrapped(sum: bigint): Int64 {
  let value = sum;
  while (value >= 2n ** 63n) value -= 2n ** 64n;
  while (value < -(2n ** 63n)) value += 2n ** 64n;
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
