import type { Duration } from '@keelson/api/google/protobuf/duration';

/** Zero means "no limit" in nearly all of Envoy's timeouts. */
export const noTimeout: Duration = { seconds: 0, nanos: 0 };

/** A duration of whole seconds. */
export function seconds(count: number): Duration {
  return { seconds: count, nanos: 0 };
}

/** Whole seconds of a duration, for fields that have no finer unit; at least 1. */
export function wholeSeconds(duration: Duration): number {
  return Math.max(1, Math.round((duration.seconds ?? 0) + (duration.nanos ?? 0) / 1e9));
}

/** Whether a duration is none. */
export function isZero(duration: Duration): boolean {
  return (duration.seconds ?? 0) === 0 && (duration.nanos ?? 0) === 0;
}
