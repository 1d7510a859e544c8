import type { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { DestinationRule } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Gateway } from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { ServiceEntry } from '@keelson/api/istio/networking/v1alpha3/service_entry';
import type { Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { WorkloadEntry } from '@keelson/api/istio/networking/v1alpha3/workload_entry';
import type { AuthorizationPolicy } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { PeerAuthentication } from '@keelson/api/istio/security/v1beta1/peer_authentication';
import { objectKey, type MeshObject, type ObjectRef } from '@keelson/core/config';
import type { AdapterTable } from '@keelson/core/policy';
import { byAge } from './age';
import { MeshDelta } from './delta';
import { MixerRules } from './mixer-rules';
import { RoutingRules } from './routing-rules';
import type { MeshSettings } from './scope';
import type { Endpoint, Service } from './service';
import { ServiceRegistry } from './service-registry';
import { switchesOff, WorkloadPolicies } from './workload-policies';
import type { Workload } from './workload';

export interface MeshDefaults {
  trustDomain: string;
  domainSuffix: string;
  rootNamespace: string;
  /** The adapters that Mixers have; without them no proxy is told to ask Mixer. */
  adapters?: AdapterTable;
}

/**
 * The mesh as configuration and leases describe it. It is folded change by change; each fold tells what it touched.
 * Several models may stand side by side, one for each revision that is served.
 */
export class MeshModel {
  readonly services: ServiceRegistry;
  readonly rules: RoutingRules;
  readonly policies: WorkloadPolicies;
  readonly mixer: MixerRules;
  private readonly meshConfigs = new Map<string, MeshObject<MeshConfig>>();
  private current: MeshSettings;
  private plaintext = false;

  constructor(private readonly defaults: MeshDefaults) {
    this.current = { ...defaults, config: {} };
    this.services = new ServiceRegistry(defaults.domainSuffix, () => this.current.trustDomain);
    this.rules = new RoutingRules(defaults.domainSuffix, defaults.rootNamespace);
    this.policies = new WorkloadPolicies(defaults.rootNamespace);
    this.mixer = new MixerRules(defaults, defaults.adapters ?? new Map());
  }

  get settings(): MeshSettings {
    return this.current;
  }

  /** Folds one commit, or several at once: what was removed, then what was put. */
  applyConfig(change: { put: readonly MeshObject[]; remove: readonly ObjectRef[] }): MeshDelta {
    const delta = new MeshDelta();
    for (const ref of change.remove) this.remove(ref, delta);
    for (const object of change.put) this.put(object, delta);
    return delta;
  }

  /** Folds registered workloads; `remove` holds uids. */
  applyWorkloads(change: { put: readonly Workload[]; remove: readonly string[] }): MeshDelta {
    const delta = new MeshDelta();
    for (const uid of change.remove) this.services.removeWorkload(uid, delta);
    for (const workload of change.put) this.services.putWorkload(workload, delta);
    return delta;
  }

  /** A service's endpoints, with what policies say of their mutual TLS. */
  endpoints(service: Service): readonly Endpoint[] {
    const endpoints = this.services.endpoints(service);
    if (!this.plaintext) return endpoints;
    return endpoints.map((endpoint) => {
      if (!endpoint.mutualTls) return endpoint;
      const mode = (port?: number): string => this.policies.mtlsMode(endpoint.namespace, endpoint.labels, port);
      const plaintextPorts = Object.keys(endpoint.ports).filter((name) => mode(endpoint.ports[name]) === 'DISABLE');
      return plaintextPorts.length === 0 ? endpoint : { ...endpoint, plaintextPorts };
    });
  }

  private put(object: MeshObject, delta: MeshDelta): void {
    switch (object.kind) {
      case 'ServiceEntry':
        this.services.putServiceEntry(object as MeshObject<ServiceEntry>, delta);
        break;
      case 'WorkloadEntry':
        this.services.putWorkloadEntry(object as MeshObject<WorkloadEntry>, delta);
        break;
      case 'VirtualService':
        this.rules.putVirtualService(object as MeshObject<VirtualService>, delta);
        break;
      case 'DestinationRule':
        this.rules.putDestinationRule(object as MeshObject<DestinationRule>, delta);
        break;
      case 'Sidecar':
        this.policies.sidecars.put(object as MeshObject<Sidecar>);
        delta.sidecars.add(object.namespace);
        break;
      case 'Gateway':
        this.policies.gateways.put(object as MeshObject<Gateway>);
        delta.gateways = true;
        break;
      case 'PeerAuthentication': {
        const policy = object as MeshObject<PeerAuthentication>;
        this.policies.peerAuthentications.put(policy);
        this.peerAuthenticationChanged(policy, delta);
        break;
      }
      case 'AuthorizationPolicy':
        this.policies.authorizationPolicies.put(object as MeshObject<AuthorizationPolicy>);
        delta.policies.add(object.namespace);
        break;
      case 'MeshConfig':
        this.meshConfigs.set(objectKey(object), object as MeshObject<MeshConfig>);
        this.settingsChanged(delta);
        break;
      default: // one of Mixer's; a kind that this version does not know is carried by the log and means nothing here
        if (this.mixer.put(object)) delta.mixer = true;
    }
  }

  private remove(ref: ObjectRef, delta: MeshDelta): void {
    switch (ref.kind) {
      case 'ServiceEntry':
        this.services.removeServiceEntry(ref, delta);
        break;
      case 'WorkloadEntry':
        this.services.removeWorkloadEntry(ref, delta);
        break;
      case 'VirtualService':
        this.rules.removeVirtualService(ref, delta);
        break;
      case 'DestinationRule':
        this.rules.removeDestinationRule(ref, delta);
        break;
      case 'Sidecar':
        if (this.policies.sidecars.remove(ref)) delta.sidecars.add(ref.namespace);
        break;
      case 'Gateway':
        if (this.policies.gateways.remove(ref)) delta.gateways = true;
        break;
      case 'PeerAuthentication':
        if (this.policies.peerAuthentications.remove(ref)) this.peerAuthenticationChanged(ref, delta);
        break;
      case 'AuthorizationPolicy':
        if (this.policies.authorizationPolicies.remove(ref)) delta.policies.add(ref.namespace);
        break;
      case 'MeshConfig':
        if (this.meshConfigs.delete(objectKey(ref))) this.settingsChanged(delta);
        break;
      default:
        if (this.mixer.remove(ref)) delta.mixer = true;
    }
  }

  private peerAuthenticationChanged(policy: ObjectRef & { spec?: PeerAuthentication }, delta: MeshDelta): void {
    delta.policies.add(policy.namespace);
    const before = this.plaintext;
    this.plaintext = this.policies.anyPlaintext();
    const matters = before || this.plaintext || (policy.spec !== undefined && switchesOff(policy.spec));
    if (!matters) return;
    const everywhere = policy.namespace === this.defaults.rootNamespace;
    for (const host of this.services.hostnames())
      if (everywhere || this.services.isIn(host, policy.namespace)) delta.endpoints.add(host);
  }

  private settingsChanged(delta: MeshDelta): void {
    const [config] = [...this.meshConfigs.values()]
      .filter((each) => each.namespace === this.defaults.rootNamespace)
      .sort(byAge);
    const spec = config?.spec ?? {};
    const trustDomain = spec.trustDomain ? spec.trustDomain : this.defaults.trustDomain;
    const moved = trustDomain !== this.current.trustDomain;
    this.current = { ...this.defaults, trustDomain, config: spec };
    delta.settings = true;
    if (moved) this.services.refresh(delta);
  }
}
