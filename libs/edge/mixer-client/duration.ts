import type { Duration } from '@keelson/api/google/protobuf/duration';

/** A protobuf duration in milliseconds; 0 where there is none. */
export function millisecondsOf(duration: Duration | undefined): number {
  return (duration?.seconds ?? 0) * 1_000 + (duration?.nanos ?? 0) / 1e6;
}
