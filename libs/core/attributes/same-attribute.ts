import type { Attribute } from './attribute';
import type { StringMap } from './value';

/** Whether two attributes have the same type and value. */
export function sameAttribute(a: Attribute, b: Attribute | undefined): boolean {
  if (b === undefined) return false;
  if (a.type === 'STRING_MAP') return b.type === a.type && (a.value === b.value || sameMap(a.value, b.value));
  if (a.type === 'IP_ADDRESS') return b.type === a.type && Buffer.compare(a.value, b.value) === 0;
  if (a.type === 'TIMESTAMP') {
    return b.type === a.type && a.value.seconds === b.value.seconds && a.value.nanos === b.value.nanos;
  }
  return b.type === a.type && Object.is(a.value, b.value);
}

function sameMap(a: StringMap, b: StringMap): boolean {
  const keys = new Set<string>();
  for (const [key, text] of a.entries()) {
    if (b.get(key) !== text) return false;
    keys.add(key);
  }
  for (const [key] of b.entries()) if (!keys.has(key)) return false;
  return true;
}
