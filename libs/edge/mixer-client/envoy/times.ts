import type { Duration } from '@keelson/api/google/protobuf/duration';
import type { Timestamp } from '@keelson/api/google/protobuf/timestamp';
import { int64, type Instant, type Int64 } from '@keelson/core/attributes';

/** A protobuf timestamp as the value of an attribute. */
export function instantOf(time: Timestamp | undefined): Instant | undefined {
  return time && { seconds: time.seconds ?? 0, nanos: time.nanos ?? 0 };
}

/** A protobuf duration as the value of an attribute: nanoseconds. */
export function nanosOf(duration: Duration | undefined): Int64 | undefined {
  if (duration === undefined) return undefined;
  const { seconds = 0, nanos = 0 } = duration;
  if (Math.abs(seconds) < 9_000_000) return seconds * 1e9 + nanos;
  return int64(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
}

/** The instant that is a duration after another. */
export function after(start: Timestamp | undefined, duration: Duration | undefined): Instant | undefined {
  if (start === undefined) return undefined;
  const nanos = (start.nanos ?? 0) + (duration?.nanos ?? 0);
  const carried = Math.floor(nanos / 1e9);
  return { seconds: (start.seconds ?? 0) + (duration?.seconds ?? 0) + carried, nanos: nanos - carried * 1e9 };
}

/** Milliseconds since 1970 as an instant. */
export function instantOfMs(ms: number): Instant {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.floor((ms - seconds * 1_000) * 1e6) };
}
