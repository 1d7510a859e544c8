import { fromBinary, fromJson, toBinary, toJson, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { registry } from './descriptors';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** A JSON value that does not fit its protobuf type; `path` is the field in the user's spelling, `http[0].timeout`. */
export class JsonFieldError extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
    this.name = 'JsonFieldError';
  }
}

/** The descriptor of a message by its full name, such as `istio.networking.v1alpha3.VirtualService`. */
export function messageDescriptor(typeName: string): DescMessage {
  const message = registry.getMessage(typeName);
  if (!message) throw new Error(`no message type ${typeName} in the descriptor image`);
  return message;
}

/**
 * The protobuf bytes of canonical JSON. Durations may also be written as Go writes them ("1m30s"), as Istio's users do.
 * Throws JsonFieldError where a value does not fit.
 */
export function jsonToBinary(typeName: string, json: JsonObject): Uint8Array {
  const message = messageDescriptor(typeName);
  const canonical = canonicalMessage(message, json, '');
  try {
    return toBinary(message, fromJson(message, canonical, { registry }));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new JsonFieldError(/field [\w.]+\.(\w+)/.exec(text)?.[1] ?? '', text);
  }
}

/** Canonical proto3 JSON of a message's bytes. */
export function binaryToJson(typeName: string, bytes: Uint8Array): JsonObject {
  const message = messageDescriptor(typeName);
  return toJson(message, fromBinary(message, bytes), { registry }) as JsonObject;
}

const goDuration = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))*$/;
const unitNanos: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** "1m30s" as proto3 JSON has it, "90s". Throws JsonFieldError at `path` for anything that is no duration. */
function canonicalDuration(value: JsonValue, path: string): string {
  if (value === '0') return '0s';
  if (typeof value !== 'string' || !goDuration.test(value))
    throw new JsonFieldError(path, `${JSON.stringify(value)} is not a duration, such as "10s" or "1m30s"`);
  let nanos = 0;
  for (const [, amount, unit] of value.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    nanos += Number(amount) * (unitNanos[unit ?? ''] ?? 0);
  nanos = Math.round(nanos);
  const sign = value.startsWith('-') ? '-' : '';
  const fraction = nanos % 1e9;
  const seconds = Math.floor(nanos / 1e9).toString();
  return fraction === 0 ? `${sign}${seconds}s` : `${sign}${seconds}.${fraction.toString().padStart(9, '0')}s`;
}

function canonicalMessage(message: DescMessage, json: JsonValue, path: string): JsonValue {
  if (message.typeName === 'google.protobuf.Duration') return canonicalDuration(json, path);
  if (message.typeName.startsWith('google.protobuf.') || typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json;
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(json)) {
    const field = fieldsByJsonName(message).get(key);
    result[key] = field ? canonicalField(field, value, path === '' ? key : `${path}.${key}`) : value;
  }
  return result;
}

function canonicalField(field: DescField, value: JsonValue, path: string): JsonValue {
  if (field.message === undefined || value === null) return value;
  const message = field.message;
  if (field.fieldKind === 'list')
    return Array.isArray(value)
      ? value.map((item, i) => canonicalMessage(message, item, `${path}[${String(i)}]`))
      : value;
  if (field.fieldKind === 'map')
    return typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value).map(([key, item]) => [key, canonicalMessage(message, item, `${path}.${key}`)]),
        )
      : value;
  return canonicalMessage(message, value, path);
}

const fieldTables = new WeakMap<DescMessage, Map<string, DescField>>();

function fieldsByJsonName(message: DescMessage): Map<string, DescField> {
  let table = fieldTables.get(message);
  if (!table) {
    table = new Map(
      message.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]),
    );
    fieldTables.set(message, table);
  }
  return table;
}
