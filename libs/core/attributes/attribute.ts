import { problemError } from '@keelson/core/problems';
import { isStringMap } from './string-map';
import type { Instant, Int64, StringMap, ValueType } from './value';
import { isInstant } from './wire-times';

/** What values of each type are. */
interface ValueOfType {
  STRING: string;
  INT64: Int64;
  DOUBLE: number;
  BOOL: boolean;
  TIMESTAMP: Instant;
  /** 4 or 16 bytes. */
  IP_ADDRESS: Uint8Array;
  EMAIL_ADDRESS: string;
  URI: string;
  DNS_NAME: string;
  /** Nanoseconds. */
  DURATION: Int64;
  STRING_MAP: StringMap;
}

/** A value with its type, where no vocabulary tells that. */
export type Attribute = { [T in ValueType]: { readonly type: T; readonly value: ValueOfType[T] } }[ValueType];

/** The attributes of one request, by name. */
export type Attributes = ReadonlyMap<string, Attribute>;

const int64Limit = 1n << 63n;

/** Whether a value is one of a type, and in its range. */
export function isOfType<T extends ValueType>(type: T, value: unknown): value is ValueOfType[T] {
  switch (type) {
    case 'STRING':
    case 'EMAIL_ADDRESS':
    case 'URI':
    case 'DNS_NAME':
      return typeof value === 'string';
    case 'INT64':
    case 'DURATION':
      return typeof value === 'bigint' ? value >= -int64Limit && value < int64Limit : Number.isSafeInteger(value);
    case 'DOUBLE':
      return typeof value === 'number';
    case 'BOOL':
      return typeof value === 'boolean';
    case 'TIMESTAMP':
      return isInstant(value);
    case 'IP_ADDRESS':
      return value instanceof Uint8Array && (value.length === 4 || value.length === 16);
    case 'STRING_MAP':
      return isStringMap(value);
    default:
      return false;
  }
}

/** Throws a ProblemError `invalid-value` that names the attribute, if its value is not one of its type. */
export function requireType<T extends ValueType>(
  name: string,
  type: T,
  value: unknown,
): asserts value is ValueOfType[T] {
  if (!isOfType(type, value)) throw problemError('invalid-value', `is no ${type}`, { field: name });
}
