import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Any } from '@keelson/api/google/protobuf/any';

/** What the generated codecs have in common. */
interface Encoder<T> {
  encode(message: T): BinaryWriter;
}

/** A message inside an Any. `typeName` is its full protobuf name. */
export function anyOf<T>(typeName: string, encoder: Encoder<T>, message: T): Any {
  return { typeUrl: `type.googleapis.com/${typeName}`, value: encoder.encode(message).finish() };
}

/** The value of an extension point: an Any as the oneof that Envoy's API calls `typed_config`. */
export function typedConfig<T>(
  typeName: string,
  encoder: Encoder<T>,
  message: T,
): { $case: 'typedConfig'; value: Any } {
  return { $case: 'typedConfig', value: anyOf(typeName, encoder, message) };
}

/**
 * A message's bytes with encoded messages appended to one of its repeated fields: what protobuf makes of it when the
 * field's items had been there from the start, apart from the order of fields, which no reader sees.
 */
export function withRepeated(message: Uint8Array, field: number, items: readonly Uint8Array[]): Uint8Array {
  const heads = items.map((item) => Buffer.from([...varint((field << 3) | 2), ...varint(item.length)]));
  return Buffer.concat([message, ...items.flatMap((item, i) => [heads[i] ?? Buffer.alloc(0), item])]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push(rest % 128 | 128);
  }
}
