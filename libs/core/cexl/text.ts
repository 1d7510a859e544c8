import type { Instant, Int64, StringMap, Value, ValueType } from '@keelson/core/attributes';
import { formatDuration } from './go-duration';
import { formatInstant } from './instant';
import { formatIp } from './ip-address';
import { isLess } from './text-order';

/**
 * A value as text, as Mixer's adapters print it: texts as they are, INT64 decimal, DOUBLE by `formatDouble`, BOOL as true
 * or false, IP_ADDRESS dotted or by RFC 5952, TIMESTAMP by RFC 3339 in UTC with microseconds, DURATION as Go prints it
 * (`1m30s`), STRING_MAP as `a=b&c=d` with its keys in order.
 */
export function textOf(value: Value, type: ValueType): string {
  switch (type) {
    case 'STRING':
    case 'EMAIL_ADDRESS':
    case 'URI':
    case 'DNS_NAME':
      return value as string;
    case 'INT64':
      return (value as Int64).toString();
    case 'BOOL':
      return value === true ? 'true' : 'false';
    case 'DOUBLE':
      return formatDouble(value as number);
    case 'TIMESTAMP':
      return formatInstant(value as Instant);
    case 'IP_ADDRESS':
      return formatIp(value as Uint8Array);
    case 'DURATION':
      return formatDuration(value as Int64);
    case 'STRING_MAP':
      return [...(value as StringMap).entries()]
        .sort(([a], [b]) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0))
        .map(([key, text]) => `${key}=${text}`)
        .join('&');
  }
}

/** The shortest decimal that reads as the same number, without an exponent, as Mixer's adapters have it. */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const plain = String(value);
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(plain) ?? [];
  if (whole === '') return plain;
  const power = Number(exponent);
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${whole}${fraction}`;
  // JavaScript prints an exponent from 21 on, and a number has no more than 17 digits.
  return sign + whole + fraction.padEnd(power, '0');
}
