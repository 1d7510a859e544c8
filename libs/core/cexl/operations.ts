import { int64, type Instant, type Int64, type StringMap, type Value, type ValueType } from '@keelson/core/attributes';
import type { Call } from './ast';
import { dnsComparisonProblem, dnsNameProblem, sameDnsName } from './dns-name';
import { emailComparisonProblem, emailProblem, sameEmail } from './email-address';
import { isBefore, parseInstant, sameInstant } from './instant';
import { parseIp, sameIp } from './ip-address';
import { matchesGlob, patternProblem, search } from './patterns';
import { isLess, toLower } from './text-order';
import { sameUri, uriComparisonProblem, uriProblem } from './uri';

/**
 * A function of values that neither reads attributes nor leaves out an argument. The arguments are the target, if there
 * is one, and the arguments of the call.
 */
export interface Operation {
  /** Undefined where it fails; only an operation with `why` does. */
  readonly run: (...args: never[]) => Value | undefined;
  /** Why it fails on these arguments. */
  readonly why?: (...args: never[]) => string;
  /** The same as an expression of JavaScript, each argument once and in their order; a call of `run` where there is none. */
  readonly inline?: (...args: string[]) => string;
}

/** `run` for values whose types a checker knows. */
export function runOperation({ run }: Operation, args: readonly Value[]): Value | undefined {
  return (run as (...args: readonly Value[]) => Value | undefined)(...args);
}

/** `why` for values whose types a checker knows. */
export function whyFailed({ why }: Operation, args: readonly Value[]): string {
  return (why as ((...args: readonly Value[]) => string) | undefined)?.(...args) ?? '';
}

const noEntries: StringMap = { get: () => undefined, entries: () => [] };

/** `s` where nothing is wrong with it. */
function valid(problem: (text: string) => string | undefined): Operation['run'] {
  return (text: string) => (problem(text) === undefined ? text : undefined);
}

function add(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return int64(BigInt(a) + BigInt(b));
}

const externs: Readonly<Record<string, Operation>> = {
  ip: { run: parseIp, why: (text: string) => `could not convert ${text} to IP_ADDRESS` },
  timestamp: {
    run: parseInstant,
    why: (text: string) => `could not convert '${text}' to TIMESTAMP. expected format: '2006-01-02T15:04:05Z07:00'`,
  },
  dnsName: {
    run: valid(dnsNameProblem),
    why: (text: string) => `error converting '${text}' to dns name: '${dnsNameProblem(text) ?? ''}'`,
  },
  email: {
    run: valid(emailProblem),
    why: (text: string) => `error converting '${text}' to e-mail: '${emailProblem(text) ?? ''}'`,
  },
  uri: {
    run: valid(uriProblem),
    why: (text: string) =>
      text === ''
        ? 'error converting string to uri: empty string'
        : `error converting string to uri '${text}': '${uriProblem(text) ?? ''}'`,
  },
  match: { run: matchesGlob },
  matches: { run: search, why: patternProblem },
  startsWith: {
    run: (text: string, prefix: string) => text.startsWith(prefix),
    inline: (text = '', prefix = '') => `${text}.startsWith(${prefix})`,
  },
  endsWith: {
    run: (text: string, suffix: string) => text.endsWith(suffix),
    inline: (text = '', suffix = '') => `${text}.endsWith(${suffix})`,
  },
  toLower: { run: toLower },
  size: { run: (text: string) => Buffer.byteLength(text) },
  emptyStringMap: { run: () => noEntries },
  conditionalString: {
    run: (condition: boolean, yes: string, no: string) => (condition ? yes : no),
    inline: (condition = '', yes = '', no = '') => `(${condition} ? ${yes} : ${no})`,
  },
};

const identity: Operation = { run: (a: Value, b: Value) => a === b, inline: (a = '', b = '') => `(${a} === ${b})` };

