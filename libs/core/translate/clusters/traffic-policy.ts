import type { DestinationRule, Subset, TrafficPolicy } from '@keelson/api/istio/networking/v1alpha3/destination_rule';

/** The part of a traffic policy that can be set for one port. */
export type PortPolicy = Pick<TrafficPolicy, 'loadBalancer' | 'connectionPool' | 'outlierDetection' | 'tls'>;

/**
 * What a DestinationRule says of one port and subset. Settings for a port stand instead of the whole policy that they
 * are part of; a subset's policy stands over the rule's, field by field.
 */
export function trafficPolicy(rule: DestinationRule | undefined, subset: Subset | undefined, port: number): PortPolicy {
  const base = ofPort(rule?.trafficPolicy, port) ?? pick(rule?.trafficPolicy);
  const portOfSubset = ofPort(subset?.trafficPolicy, port);
  if (portOfSubset !== undefined) return portOfSubset;
  const own = pick(subset?.trafficPolicy);
  return {
    loadBalancer: own.loadBalancer ?? base.loadBalancer,
    connectionPool: own.connectionPool ?? base.connectionPool,
    outlierDetection: own.outlierDetection ?? base.outlierDetection,
    tls: own.tls ?? base.tls,
  };
}

function ofPort(policy: TrafficPolicy | undefined, port: number): PortPolicy | undefined {
  const settings = policy?.portLevelSettings?.find((candidate) => candidate.port?.number === port);
  return settings === undefined ? undefined : pick(settings);
}

function pick(policy: PortPolicy | undefined): PortPolicy {
  return {
    loadBalancer: policy?.loadBalancer,
    connectionPool: policy?.connectionPool,
    outlierDetection: policy?.outlierDetection,
    tls: policy?.tls,
  };
}
