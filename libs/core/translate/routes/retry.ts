import type { HTTPRetry } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { RetryPolicy } from '@keelson/api/envoy/config/route/v3/route_components';
import { PreviousHostsPredicate } from '@keelson/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts';
import { typedConfig } from '../wire';

const defaultConditions = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const defaultAttempts = 2;

const otherHosts: RetryPolicy = {
  retryHostPredicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      configType: typedConfig(
        'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
        PreviousHostsPredicate,
        {},
      ),
    },
  ],
  hostSelectionRetryMaxAttempts: 5,
};

/** Retries of a route: as its rule says, else as the mesh says, else Istio's. Nothing where they are switched off. */
export function retryPolicy(rule: HTTPRetry | undefined, ofMesh: HTTPRetry | undefined): RetryPolicy | undefined {
  const wanted = rule ?? ofMesh;
  if (wanted !== undefined && (wanted.attempts ?? 0) <= 0) return undefined;
  const { conditions, statusCodes } = parseConditions(wanted?.retryOn);
  return {
    retryOn: conditions,
    numRetries: wanted?.attempts ?? defaultAttempts,
    ...(statusCodes.length === 0 ? {} : { retriableStatusCodes: statusCodes }),
    ...(wanted?.retryIgnorePreviousHosts === false ? {} : otherHosts),
    ...(wanted?.perTryTimeout === undefined ? {} : { perTryTimeout: wanted.perTryTimeout }),
    ...(wanted?.backoff === undefined ? {} : { retryBackOff: { baseInterval: wanted.backoff } }),
  };
}

/** Status codes may stand among the conditions; Envoy has them apart, and one condition that stands for all of them. */
function parseConditions(text: string | undefined): { conditions: string; statusCodes: number[] } {
  // A 503 of the application is none of them: it may have done its work before.
  if (text === undefined || text === '') return { conditions: defaultConditions, statusCodes: [] };
  const parts = text.split(',').map((part) => part.trim());
  const statusCodes = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const conditions = parts.filter((part) => part !== '' && !/^\d+$/.test(part));
  if (statusCodes.length > 0 && !conditions.includes('retriable-status-codes'))
    conditions.push('retriable-status-codes');
  return { conditions: conditions.join(','), statusCodes };
}
