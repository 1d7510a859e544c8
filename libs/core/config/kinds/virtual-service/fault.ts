import type { HTTPFaultInjection } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Findings } from '../../findings';
import { checkDuration, checkPercentage, checkRange } from '../../rules/values';

const grpcStatuses = new Set([
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]);

export function checkFault(findings: Findings, field: string, { delay, abort }: HTTPFaultInjection): void {
  if (!delay && !abort) findings.add(field, 'needs delay or abort');
  if (delay) {
    checkPercentage(findings, `${field}.delay.percentage.value`, delay.percentage);
    checkRange(findings, `${field}.delay.percent`, delay.percent, 0, 100);
    if (delay.httpDelayType?.$case === 'fixedDelay')
      checkDuration(findings, `${field}.delay.fixedDelay`, delay.httpDelayType.value);
    else findings.add(`${field}.delay`, 'needs fixedDelay');
  }
  if (!abort) return;
  checkPercentage(findings, `${field}.abort.percentage.value`, abort.percentage);
  const error = abort.errorType;
  if (!error) findings.add(`${field}.abort`, 'needs httpStatus or grpcStatus');
  else if (error.$case === 'httpStatus') checkRange(findings, `${field}.abort.httpStatus`, error.value, 200, 599);
  else if (error.$case === 'grpcStatus' && !grpcStatuses.has(error.value))
    findings.add(
      `${field}.abort.grpcStatus`,
      `${JSON.stringify(error.value)} is not a status of gRPC, such as UNAVAILABLE`,
    );
}
