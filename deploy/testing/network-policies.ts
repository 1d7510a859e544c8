import { networkPolicies, only, selectedBy, type NetworkPolicy, type Workload } from './manifests';

type Rule = NetworkPolicy['spec']['ingress'][number];

export const everywhere = 'everybody';
export const cluster = 'every pod of the cluster';

/** The network policy that selects the pods of a workload. */
export function policyOf(workload: Workload): NetworkPolicy {
  return only(
    networkPolicies.filter(({ spec }) => selectedBy(spec.podSelector.matchLabels)[0] === workload),
    `network policies of ${workload.metadata.name}`,
  );
}

/** The peers of a rule in words: a workload of these manifests by its name. */
export function peersOf({ from }: Rule): string[] {
  if (from === undefined) return [everywhere];
  return from.map(({ podSelector, namespaceSelector }) => {
    if (podSelector !== undefined && namespaceSelector === undefined)
      return only(selectedBy(podSelector.matchLabels), 'peers').metadata.name;
    const labels = Object.entries(namespaceSelector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
    return labels.length === 0 ? cluster : `namespaces with ${labels.join(',')}`;
  });
}

/** Who may reach a port of a workload, in words. Throws where no rule, or more than one, opens it. */
export function callersOf(workload: Workload, port: string): string[] {
  const rules = policyOf(workload).spec.ingress.filter((rule) => rule.ports.some((opened) => opened.port === port));
  return peersOf(only(rules, `rules of ${workload.metadata.name} for ${port}`));
}
