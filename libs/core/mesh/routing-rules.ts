import type { DestinationRule, Subset } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import {
  coveringHosts,
  fullHostName,
  objectKey,
  resolveGatewayName,
  type MeshObject,
  type ObjectRef,
} from '@keelson/core/config';
import { byAge } from './age';
import type { MeshDelta } from './delta';
import { coveringPatterns } from './hosts';
import { isExported } from './visibility';

type Rule = MeshObject<VirtualService>;

/** Files values under keys, forgetting keys without values. */
class Filing<T> {
  private readonly filed = new Map<string, Set<T>>();

  add(key: string, value: T): void {
    const values = this.filed.get(key);
    if (values) values.add(value);
    else this.filed.set(key, new Set([value]));
  }

  delete(key: string, value: T): void {
    const values = this.filed.get(key);
    values?.delete(value);
    if (values?.size === 0) this.filed.delete(key);
  }

  get(key: string): ReadonlySet<T> {
    return this.filed.get(key) ?? new Set();
  }

  keys(): IterableIterator<string> {
    return this.filed.keys();
  }
}

/** The full names of the hosts that a VirtualService sends traffic to. */
export function destinationsOf(rule: Rule, domainSuffix: string): Set<string> {
  const hosts = new Set<string>();
  for (const http of rule.spec.http ?? [])
    for (const { destination } of http.route ?? [])
      if (destination?.host) hosts.add(fullHostName(destination.host, rule.namespace, domainSuffix));
  return hosts;
}

/** The gateways that a VirtualService is bound to: `mesh`, or `namespace/name`. Those of its matches only choose among them. */
export function gatewaysOf(rule: Rule): string[] {
  const gateways = new Set((rule.spec.gateways ?? []).map((name) => resolveGatewayName(name, rule.namespace)));
  return gateways.size === 0 ? ['mesh'] : [...gateways];
}

/** VirtualServices and DestinationRules, found by host, gateway and destination. */
export class RoutingRules {
  private readonly rules = new Map<string, Rule>();
  private readonly byMeshHost = new Filing<Rule>();
  private readonly meshWildcards = new Set<string>();
  private readonly byGateway = new Filing<Rule>();
  private readonly byGatewayHost = new Filing<Rule>();
  private readonly byDestination = new Filing<Rule>();
  private readonly policies = new Map<string, MeshObject<DestinationRule>>();
  private readonly byPolicyHost = new Filing<MeshObject<DestinationRule>>();
  private readonly policyWildcards = new Set<string>();

  constructor(
    private readonly domainSuffix: string,
    private readonly rootNamespace: string,
  ) {}

  putVirtualService(rule: Rule, delta: MeshDelta): void {
    const before = this.rules.get(objectKey(rule));
    if (before) this.file(before, false);
    this.rules.set(objectKey(rule), rule);
    this.file(rule, true);
    delta.virtualServices.push({ ...(before ? { before } : {}), after: rule });
  }

  removeVirtualService(ref: ObjectRef, delta: MeshDelta): void {
    const before = this.rules.get(objectKey(ref));
    if (!before) return;
    this.rules.delete(objectKey(ref));
    this.file(before, false);
    delta.virtualServices.push({ before });
  }

  putDestinationRule(policy: MeshObject<DestinationRule>, delta: MeshDelta): void {
    this.removeDestinationRule(policy, delta);
    this.policies.set(objectKey(policy), policy);
    const host = this.hostOf(policy);
    this.byPolicyHost.add(host, policy);
    if (host.startsWith('*')) this.policyWildcards.add(host);
    delta.destinationRules.add(host);
  }

  removeDestinationRule(ref: ObjectRef, delta: MeshDelta): void {
    const before = this.policies.get(objectKey(ref));
    if (!before) return;
    this.policies.delete(objectKey(ref));
    const host = this.hostOf(before);
    this.byPolicyHost.delete(host, before);
    if (this.byPolicyHost.get(host).size === 0) this.policyWildcards.delete(host);
    delta.destinationRules.add(host);
  }

  /** The full names of the hosts of a VirtualService, patterns as they are. */
  hostsOf(rule: Rule): string[] {
    return (rule.spec.hosts ?? []).map((host) => fullHostName(host, rule.namespace, this.domainSuffix));
  }

  /** VirtualServices bound to a gateway, oldest first, as seen from a namespace. */
  boundTo(gateway: string, from: string): Rule[] {
    return [...this.byGateway.get(gateway)].filter((rule) => visible(rule, from)).sort(byAge);
  }

