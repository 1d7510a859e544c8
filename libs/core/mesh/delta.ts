import type { MeshObject } from '@keelson/core/config';
import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';

/** What a change of the model touched, in the terms by which generated configuration depends on it. */
export class MeshDelta {
  /** Hosts whose service was added, removed or defined anew. */
  readonly services = new Set<string>();
  /** Hosts whose endpoints changed in any way. */
  readonly endpoints = new Set<string>();
  /** Hosts behind which the set of identities changed, or whether any endpoint takes mutual TLS. */
  readonly identities = new Set<string>();
  /** Host patterns of DestinationRules that changed. */
  readonly destinationRules = new Set<string>();
  /** VirtualServices, each as it was and as it is. */
  readonly virtualServices: { before?: MeshObject<VirtualService>; after?: MeshObject<VirtualService> }[] = [];
  /** Namespaces in which a Sidecar changed. */
  readonly sidecars = new Set<string>();
  /** Whether any Gateway changed. */
  gateways = false;
  /** Namespaces in which a PeerAuthentication or an AuthorizationPolicy changed. */
  readonly policies = new Set<string>();
  /** Addresses of endpoints that changed: proxies there may serve other ports. */
  readonly addresses = new Set<string>();
  /** Whether rules or quotas of Mixer changed. */
  mixer = false;
  /** Whether settings of the whole mesh changed: everything is to be looked at. */
  settings = false;

  get empty(): boolean {
    return (
      !this.settings &&
      !this.gateways &&
      !this.mixer &&
      this.virtualServices.length === 0 &&
      [
        this.services,
        this.endpoints,
        this.identities,
        this.destinationRules,
        this.sidecars,
        this.policies,
        this.addresses,
      ].every((set) => set.size === 0)
    );
  }
}
