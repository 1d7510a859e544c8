import type { AgentWorkload } from '../workload';

/** The release of Istio whose node metadata this is. */
const istioVersion = '1.31.0';

export interface EnvoyNode {
  id: string;
  cluster: string;
  locality: { region?: string; zone?: string; sub_zone?: string };
  metadata: Record<string, string | Record<string, string>>;
}

/**
 * The node as Pilot knows proxies: `sidecar~10.0.0.1~app.default~default.svc.cluster.local`, and Istio's metadata.
 * `mixerClient` tells that the agent asks Mixer for its proxy.
 */
export function nodeOf(workload: AgentWorkload, domainSuffix: string, mixerClient = false): EnvoyNode {
  const { name, namespace, address, role, labels } = workload;
  const [region, zone, subZone] = workload.locality.split('/');
  return {
    id: [role, address, `${name}.${namespace}`, `${namespace}.svc.${domainSuffix}`].join('~'),
    cluster: `${labels.app ?? name}.${namespace}`,
    locality: {
      ...(region ? { region } : {}),
      ...(zone ? { zone } : {}),
      ...(subZone ? { sub_zone: subZone } : {}),
    },
    metadata: {
      CLUSTER_ID: workload.cluster,
      INSTANCE_IPS: address,
      INTERCEPTION_MODE: workload.interception,
      ISTIO_VERSION: istioVersion,
      LABELS: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
      MESH_ID: workload.meshId,
      ...(mixerClient ? { MIXER_CLIENT: 'true' } : {}),
      NAME: name,
      NAMESPACE: namespace,
      ...(workload.network ? { NETWORK: workload.network } : {}),
      SERVICE_ACCOUNT: workload.serviceAccount,
      WORKLOAD_NAME: name,
    },
  };
}
