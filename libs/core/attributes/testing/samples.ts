import type { Attributes } from '../attribute';
import type { Bag } from '../bag';
import { isStringMap } from '../string-map';
import type { Value, ValueType } from '../value';
import { Vocabulary } from '../vocabulary';
import { WireVocabulary } from '../wire-vocabulary';

/** Attributes of all types, with names from the global list and others, one of which is not ASCII. */
export const declared: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['source.ip', 'IP_ADDRESS'],
  ['source.uid', 'STRING'],
  ['source.labels', 'STRING_MAP'],
  ['request.headers', 'STRING_MAP'],
  ['request.path', 'STRING'],
  ['request.size', 'INT64'],
  ['request.time', 'TIMESTAMP'],
  ['response.duration', 'DURATION'],
  ['connection.mtls', 'BOOL'],
  ['destination.service.host', 'DNS_NAME'],
  ['context.proxy_version', 'STRING'],
  ['custom.ip', 'IP_ADDRESS'],
  ['custom.count', 'INT64'],
  ['custom.score', 'DOUBLE'],
  ['custom.mail', 'EMAIL_ADDRESS'],
  ['custom.link', 'URI'],
  ['custom.map', 'STRING_MAP'],
  ['custom.flag', 'BOOL'],
  ['custom.größe', 'STRING'],
  ['custom.at', 'TIMESTAMP'],
  ['custom.took', 'DURATION'],
]);

/** Has a slot, and no type. */
export const internal = 'context.reporter.kind';

export const vocabulary = new Vocabulary(declared, [internal]);
export const wire = new WireVocabulary(vocabulary);

export function slot(name: string): number {
  const found = vocabulary.slotOf(name);
  if (found === undefined) throw new Error(`${name} has no slot`);
  return found;
}

/** A value that `toEqual` compares as a whole. */
export function plain(value: Value | undefined): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (isStringMap(value)) return { map: [...value.entries()].sort(([a], [b]) => (a < b ? -1 : 1)) };
  return value;
}

/** All that a bag holds, by name. */
export function contentsOf(bag: Bag): Record<string, unknown> {
  const all = vocabulary.names.map((name, at) => [name, plain(bag.get(at))] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** What a bag of these attributes holds, by name. */
export function contentsOfSet(attributes: Attributes): Record<string, unknown> {
  const known = [...attributes].filter(([name]) => vocabulary.slotOf(name) !== undefined);
  return Object.fromEntries(known.map(([name, { value }]) => [name, plain(value)]));
}
