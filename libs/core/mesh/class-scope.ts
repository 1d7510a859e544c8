import type { DestinationRule } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Gateway } from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { IstioEgressListener, Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { AuthorizationPolicy } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import { fullHostName, objectKey, type MeshObject } from '@keelson/core/config';
import type { PolicyDemand } from '@keelson/core/policy';
import { hostCovers, hostsOverlap } from './hosts';
import type { Transport } from './mixer-rules';
import type { MeshModel } from './model';
import type { ClientProfile, ProxyNode } from './proxy';
import { destinationsOf } from './routing-rules';
import type { MeshSettings, Scope } from './scope';
import type { Endpoint, Service } from './service';

/** `<namespace>/<host>` of a Sidecar's egress list. */
interface Import {
  namespace: string;
  host: string;
}

const everything: readonly Import[] = [{ namespace: '*', host: '*' }];

/**
 * The scope of one class of proxies over a model: the proxies of one configuration namespace that the same Sidecar, or
 * the same Gateways, select. It answers from the model as it is now.
 */
export class ClassScope implements Scope {
  readonly role: 'sidecar' | 'router';
  readonly client: ClientProfile;
  readonly namespace: string;
  readonly interception: ProxyNode['interception'];
  /** What tells this class from others; identity and address of proxies are no part of it. */
  readonly key: string;
  sidecar: MeshObject<Sidecar> | undefined;
  gateways: readonly MeshObject<Gateway>[];
  policies: readonly MeshObject<AuthorizationPolicy>[];
  private imports: readonly Import[] = everything;
  private captured: readonly Import[] = everything;
  private reachable: ReadonlySet<string> | undefined;

  constructor(
    readonly model: MeshModel,
    node: ProxyNode,
  ) {
    this.role = node.role;
    this.client = node.client;
    this.namespace = node.namespace;
    this.interception = node.interception;
    this.sidecar = node.role === 'sidecar' ? model.policies.sidecarFor(node.namespace, node.labels) : undefined;
    this.gateways = node.role === 'router' ? model.policies.gatewaysFor(node.labels) : [];
    this.policies = node.role === 'router' ? model.policies.authorizationFor(node.namespace, node.labels) : [];
    this.key = ClassScope.keyOf(model, node);
    this.refresh();
  }

  /** The class that a proxy belongs to now. */
  static keyOf(model: MeshModel, node: ProxyNode): string {
    const { policies } = model;
    const selected =
      node.role === 'router'
        ? [...policies.gatewaysFor(node.labels), ...policies.authorizationFor(node.namespace, node.labels)].map(
            objectKey,
          )
        : [policies.sidecarFor(node.namespace, node.labels)].map((sidecar) => (sidecar ? objectKey(sidecar) : '-'));
    const { kind, version, mixerClient } = node.client;
    // What a gRPC client is given depends neither on its version nor on how traffic is captured.
    const profile = kind === 'grpc' ? [kind] : [kind, version, mixerClient, node.role, node.interception];
    return [...profile, node.namespace, ...selected].join('|');
  }

  /** Takes up a new version of the Sidecar, the Gateways, or of what they reach. The class stays the same. */
  refresh(): void {
    const current = <T>(objects: Iterable<MeshObject<T>>, old: MeshObject<T>): MeshObject<T> => {
      for (const object of objects) if (objectKey(object) === objectKey(old)) return object;
      return old;
    };
    const { policies } = this.model;
    if (this.sidecar) this.sidecar = current(policies.sidecars.in(this.sidecar.namespace), this.sidecar);
    this.gateways = this.gateways.map((gateway) => current(policies.gateways.in(gateway.namespace), gateway));
    this.policies = this.policies.map((policy) => current(policies.authorizationPolicies.in(policy.namespace), policy));
    const egress = this.sidecar?.spec.egress ?? [];
    this.imports = egress.length === 0 ? everything : egress.flatMap((listener) => this.importsOf(listener));
    const captured = egress.filter((listener) => !listener.port?.number);
    this.captured = egress.length === 0 ? everything : captured.flatMap((listener) => this.importsOf(listener));
    this.reachable = undefined;
  }

  /** Whether a service is reached by captured traffic, not only by an egress listener with a port of its own. */
  isCaptured(service: Service): boolean {
    return this.captured.some((each) => covers(each, service));
  }

  get settings(): MeshSettings {
    return this.model.settings;
  }

  service(hostname: string): Service | undefined {
    const service = this.model.services.service(hostname, this.namespace);
    return service && this.sees(service) ? service : undefined;
  }

  services(): readonly Service[] {
    const hosts = this.role === 'router' ? [...this.reached()].sort() : this.model.services.hostnames();
    return hosts.flatMap((host) => this.service(host) ?? []);
  }

  servicesOf(egress: IstioEgressListener): readonly Service[] {
    const imports = this.importsOf(egress);
    const exact = imports.every(({ host }) => !host.startsWith('*'));
    const hosts = exact ? [...new Set(imports.map(({ host }) => host))].sort() : this.model.services.hostnames();
    return hosts.flatMap((host) => {
      const service = this.model.services.service(host, this.namespace);
      return service && imports.some((each) => covers(each, service)) ? [service] : [];
    });
  }

  virtualServices(gateway: string, hostname: string): readonly MeshObject<VirtualService>[] {
    return this.model.rules.forHost(gateway, hostname, this.namespace, (rule) => this.importsRule(rule));
  }

  boundTo(gateway: string): readonly MeshObject<VirtualService>[] {
    return this.model.rules.boundTo(gateway, this.namespace);
  }

  destinationRule(hostname: string): MeshObject<DestinationRule> | undefined {
    const service = this.model.services.service(hostname, this.namespace);
    return this.model.rules.destinationRule(hostname, this.namespace, service?.namespace ?? this.namespace);
  }

  endpoints(service: Service): readonly Endpoint[] {
    return this.model.endpoints(service);
  }

  identities(service: Service): readonly string[] {
    return this.model.services.identities(service);
  }

  takesMutualTls(service: Service): boolean {
    return this.model.services.takesMutualTls(service);
  }

  reports(transport: Transport): PolicyDemand | undefined {
    return this.model.mixer.outbound(this.namespace, transport);
  }

  get tells(): boolean {
    return this.client.mixerClient === true && this.model.mixer.active;
  }

  fullName(host: string, namespace: string): string {
    return fullHostName(host, namespace, this.model.settings.domainSuffix);
  }

  private sees(service: Service): boolean {
    if (this.role === 'router') return this.reached().has(service.hostname);
    return this.imports.some((each) => covers(each, service)) || this.isLedTo(service.hostname);
  }

  /** A rule that is imported brings the hosts that it leads to. */
  private isLedTo(hostname: string): boolean {
    const { rules } = this.model;
    for (const rule of rules.leadingTo(hostname))
      if (rules.isInMesh(rule, this.namespace) && this.importsRule(rule)) return true;
    return false;
  }

  /** A router needs only the hosts that rules bound to its gateways lead to. */
  private reached(): ReadonlySet<string> {
    if (!this.reachable) {
      const hosts = new Set<string>();
      for (const gateway of this.gateways)
        for (const rule of this.boundTo(`${gateway.namespace}/${gateway.name}`))
          for (const host of destinationsOf(rule, this.settings.domainSuffix)) hosts.add(host);
      this.reachable = hosts;
    }
    return this.reachable;
  }

  private importsOf(egress: IstioEgressListener): Import[] {
    return (egress.hosts ?? []).map((text) => {
      const slash = text.indexOf('/');
      const namespace = slash < 0 ? '*' : text.slice(0, slash);
      const home =
        this.sidecar?.namespace === this.settings.rootNamespace
          ? this.namespace
          : (this.sidecar?.namespace ?? this.namespace);
      return {
        namespace: namespace === '.' ? home : namespace,
        host: this.fullName(text.slice(slash + 1), namespace === '.' || namespace === '*' ? home : namespace),
      };
    });
  }

  /** Whether the Sidecar imports a rule, by the egress listeners without a port. */
  capturesRule(rule: MeshObject<VirtualService>): boolean {
    return this.importsRule(rule, this.captured);
  }

  /** Whether an egress listener with these hosts, `namespace/host`, imports a rule. */
  listensForRule(rule: MeshObject<VirtualService>, hosts: readonly string[]): boolean {
    return this.importsRule(rule, this.importsOf({ hosts: [...hosts] }));
  }

  private importsRule(rule: MeshObject<VirtualService>, imports = this.imports): boolean {
    if (imports === everything) return true;
    const hosts = this.model.rules.hostsOf(rule);
    return imports.some(
      ({ namespace, host }) =>
        (namespace === '*' || namespace === rule.namespace) && hosts.some((other) => hostsOverlap(host, other)),
    );
  }
}

function covers(each: Import, service: Service): boolean {
  return (each.namespace === '*' || each.namespace === service.namespace) && hostCovers(each.host, service.hostname);
}