const equality: Readonly<Partial<Record<ValueType, Operation>>> = {
  STRING: identity,
  INT64: identity,
  DOUBLE: identity,
  BOOL: identity,
  IP_ADDRESS: { run: sameIp },
  TIMESTAMP: { run: sameInstant },
  DNS_NAME: { run: sameDnsName, why: dnsComparisonProblem },
  EMAIL_ADDRESS: { run: sameEmail, why: emailComparisonProblem },
  URI: { run: sameUri, why: uriComparisonProblem },
};

/** The four orders of a type, from its "less than". */
function orders(less: (a: never, b: never) => boolean): Readonly<Record<string, Operation>> {
  return {
    LT: { run: less },
    LEQ: { run: (a: never, b: never) => !less(b, a) },
    GT: { run: (a: never, b: never) => less(b, a) },
    GEQ: { run: (a: never, b: never) => !less(a, b) },
  };
}

const numberOrders: Readonly<Record<string, Operation>> = {
  LT: { run: (a: Int64, b: Int64) => a < b, inline: (a = '', b = '') => `(${a} < ${b})` },
  LEQ: { run: (a: Int64, b: Int64) => a <= b, inline: (a = '', b = '') => `(${a} <= ${b})` },
  GT: { run: (a: Int64, b: Int64) => a > b, inline: (a = '', b = '') => `(${a} > ${b})` },
  GEQ: { run: (a: Int64, b: Int64) => a >= b, inline: (a = '', b = '') => `(${a} >= ${b})` },
};
const textOrders = orders(isLess);
const ordering: Readonly<Partial<Record<ValueType, Readonly<Record<string, Operation>>>>> = {
  STRING: textOrders,
  // Mixer keeps these as texts, and orders and adds them so.
  DNS_NAME: textOrders,
  EMAIL_ADDRESS: textOrders,
  URI: textOrders,
  INT64: numberOrders,
  DOUBLE: numberOrders,
  TIMESTAMP: orders((a: Instant, b: Instant) => isBefore(a, b)),
};

const concatenation: Operation = { run: (a: string, b: string) => a + b, inline: (a = '', b = '') => `(${a} + ${b})` };
const addition: Readonly<Partial<Record<ValueType, Operation>>> = {
  STRING: concatenation,
  DNS_NAME: concatenation,
  EMAIL_ADDRESS: concatenation,
  URI: concatenation,
  INT64: { run: add },
  DOUBLE: { run: (a: number, b: number) => a + b, inline: (a = '', b = '') => `(${a} + ${b})` },
};

/** What Mixer's messages call the operators. */
const operatorTitles: Readonly<Record<string, string>> = {
  EQ: 'equality',
  NEQ: 'equality',
  LT: 'less than',
  LEQ: 'less or equal',
  GT: 'greater than',
  GEQ: 'greater or equal',
  ADD: 'Add',
};

/** How Mixer's machine keeps values, as its messages call it. */
const kinds: Readonly<Record<ValueType, string>> = {
  STRING: 'string',
  EMAIL_ADDRESS: 'string',
  URI: 'string',
  DNS_NAME: 'string',
  INT64: 'integer',
  DOUBLE: 'double',
  BOOL: 'bool',
  DURATION: 'duration',
  TIMESTAMP: 'interface',
  IP_ADDRESS: 'interface',
  STRING_MAP: 'interface',
};

/** Whether a function leaves out arguments or reads attributes in its own way: those are no operations. */
export function isControl({ name }: Call): boolean {
  return ['LAND', 'LOR', 'OR', 'INDEX', 'conditional'].includes(name);
}

/**
 * What a function does to arguments of the type of its first. For NEQ it is what EQ does: the caller negates it.
 * Undefined where it does nothing to that type.
 */
export function operationOf(name: string, first: ValueType | undefined): Operation | undefined {
  if (!(name in operatorTitles)) return externs[name];
  if (first === undefined) return undefined;
  if (name === 'EQ' || name === 'NEQ') return equality[first];
  return name === 'ADD' ? addition[first] : ordering[first]?.[name];
}

/** That an operator does nothing to a type, in Mixer's words. */
export function notImplemented(name: string, first: ValueType): string {
  return `internal compiler error -- ${operatorTitles[name] ?? name} for type not yet implemented: ${kinds[first]}`;
}
