import {
  LoadBalancerSettings_SimpleLB as Simple,
  type LoadBalancerSettings,
} from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import { Cluster_DiscoveryType, Cluster_LbPolicy, type Cluster } from '@keelson/api/envoy/config/cluster/v3/cluster';

const simple: Record<Simple, Cluster_LbPolicy> = {
  [Simple.UNSPECIFIED]: Cluster_LbPolicy.LEAST_REQUEST,
  [Simple.LEAST_CONN]: Cluster_LbPolicy.LEAST_REQUEST,
  [Simple.LEAST_REQUEST]: Cluster_LbPolicy.LEAST_REQUEST,
  [Simple.RANDOM]: Cluster_LbPolicy.RANDOM,
  [Simple.ROUND_ROBIN]: Cluster_LbPolicy.ROUND_ROBIN,
  // Where there is an original destination, it is the cluster's type that says so.
  [Simple.PASSTHROUGH]: Cluster_LbPolicy.LEAST_REQUEST,
};

/** The algorithm that a rule asks for; least request without one. */
export function loadBalancing(
  settings: LoadBalancerSettings | undefined,
  type: Cluster_DiscoveryType,
): Partial<Cluster> {
  if (type === Cluster_DiscoveryType.ORIGINAL_DST) return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED };
  const policy = settings?.lbPolicy;
  if (policy?.$case === 'consistentHash') return consistentHash(policy.value);
  const lbPolicy = simple[policy?.value ?? Simple.UNSPECIFIED];
  const window = settings?.warmup?.duration ?? settings?.warmupDurationSecs;
  if (window === undefined) return { lbPolicy };
  const slowStartConfig = {
    slowStartWindow: window,
    ...(settings?.warmup?.minimumPercent === undefined
      ? {}
      : { minWeightPercent: { value: settings.warmup.minimumPercent } }),
  };
  if (lbPolicy === Cluster_LbPolicy.ROUND_ROBIN)
    return { lbPolicy, lbConfig: { $case: 'roundRobinLbConfig', value: { slowStartConfig } } };
  if (lbPolicy === Cluster_LbPolicy.LEAST_REQUEST)
    return { lbPolicy, lbConfig: { $case: 'leastRequestLbConfig', value: { slowStartConfig } } };
  return { lbPolicy };
}

type ConsistentHash = Extract<NonNullable<LoadBalancerSettings['lbPolicy']>, { $case: 'consistentHash' }>['value'];

function consistentHash(hash: ConsistentHash): Partial<Cluster> {
  const algorithm = hash.hashAlgorithm;
  if (algorithm?.$case === 'maglev') {
    const size = algorithm.value.tableSize ?? 0;
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      ...(size > 0 ? { lbConfig: { $case: 'maglevLbConfig', value: { tableSize: size } } } : {}),
    };
  }
  const asked = algorithm?.value.minimumRingSize ?? hash.minimumRingSize ?? 0;
  const minimumRingSize = asked > 0 ? asked : 1024;
  return { lbPolicy: Cluster_LbPolicy.RING_HASH, lbConfig: { $case: 'ringHashLbConfig', value: { minimumRingSize } } };
}
