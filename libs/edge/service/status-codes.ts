import { status } from '@grpc/grpc-js';
import { type ProblemCode } from '@keelson/core/problems';

const table: Record<ProblemCode, readonly [http: number, grpc: status]> = {
  malformed: [400, status.INVALID_ARGUMENT],
  'unknown-kind': [422, status.INVALID_ARGUMENT],
  'unknown-field': [422, status.INVALID_ARGUMENT],
  'invalid-value': [422, status.INVALID_ARGUMENT],
  'not-supported': [422, status.INVALID_ARGUMENT],
  'bad-reference': [422, status.FAILED_PRECONDITION],
  duplicate: [409, status.ALREADY_EXISTS],
  'owned-by-other': [409, status.FAILED_PRECONDITION],
  'too-large': [413, status.RESOURCE_EXHAUSTED],
  'not-found': [404, status.NOT_FOUND],
  conflict: [409, status.ABORTED],
  unauthenticated: [401, status.UNAUTHENTICATED],
  forbidden: [403, status.PERMISSION_DENIED],
  unavailable: [503, status.UNAVAILABLE],
};

/** The HTTP status that tells a user of this problem. */
export function httpStatusOf(code: ProblemCode): number {
  return table[code][0];
}

/** The gRPC status that tells a caller of this problem. */
export function grpcStatusOf(code: ProblemCode): status {
  return table[code][1];
}