  /**
   * For `mesh` the one rule that counts for a host: of those that are seen and imported that of the most specific host
   * pattern, and of several one that is the namespace's alone, then the oldest. For a gateway all that cover the host,
   * oldest first.
   */
  forHost(gateway: string, hostname: string, from: string, imports: (rule: Rule) => boolean = () => true): Rule[] {
    if (gateway !== 'mesh') return this.forGatewayHost(gateway, hostname, from);
    for (const pattern of [hostname, ...coveringPatterns(this.meshWildcards, hostname)]) {
      const found = first(this.byMeshHost.get(pattern), from, imports);
      if (found) return [found];
    }
    return [];
  }

  /** The rules for proxies beside workloads that name a host or cover it, whether or not they count for it. */
  naming(hostname: string): Rule[] {
    return [hostname, ...coveringPatterns(this.meshWildcards, hostname)].flatMap((pattern) => [
      ...this.byMeshHost.get(pattern),
    ]);
  }

  private forGatewayHost(gateway: string, hostname: string, from: string): Rule[] {
    const found = new Set<Rule>();
    for (const host of coveringHosts(hostname))
      for (const rule of this.byGatewayHost.get(`${gateway} ${host}`)) if (visible(rule, from)) found.add(rule);
    return [...found].sort(byAge);
  }

  /** Whether a VirtualService is for the proxies beside workloads, and seen from a namespace. */
  isInMesh(rule: Rule, from: string): boolean {
    return visible(rule, from) && gatewaysOf(rule).includes('mesh');
  }

  /** VirtualServices that send traffic to a host. */
  leadingTo(hostname: string): ReadonlySet<Rule> {
    return this.byDestination.get(hostname);
  }

  /**
   * The DestinationRule for a host as seen from a namespace: one of that namespace first, then of the service's, then
   * of the root namespace; in each that of the most specific host. Several for one host in one namespace count as one
   * with all their subsets.
   */
  destinationRule(hostname: string, from: string, serviceNamespace: string): MeshObject<DestinationRule> | undefined {
    const patterns = [hostname, ...coveringPatterns(this.policyWildcards, hostname)];
    for (const namespace of [from, serviceNamespace, this.rootNamespace])
      for (const pattern of patterns) {
        const found = [...this.byPolicyHost.get(pattern)].filter(
          (policy) =>
            policy.namespace === namespace &&
            (namespace === from || isExported(policy.spec.exportTo, policy.namespace, from)),
        );
        if (found.length > 0) return merged(found.sort(byAge));
      }
    return undefined;
  }

  private hostOf(policy: MeshObject<DestinationRule>): string {
    return fullHostName(policy.spec.host ?? '', policy.namespace, this.domainSuffix);
  }

  private file(rule: Rule, present: boolean): void {
    const set = <T>(filing: Filing<T>, key: string, value: T): void => {
      if (present) filing.add(key, value);
      else filing.delete(key, value);
    };
    const gateways = gatewaysOf(rule);
    for (const gateway of gateways) set(this.byGateway, gateway, rule);
    for (const host of destinationsOf(rule, this.domainSuffix)) set(this.byDestination, host, rule);
    for (const gateway of gateways)
      for (const host of this.hostsOf(rule)) set(this.byGatewayHost, `${gateway} ${host}`, rule);
    if (!gateways.includes('mesh')) return;
    for (const host of this.hostsOf(rule)) {
      set(this.byMeshHost, host, rule);
      if (!host.startsWith('*')) continue;
      if (this.byMeshHost.get(host).size > 0) this.meshWildcards.add(host);
      else this.meshWildcards.delete(host);
    }
  }
}

function visible(rule: Rule, from: string): boolean {
  return isExported(rule.spec.exportTo, rule.namespace, from);
}

/** The rule that counts of those for one host: one that is exported to no other namespace, then the oldest. */
function first(rules: ReadonlySet<Rule>, from: string, imports: (rule: Rule) => boolean): Rule | undefined {
  let best: Rule | undefined;
  const reach = (rule: Rule): number => ((rule.spec.exportTo ?? []).join() === '.' ? 0 : 1);
  for (const rule of rules)
    if (visible(rule, from) && imports(rule) && (!best || (reach(rule) - reach(best) || byAge(rule, best)) < 0))
      best = rule;
  return best;
}

function merged(policies: readonly MeshObject<DestinationRule>[]): MeshObject<DestinationRule> | undefined {
  const [first, ...rest] = policies;
  if (!first || rest.length === 0) return first;
  const subsets = new Map<string, Subset>();
  for (const policy of policies)
    for (const subset of policy.spec.subsets ?? [])
      if (!subsets.has(subset.name ?? '')) subsets.set(subset.name ?? '', subset);
  const trafficPolicy = policies.find((policy) => policy.spec.trafficPolicy)?.spec.trafficPolicy;
  return {
    ...first,
    spec: { ...first.spec, subsets: [...subsets.values()], ...(trafficPolicy ? { trafficPolicy } : {}) },
  };
}
