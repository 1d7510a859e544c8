import {
  PeerAuthentication_MutualTLS_Mode as Mode,
  type PeerAuthentication,
} from '@keelson/api/istio/security/v1beta1/peer_authentication';
import {
  AuthorizationPolicy_Action as Action,
  type AuthorizationPolicy,
} from '@keelson/api/istio/security/v1beta1/authorization_policy';
import type { Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import type { Gateway } from '@keelson/api/istio/networking/v1alpha3/gateway';
import { objectKey, type MeshObject, type ObjectRef } from '@keelson/core/config';
import { byAge } from './age';
import { labelsMatch } from './visibility';

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

type Labels = Readonly<Record<string, string>>;

const modes: Readonly<Record<number, MtlsMode>> = {
  [Mode.STRICT]: 'STRICT',
  [Mode.PERMISSIVE]: 'PERMISSIVE',
  [Mode.DISABLE]: 'DISABLE',
};

/** Objects of one kind by namespace, each namespace's oldest first. */
export class NamespacedObjects<T> {
  private readonly namespaces = new Map<string, MeshObject<T>[]>();

  put(object: MeshObject<T>): void {
    this.remove(object);
    this.namespaces.set(object.namespace, [...this.in(object.namespace), object].sort(byAge));
  }

  /** Whether there was such an object. */
  remove(ref: ObjectRef): boolean {
    const before = this.in(ref.namespace);
    const after = before.filter((object) => objectKey(object) !== objectKey(ref));
    if (after.length > 0) this.namespaces.set(ref.namespace, after);
    else this.namespaces.delete(ref.namespace);
    return after.length !== before.length;
  }

  in(namespace: string): readonly MeshObject<T>[] {
    return this.namespaces.get(namespace) ?? [];
  }

  *all(): Iterable<MeshObject<T>> {
    for (const objects of this.namespaces.values()) yield* objects;
  }
}

/** Sidecars, Gateways and security policies: what selects workloads by namespace and labels. */
export class WorkloadPolicies {
  readonly sidecars = new NamespacedObjects<Sidecar>();
  readonly gateways = new NamespacedObjects<Gateway>();
  readonly peerAuthentications = new NamespacedObjects<PeerAuthentication>();
  readonly authorizationPolicies = new NamespacedObjects<AuthorizationPolicy>();

  constructor(private readonly rootNamespace: string) {}

  /** The Sidecar of a workload: one that selects it, else its namespace's, else the root namespace's. */
  sidecarFor(namespace: string, labels: Labels): MeshObject<Sidecar> | undefined {
    const own = this.sidecars.in(namespace);
    const isDefault = ({ spec }: MeshObject<Sidecar>): boolean =>
      Object.keys(spec.workloadSelector?.labels ?? {}).length === 0;
    return (
      own.find((sidecar) => !isDefault(sidecar) && labelsMatch(sidecar.spec.workloadSelector?.labels, labels)) ??
      own.find(isDefault) ??
      this.sidecars.in(this.rootNamespace).find(isDefault)
    );
  }

  /** The Gateways whose selector takes a router's labels, oldest first, from any namespace. */
  gatewaysFor(labels: Labels): MeshObject<Gateway>[] {
    return [...this.gateways.all()].filter(({ spec }) => labelsMatch(spec.selector, labels)).sort(byAge);
  }

  /** The mutual TLS mode of a workload's port: the workload's policy, its namespace's, the mesh's, else PERMISSIVE. */
  mtlsMode(namespace: string, labels: Labels, port?: number): MtlsMode {
    const selected = this.peerAuthentications
      .in(namespace)
      .find(({ spec }) => hasSelector(spec) && labelsMatch(spec.selector?.matchLabels, labels));
    const byPort = port === undefined ? undefined : selected?.spec.portLevelMtls?.[port]?.mode;
    const own = this.peerAuthentications.in(namespace).find(({ spec }) => !hasSelector(spec));
    const root = this.peerAuthentications.in(this.rootNamespace).find(({ spec }) => !hasSelector(spec));
    for (const mode of [byPort, selected?.spec.mtls?.mode, own?.spec.mtls?.mode, root?.spec.mtls?.mode])
      if (mode !== undefined && modes[mode]) return modes[mode];
    return 'PERMISSIVE';
  }

  /** Whether any PeerAuthentication switches mutual TLS off somewhere: only then do endpoints differ from their leases. */
  anyPlaintext(): boolean {
    for (const { spec } of this.peerAuthentications.all()) if (switchesOff(spec)) return true;
    return false;
  }

  /** The AuthorizationPolicies of a workload: its namespace's and the root namespace's that select it, DENY first. */
  authorizationFor(namespace: string, labels: Labels): MeshObject<AuthorizationPolicy>[] {
    const namespaces = new Set([this.rootNamespace, namespace]);
    const found = [...namespaces]
      .flatMap((each) => this.authorizationPolicies.in(each))
      .filter(({ spec }) => labelsMatch(spec.selector?.matchLabels, labels));
    const rank = ({ spec }: MeshObject<AuthorizationPolicy>): number => (spec.action === Action.DENY ? 0 : 1);
    return found.sort((a, b) => rank(a) - rank(b) || compareRefs(a, b));
  }
}

/** Whether a PeerAuthentication says DISABLE anywhere. */
export function switchesOff(spec: PeerAuthentication): boolean {
  return (
    spec.mtls?.mode === Mode.DISABLE ||
    Object.values(spec.portLevelMtls ?? {}).some((port) => port.mode === Mode.DISABLE)
  );
}

function hasSelector(spec: PeerAuthentication): boolean {
  return Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
}

function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return objectKey(a) < objectKey(b) ? -1 : 1;
}
