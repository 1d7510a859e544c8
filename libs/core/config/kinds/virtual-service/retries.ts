import type { HTTPRetry } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { Findings } from '../../findings';
import { checkDuration, checkNotNegative } from '../../rules/values';

const conditions = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

export function checkRetries(findings: Findings, field: string, retries: HTTPRetry): void {
  const { attempts, perTryTimeout, retryOn, backoff } = retries;
  checkNotNegative(findings, `${field}.attempts`, attempts);
  if (!attempts && (perTryTimeout || retryOn || backoff))
    findings.add(`${field}.attempts`, 'is 0, which turns retries off, and there is more about retries');
  checkDuration(findings, `${field}.perTryTimeout`, perTryTimeout);
  checkDuration(findings, `${field}.backoff`, backoff);
  for (const condition of retryOn ? retryOn.split(',') : [])
    if (!conditions.has(condition) && !/^[1-5]\d\d$/.test(condition))
      findings.add(
        `${field}.retryOn`,
        `${JSON.stringify(condition)} is not a condition for a retry, such as 5xx or connect-failure`,
      );
}
