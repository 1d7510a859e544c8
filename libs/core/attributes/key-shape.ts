import {
  ReferencedAttributes_Condition as Condition,
  type ReferencedAttributes,
} from '@keelson/api/istio/mixer/v1/mixer';
import type { Attribute, Attributes } from './attribute';
import { globalWords } from './dictionary';
import { isStringMap } from './string-map';
import type { StringMap } from './value';
import { fieldOfType } from './wire-vocabulary';

/** An attribute, or a key of one that is a string map. */
export interface AttributePart {
  readonly name: string;
  readonly key: string | undefined;
}

/**
 * What an answer of Mixer depends on. All sets of attributes that have the same key under a shape get the same answer.
 * Made by `keyShape`.
 */
export class KeyShape {
  /** Tells shapes apart: the same text for shapes of the same parts, for one that a cache has already. */
  readonly id: string;

  constructor(
    readonly absent: readonly AttributePart[],
    readonly present: readonly AttributePart[],
  ) {
    const texts = (parts: readonly AttributePart[]): unknown => parts.map(({ name, key }) => [name, key ?? null]);
    this.id = JSON.stringify([texts(absent), texts(present)]);
  }

  /**
   * The key of a set of attributes: their values, each with its type and length, so that different ones never share a
   * key. Undefined if the shape does not apply: something is there that must be absent, or is absent that must be there.
   */
  keyOf(attributes: Attributes): string | undefined {
    for (const { name, key } of this.absent) {
      const value = attributes.get(name)?.value;
      if (key === undefined ? value !== undefined : !isStringMap(value) || value.get(key) !== undefined)
        return undefined;
    }
    let all = '';
    for (const { name, key } of this.present) {
      const attribute = attributes.get(name);
      if (attribute === undefined) return undefined;
      if (key === undefined) {
        all += valueText(attribute);
        continue;
      }
      const text = isStringMap(attribute.value) ? attribute.value.get(key) : undefined;
      if (text === undefined) return undefined;
      all += measured(text);
    }
    return all;
  }
}

/**
 * The shape of the answers with these references; undefined if answers must not be kept by them: a REGEX or an unknown
 * condition, or an index that is in neither list of words.
 *
 * The map key 0 may mean no key or the word `source.ip`. It is read as no key, by which the shape asks for more than it
 * has to if it was the word: the whole map must be equal, or absent. Such an answer is used less often, never wrongly.
 */
export function keyShape(referenced: ReferencedAttributes): KeyShape | undefined {
  const { words = [], attributeMatches = [] } = referenced;
  const wordAt = (index: number): string | undefined => (index < 0 ? words[~index] : globalWords[index]);
  const absent = new Map<string, AttributePart>();
  const present = new Map<string, AttributePart>();
  for (const { name: nameIndex = 0, condition, mapKey = 0 } of attributeMatches) {
    const name = wordAt(nameIndex);
    const key = mapKey === 0 ? undefined : wordAt(mapKey);
    if (name === undefined || (key === undefined && mapKey !== 0)) return undefined;
    if (condition !== Condition.ABSENCE && condition !== Condition.EXACT) return undefined;
    const parts = condition === Condition.ABSENCE ? absent : present;
    parts.set(JSON.stringify([name, key ?? null]), { name, key });
  }
  return new KeyShape(sorted(absent), sorted(present));
}

function sorted(parts: ReadonlyMap<string, AttributePart>): AttributePart[] {
  return [...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}

function measured(text: string): string {
  return `${text.length}:${text}`;
}

/** A value as text that no other value of any type has, and that tells where it ends. */
function valueText(attribute: Attribute): string {
  const field = fieldOfType[attribute.type];
  switch (attribute.type) {
    case 'TIMESTAMP':
      return `${field}=${attribute.value.seconds}.${attribute.value.nanos};`;
    case 'IP_ADDRESS':
      return `${field}=${Buffer.from(attribute.value).toString('hex')};`;
    case 'STRING_MAP':
      return `${field}=${mapText(attribute.value)};`;
    case 'DOUBLE':
      return `${field}=${Object.is(attribute.value, -0) ? '-0' : attribute.value};`;
    default:
      return `${field}=${measured(String(attribute.value))};`;
  }
}

function mapText(map: StringMap): string {
  const entries = [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, text]) => measured(key) + measured(text)).join('');
}
