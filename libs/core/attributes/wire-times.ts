import { type ProtoCursor, wireTypes } from './proto-cursor';
import { int64, type Instant, type Int64 } from './value';

// The ranges of google/protobuf/timestamp.proto (years 1 to 9999) and duration.proto (10,000 years either way).
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;
const maxDurationSeconds = 315_576_000_000;
const maxNanos = (1n << 63n) - 1n;

/** Whether a value is an instant that `google.protobuf.Timestamp` can tell. */
export function isInstant(value: unknown): value is Instant {
  if (typeof value !== 'object' || value === null || !('seconds' in value) || !('nanos' in value)) return false;
  const { seconds, nanos } = value;
  return isWithin(seconds, firstSecond, lastSecond) && isWithin(nanos, 0, 999_999_999);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

/** The Timestamp that ends at the cursor's end; undefined where it is out of range. */
export function readTimestamp(cursor: ProtoCursor): Instant | undefined {
  const { seconds, nanos } = readSecondsAndNanos(cursor);
  if (typeof seconds === 'bigint') return undefined;
  const instant = { seconds, nanos };
  return isInstant(instant) ? instant : undefined;
}

/** The Duration that ends at the cursor's end, in nanoseconds; undefined where it is out of range or needs over 64 bits. */
export function readDuration(cursor: ProtoCursor): Int64 | undefined {
  const { seconds, nanos } = readSecondsAndNanos(cursor);
  if (typeof seconds === 'bigint' || Math.abs(seconds) > maxDurationSeconds || Math.abs(nanos) > 999_999_999) {
    return undefined;
  }
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) return undefined;
  const total = seconds * 1e9 + nanos;
  if (Math.abs(seconds) < 9_000_000) return total;
  const exact = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  return exact > maxNanos || exact < -maxNanos - 1n ? undefined : int64(exact);
}

function readSecondsAndNanos(cursor: ProtoCursor): { seconds: Int64; nanos: number } {
  let seconds: Int64 = 0;
  let nanos = 0;
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag >>> 3 === 1) {
      cursor.expect(tag, wireTypes.VARINT);
      seconds = cursor.int64();
    } else if (tag >>> 3 === 2) {
      cursor.expect(tag, wireTypes.VARINT);
      nanos = cursor.int32();
    } else {
      cursor.skip(tag & 7);
    }
  }
  return { seconds, nanos };
}
