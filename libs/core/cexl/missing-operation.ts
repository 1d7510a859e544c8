import type { Expression } from './ast';
import { CexlError } from './cexl-error';
import { typeIn, type Types } from './checker';
import { operandsOf } from './functions';
import { isControl, notImplemented, operationOf } from './operations';

/** The first part, in the order of evaluation, that type-checks and still does nothing to its type. */
export function missingOperation(node: Expression, types: Types): CexlError | undefined {
  if (node.kind !== 'call') return undefined;
  const parts = operandsOf(node);
  for (const part of parts) {
    const missing = missingOperation(part, types);
    if (missing !== undefined) return missing;
  }
  const first = parts[0];
  if (first === undefined || isControl(node)) return undefined;
  const type = typeIn(types, first);
  if (operationOf(node.name, type) !== undefined) return undefined;
  return new CexlError('compile', notImplemented(node.name, type), node.offset);
}
