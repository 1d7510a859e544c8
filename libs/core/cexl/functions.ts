import type { ValueType } from '@keelson/core/attributes';
import type { Call, Expression } from './ast';

/** A type, or T: whatever the first of them is, the others have to be. */
export type Parameter = ValueType | 'T';

/** What a function takes and gives. */
export interface Signature {
  /** The type of what a method is called on; undefined for a function. */
  readonly target: ValueType | undefined;
  readonly args: readonly Parameter[];
  readonly returns: Parameter;
}

function signature(args: readonly Parameter[], returns: Parameter, target?: ValueType): Signature {
  return { target, args, returns };
}

const comparison = signature(['T', 'T'], 'BOOL');
const textTest = signature(['STRING'], 'BOOL', 'STRING');

/** All functions of the language by their names; operators have names too. */
export const signatures: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ['EQ', comparison],
  ['NEQ', comparison],
  ['LT', comparison],
  ['LEQ', comparison],
  ['GT', comparison],
  ['GEQ', comparison],
  ['OR', signature(['T', 'T'], 'T')],
  ['LOR', signature(['BOOL', 'BOOL'], 'BOOL')],
  ['LAND', signature(['BOOL', 'BOOL'], 'BOOL')],
  ['INDEX', signature(['STRING_MAP', 'STRING'], 'STRING')],
  ['conditional', signature(['BOOL', 'T', 'T'], 'T')],
  ['ADD', signature(['T', 'T'], 'T')],
  ['size', signature(['STRING'], 'INT64')],
  ['ip', signature(['STRING'], 'IP_ADDRESS')],
  ['timestamp', signature(['STRING'], 'TIMESTAMP')],
  ['dnsName', signature(['STRING'], 'DNS_NAME')],
  ['email', signature(['STRING'], 'EMAIL_ADDRESS')],
  ['uri', signature(['STRING'], 'URI')],
  ['match', signature(['STRING', 'STRING'], 'BOOL')],
  ['matches', textTest],
  ['startsWith', textTest],
  ['endsWith', textTest],
  ['emptyStringMap', signature([], 'STRING_MAP')],
  ['conditionalString', signature(['BOOL', 'STRING', 'STRING'], 'STRING')],
  ['toLower', signature(['STRING'], 'STRING')],
]);

/** The arguments of a call that are evaluated: none beyond those that the function takes, but all of LAND. */
export function evaluatedArgs(call: Call): readonly Expression[] {
  if (call.name === 'LAND') return call.args;
  return call.args.slice(0, signatures.get(call.name)?.args.length);
}

/** The target, if there is one, and the arguments that are evaluated, in that order. */
export function operandsOf(call: Call): readonly Expression[] {
  const args = evaluatedArgs(call);
  return call.target === undefined ? args : [call.target, ...args];
}
