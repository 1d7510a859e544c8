import type { HTTPFaultInjection } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Any } from '@keelson/api/google/protobuf/any';
import type { FaultDelay } from '@keelson/api/envoy/extensions/filters/common/fault/v3/fault';
import { HTTPFault, type FaultAbort } from '@keelson/api/envoy/extensions/filters/http/fault/v3/fault';
import { share } from '../percent';
import { anyOf } from '../wire';

/** The name of the filter, and of its configuration at a route. */
export const faultFilter = 'envoy.filters.http.fault';
export const faultType = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** Faults of a route, as configuration of the fault filter; nothing where none can happen. */
export function faultOf(fault: HTTPFaultInjection | undefined): Record<string, Any> | undefined {
  const delay = delayOf(fault?.delay);
  const abort = abortOf(fault?.abort);
  if (delay === undefined && abort === undefined) return undefined;
  const config: HTTPFault = { ...(delay === undefined ? {} : { delay }), ...(abort === undefined ? {} : { abort }) };
  return { [faultFilter]: anyOf(faultType, HTTPFault, config) };
}

function delayOf(delay: HTTPFaultInjection['delay']): FaultDelay | undefined {
  if (delay?.httpDelayType?.$case !== 'fixedDelay') return undefined;
  return {
    faultDelaySecifier: { $case: 'fixedDelay', value: delay.httpDelayType.value },
    percentage: share(delay.percentage?.value ?? delay.percent ?? 0),
  };
}

function abortOf(abort: HTTPFaultInjection['abort']): FaultAbort | undefined {
  const percentage = share(abort?.percentage?.value ?? 0);
  const error = abort?.errorType;
  if (error?.$case === 'httpStatus') return { errorType: { $case: 'httpStatus', value: error.value }, percentage };
  if (error?.$case !== 'grpcStatus') return undefined;
  return { errorType: { $case: 'grpcStatus', value: grpcCode(error.value) }, percentage };
}

const grpcCodes = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
  'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED',
  'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
]; // prettier-ignore

/** `UNAVAILABLE` or `14`; UNKNOWN for what is neither. */
function grpcCode(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const code = grpcCodes.indexOf(text.toUpperCase());
  return code < 0 ? 2 : code;
}
