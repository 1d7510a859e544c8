import { int64, type Int64 } from '@keelson/core/attributes';

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const maxInt64 = 2n ** 63n - 1n;
/** Far more than a duration needs, and no more than costs nothing. */
const maxLength = 256;

/**
 * The nanoseconds of a duration as Go's `time.ParseDuration` reads it (`1h30m`, `-1.5ms`, `0`); undefined for any other
 * text, and for what is beyond 64 bits.
 */
export function parseDuration(text: string): Int64 | undefined {
  const first = text.charCodeAt(0);
  // Nearly all texts that are asked about are no durations: [+\-.0-9] begins one.
  if (!(first === 0x2b || first === 0x2d || first === 0x2e || (first >= 0x30 && first <= 0x39))) return undefined;
  if (text.length > maxLength) return undefined;
  const match = /^([+-]?)(?:(0)|((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, zero, parts = ''] = match;
  if (zero !== undefined) return 0;
  let sum = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of parts.matchAll(/([0-9]*)\.?([0-9]*)(ns|[uµμm]s|[smh])/g)) {
    const nanos = unitNanos[unit] ?? 0n;
    sum += BigInt(whole || '0') * nanos + fractionNanos(fraction, nanos);
  }
  // Go takes the one duration that has no positive counterpart.
  if (sum > (sign === '-' ? maxInt64 + 1n : maxInt64)) return undefined;
  return int64(sign === '-' ? -sum : sum);
}

/** The digits after the point, as Go counts them: those within 63 bits, in floating point, rounded down. */
function fractionNanos(digits: string, unit: bigint): bigint {
  let fraction = 0n;
  let scale = 1;
  for (const digit of digits) {
    const longer = fraction * 10n + BigInt(digit);
    if (fraction > maxInt64 / 10n || longer > maxInt64) break;
    fraction = longer;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(fraction) * (Number(unit) / scale)));
}

/** A duration of so many nanoseconds as Go prints it: `1m30s`, `5ms`, `1.5µs`, `0s`. */
export function formatDuration(nanos: Int64): string {
  if (nanos === 0) return '0s';
  const sign = nanos < 0 ? '-' : '';
  let seconds: number;
  let rest: number;
  if (typeof nanos === 'number') {
    const size = Math.abs(nanos);
    seconds = Math.floor(size / 1e9);
    rest = size % 1e9;
  } else {
    const size = nanos < 0n ? -nanos : nanos;
    seconds = Number(size / 1_000_000_000n);
    rest = Number(size % 1_000_000_000n);
  }
  if (seconds === 0) {
    if (rest < 1_000) return `${sign}${rest}ns`;
    if (rest < 1_000_000) return `${sign}${decimal(Math.floor(rest / 1e3), rest % 1e3, 3)}µs`;
    return `${sign}${decimal(Math.floor(rest / 1e6), rest % 1e6, 6)}ms`;
  }
  const inMinute = `${decimal(seconds % 60, rest, 9)}s`;
  if (seconds < 60) return sign + inMinute;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${sign}${minutes}m${inMinute}`;
  return `${sign}${Math.floor(minutes / 60)}h${minutes % 60}m${inMinute}`;
}

/** A number with so many digits of a fraction, less the zeros at its end. */
function decimal(whole: number, fraction: number, digits: number): string {
  if (fraction === 0) return String(whole);
  return `${whole}.${String(fraction).padStart(digits, '0').replace(/0+$/, '')}`;
}
