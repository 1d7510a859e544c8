import { status } from '@grpc/grpc-js';

/** As Mixer's proxy answered HTTP requests by the code of a denial (google/rpc/code.proto, "HTTP Mapping"). */
const httpStatuses: Readonly<Record<number, number>> = {
  [status.OK]: 200,
  [status.CANCELLED]: 499,
  [status.UNKNOWN]: 500,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 400,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.INTERNAL]: 500,
  [status.UNAVAILABLE]: 503,
  [status.DATA_LOSS]: 500,
  [status.UNAUTHENTICATED]: 401,
};

/** The HTTP status of a gRPC status code; 500 for one that is unknown. */
export function httpStatusOfCode(code: number): number {
  return httpStatuses[code] ?? 500;
}

/** A status as Mixer's proxy writes it: `PERMISSION_DENIED:message`, or the code alone where there is no message. */
export function statusText({ code, message }: { readonly code: number; readonly message: string }): string {
  const name = (status as Readonly<Record<number, string>>)[code] ?? `CODE_${code}`;
  return message === '' ? name : `${name}:${message}`;
}
