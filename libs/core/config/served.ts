import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { messageDescriptor } from '@keelson/api';
import type { Findings } from './findings';
import { isRecord } from './json-value';
import { childPath } from '@keelson/core/problems';

/**
 * The fields of a message that are served, by JSON name: `true` for a whole field, a list for those values of an
 * enumeration that are, a table for a message, or a list or map of messages.
 */
export interface Served {
  readonly [field: string]: true | readonly string[] | Served;
}

/** Tells every field of a spec that its kind's table does not have. */
export function checkServed(typeName: string, spec: unknown, served: Served, findings: Findings): void {
  // A type of protobuf's own, such as Struct, holds what its user likes.
  if (typeName.startsWith('google.protobuf.')) return;
  checkMessage(messageDescriptor(typeName), spec, served, 'spec', findings);
}

function checkMessage(message: DescMessage, value: unknown, served: Served, path: string, findings: Findings): void {
  if (!isRecord(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const field = message.fields.find((candidate) => candidate.jsonName === name);
    if (field)
      checkField(
        field,
        member,
        Object.hasOwn(served, name) ? served[name] : undefined,
        childPath(path, name),
        findings,
      );
  }
}

function checkField(
  field: DescField,
  value: unknown,
  served: Served[string] | undefined,
  path: string,
  findings: Findings,
): void {
  if (served === true) return;
  if (served === undefined) {
    findings.unsupported(path);
    return;
  }
  if (isNames(served)) {
    const name = typeof value === 'number' ? field.enum?.value[value]?.name : String(value);
    if (!served.includes(name ?? '')) findings.unsupported(path, name);
    return;
  }
  const inner = field.message;
  if (!inner) return;
  if (field.fieldKind === 'list' && Array.isArray(value))
    value.forEach((item, i) => {
      checkMessage(inner, item, served, `${path}[${String(i)}]`, findings);
    });
  else if (field.fieldKind === 'map' && isRecord(value))
    for (const [key, item] of Object.entries(value)) checkMessage(inner, item, served, childPath(path, key), findings);
  else checkMessage(inner, value, served, path, findings);
}

function isNames(served: Served[string]): served is readonly string[] {
  return Array.isArray(served);
}
