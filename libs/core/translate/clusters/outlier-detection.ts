import type { OutlierDetection as Wanted } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { OutlierDetection } from '@keelson/api/envoy/config/cluster/v3/outlier_detection';

/** Ejection of endpoints that fail, as a DestinationRule has it. Statistical ejection is never on. */
export function outlierDetection(wanted: Wanted | undefined): OutlierDetection | undefined {
  if (wanted === undefined) return undefined;
  const { consecutive5xxErrors, interval, baseEjectionTime } = wanted;
  // The old name of the same count.
  const old = (wanted.consecutiveErrors ?? 0) > 0 ? wanted.consecutiveErrors : undefined;
  const consecutiveGatewayErrors = wanted.consecutiveGatewayErrors ?? old;
  return {
    enforcingSuccessRate: 0,
    ...(consecutive5xxErrors === undefined
      ? {}
      : { consecutive5xx: consecutive5xxErrors, enforcingConsecutive5xx: enforced(consecutive5xxErrors) }),
    ...(consecutiveGatewayErrors === undefined
      ? {}
      : {
          consecutiveGatewayFailure: consecutiveGatewayErrors,
          enforcingConsecutiveGatewayFailure: enforced(consecutiveGatewayErrors),
        }),
    ...(interval === undefined ? {} : { interval }),
    ...(baseEjectionTime === undefined ? {} : { baseEjectionTime }),
    ...((wanted.maxEjectionPercent ?? 0) > 0 ? { maxEjectionPercent: wanted.maxEjectionPercent } : {}),
    ...(wanted.splitExternalLocalOriginErrors === true ? splitErrors(wanted) : {}),
  };
}

function splitErrors(wanted: Wanted): OutlierDetection {
  const failures = wanted.consecutiveLocalOriginFailures ?? 0;
  return {
    splitExternalLocalOriginErrors: true,
    enforcingLocalOriginSuccessRate: 0,
    ...(failures > 0 ? { consecutiveLocalOriginFailure: failures, enforcingConsecutiveLocalOriginFailure: 100 } : {}),
  };
}

function enforced(errors: number): number {
  return errors > 0 ? 100 : 0;
}
