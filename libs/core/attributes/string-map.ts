import type { StringMap } from './value';

/** Whether a value is a string map. */
export function isStringMap(value: unknown): value is StringMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    'get' in value &&
    typeof value.get === 'function' &&
    'entries' in value &&
    typeof value.entries === 'function'
  );
}

/** The text under a key of a value, as `Bag.entry` tells it. */
export function textUnder(value: unknown, key: string): string | null | undefined {
  return isStringMap(value) ? (value.get(key) ?? null) : undefined;
}
