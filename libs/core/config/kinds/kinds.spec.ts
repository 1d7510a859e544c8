import type { DescMessage } from '@bufbuild/protobuf';
import { messageDescriptor } from '@keelson/api';
import { kindByCollection, kindByName, kindOf, kinds } from '..';
import { schemaErrors } from '../schema';
import type { Served } from '../served';

describe('the table of kinds', () => {
  it.each(kinds.map((kind) => [kind.kind, kind] as const))('%s is found by each of its names', (_, kind) => {
    for (const version of kind.versions) expect(kindOf(`${kind.group}/${version}`, kind.kind)).toBe(kind);
    expect(kindOf(`${kind.group}/v0`, kind.kind)).toBeUndefined();
    expect(kindOf(`other.${kind.group}/${kind.versions[0] ?? ''}`, kind.kind)).toBeUndefined();
    expect(kindByName(kind.kind)).toBe(kind);
    expect(kindByCollection(kind.collection)).toBe(kind);
  });

  it.each(kinds.map((kind) => [kind.kind, kind] as const))('%s has a schema that compiles', (_, kind) => {
    expect(schemaErrors(kind, {}, true)).toEqual([]);
    // A Struct has any field.
    const any = kind.typeName === 'google.protobuf.Struct';
    expect(schemaErrors(kind, { noSuchField: 1 }, true)).toHaveLength(any ? 0 : 1);
  });

  it.each(kinds.map((kind) => [kind.kind, kind] as const))('%s serves fields that the API has', (_, kind) => {
    expect(unknownFields(messageDescriptor(kind.typeName), kind.served)).toEqual([]);
  });
});

function unknownFields(message: DescMessage, served: Served): string[] {
  return Object.entries(served).flatMap(([name, what]) => {
    const field = message.fields.find(({ jsonName }) => jsonName === name);
    if (!field) return [`${message.typeName}.${name}`];
    if (what === true) return [];
    if (Array.isArray(what)) {
      const values = field.enum?.values.map((value) => value.name) ?? [];
      return (what as string[]).filter((value) => !values.includes(value)).map((value) => `${name}=${value}`);
    }
    return field.message ? unknownFields(field.message, what as Served) : [`${name} is no message`];
  });
}
