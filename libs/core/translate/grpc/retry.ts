import type { Duration } from '@keelson/api/google/protobuf/duration';
import type { RetryPolicy } from '@keelson/api/envoy/config/route/v3/route_components';

/** The conditions that gRPC knows: codes of a call (gRFC A44). It sees to connections by itself. */
const codes = new Set(['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable']);

/** Retries of a call; nothing where none of the conditions is a code of gRPC. */
export function callRetries(policy: RetryPolicy | undefined): RetryPolicy | undefined {
  const conditions = (policy?.retryOn ?? '').split(',').filter((condition) => codes.has(condition));
  if (conditions.length === 0) return undefined;
  const baseInterval = policy?.retryBackOff?.baseInterval;
  return {
    retryOn: conditions.join(','),
    numRetries: policy?.numRetries,
    ...(baseInterval === undefined || milliseconds(baseInterval) < 1 ? {} : { retryBackOff: { baseInterval } }),
  };
}

/** Clients count in milliseconds, and refuse an interval of none. */
function milliseconds({ seconds, nanos }: Duration): number {
  return (seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}
