/** The types of attributes and expressions, by the names and numbers of `istio.policy.v1beta1.ValueType`. */
export const valueTypes = {
  STRING: 1,
  INT64: 2,
  DOUBLE: 3,
  BOOL: 4,
  TIMESTAMP: 5,
  IP_ADDRESS: 6,
  EMAIL_ADDRESS: 7,
  URI: 8,
  DNS_NAME: 9,
  DURATION: 10,
  STRING_MAP: 11,
} as const;

export type ValueType = keyof typeof valueTypes;

/** A whole number of 64 bits: a number where that is exact, a bigint outside of ±(2^53-1), never the other way round. */
export type Int64 = number | bigint;

/** An instant, since 1970; `nanos` from 0 to 999,999,999. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** Texts by key, as far as a reader needs them. */
export interface StringMap {
  get(key: string): string | undefined;
  /** Every key with its text; the order is not told. */
  entries(): Iterable<readonly [string, string]>;
}

/**
 * The value of an attribute or an expression. What it stands for is told by its type, not by itself:
 * STRING, EMAIL_ADDRESS, URI and DNS_NAME are strings; INT64 is an Int64; DOUBLE a number; BOOL a boolean; TIMESTAMP an
 * Instant; DURATION an Int64 of nanoseconds; IP_ADDRESS 4 or 16 bytes; STRING_MAP a StringMap.
 */
export type Value = string | Int64 | boolean | Instant | Uint8Array | StringMap;

/** A bigint as an Int64, wrapped to 64 bits as Go wraps. */
export function int64(value: bigint): Int64 {
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= -9007199254740991n && wrapped <= 9007199254740991n ? Number(wrapped) : wrapped;
}
