import type { Scope } from '@keelson/core/mesh';
import type { PortPolicy } from './traffic-policy';

/**
 * Whether nearer endpoints come first. Only with outlier detection, as in Istio: without ejection nothing would say
 * when to go on to the next place.
 */
export function spreadsByLocality(scope: Scope, policy: PortPolicy): boolean {
  if (policy.outlierDetection === undefined) return false;
  const setting = policy.loadBalancer?.localityLbSetting ?? scope.settings.config.localityLbSetting;
  return setting?.enabled !== false;
}
