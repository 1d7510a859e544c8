import type { MeshObject } from '@keelson/core/config';
import type { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { DestinationRule } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import type { Gateway } from '@keelson/api/istio/networking/v1alpha3/gateway';
import type { IstioEgressListener, Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { AuthorizationPolicy } from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { PolicyDemand } from '@keelson/core/policy';
import type { PortPolicy, Transport } from './mixer-rules';
import type { Endpoint, Service } from './service';
import type { ClientProfile } from './proxy';

/** Settings of the mesh that translation reads. */
export interface MeshSettings {
  trustDomain: string;
  /** `cluster.local`. */
  domainSuffix: string;
  rootNamespace: string;
  config: MeshConfig;
}

/**
 * What one class of proxies sees of the mesh: the only thing that shared translation reads. It answers for one moment;
 * the same answers give the same bytes.
 */
export interface Scope {
  readonly role: 'sidecar' | 'router';
  readonly client: ClientProfile;
  readonly namespace: string;
  readonly interception: 'REDIRECT' | 'TPROXY' | 'NONE';
  readonly settings: MeshSettings;
  /** The Sidecar that selects the class, if one does. */
  readonly sidecar: MeshObject<Sidecar> | undefined;
  /** The Gateways that select the class (routers only), in order of creation. */
  readonly gateways: readonly MeshObject<Gateway>[];
  /** The AuthorizationPolicies that select the class (routers only: a sidecar's are in its InboundScope), DENY first. */
  readonly policies: readonly MeshObject<AuthorizationPolicy>[];
  /** The service of a full host name, as seen from here. */
  service(hostname: string): Service | undefined;
  /** Every service seen from here, in order of host name. */
  services(): readonly Service[];
  /** Those of them that an egress listener of the Sidecar imports. */
  servicesOf(egress: IstioEgressListener): readonly Service[];
  /**
   * The VirtualServices bound to a gateway (`mesh`, or `namespace/name`) for a host; the oldest first. For `mesh` at
   * most one counts for a host.
   */
  virtualServices(gateway: string, hostname: string): readonly MeshObject<VirtualService>[];
  /** All VirtualServices bound to a gateway, oldest first. */
  boundTo(gateway: string): readonly MeshObject<VirtualService>[];
  destinationRule(hostname: string): MeshObject<DestinationRule> | undefined;
  endpoints(service: Service): readonly Endpoint[];
  /** The SPIFFE ids of the accounts behind a service, sorted. */
  identities(service: Service): readonly string[];
  /** Whether any endpoint of a service can take mutual TLS. */
  takesMutualTls(service: Service): boolean;
  /** Who wants to be told of requests that go out from here; undefined for nobody. */
  reports(transport: Transport): PolicyDemand | undefined;
  /** Whether the proxies tell those of the services that they call about their workload. */
  readonly tells: boolean;
  /** The full name of a host as written in a namespace: `reviews` becomes `reviews.default.svc.cluster.local`. */
  fullName(host: string, namespace: string): string;
}

/** One port that a workload serves. */
export interface InboundPort {
  /** Where the listener binds, or the port that traffic was captured for. */
  port: number;
  name: string;
  protocol: Service['ports'][number]['protocol'];
  /** Address to bind, where the port is not captured. */
  bind: string | undefined;
  /** Where the application listens: `127.0.0.1:8080`, or `unix:///run/app.sock`. */
  endpoint: string;
  /** The service it serves, if one is known: its name stands in logs and metrics. */
  service: Service | undefined;
  mtls: 'STRICT' | 'PERMISSIVE' | 'DISABLE';
  /** What Mixer's rules want of what comes in here; undefined for nothing. */
  policy: PortPolicy | undefined;
}

/** What belongs to one workload itself: never shared by address or identity, only by these inputs. */
export interface InboundScope {
  readonly settings: MeshSettings;
  readonly client: ClientProfile;
  readonly role: 'sidecar' | 'router';
  readonly namespace: string;
  readonly interception: 'REDIRECT' | 'TPROXY' | 'NONE';
  readonly ports: readonly InboundPort[];
  /** For traffic that was captured on a port without a service. */
  readonly passthroughMtls: 'STRICT' | 'PERMISSIVE' | 'DISABLE';
  /** The policies that select the workload, by action and then namespace and name. */
  readonly policies: readonly MeshObject<AuthorizationPolicy>[];
}
