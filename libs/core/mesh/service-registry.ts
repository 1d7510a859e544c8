import type { ServiceEntry } from '@keelson/api/istio/networking/v1alpha3/service_entry';
import type { WorkloadEntry } from '@keelson/api/istio/networking/v1alpha3/workload_entry';
import { objectKey, type MeshObject, type ObjectRef } from '@keelson/core/config';
import { byAge, compareText } from './age';
import type { MeshDelta } from './delta';
import { LabelIndex } from './label-index';
import type { Endpoint, Service, ServicePort } from './service';
import { endpointOfEntry, endpointOfWorkload, sameDefinition, sameList, servicesOfEntry } from './service-entry';
import { isExported, labelsMatch } from './visibility';
import type { Workload } from './workload';

/** A workload that selectors can choose: a lease or a WorkloadEntry. */
interface Instance {
  id: string;
  namespace: string;
  address: string;
  labels: Readonly<Record<string, string>>;
  endpoint(ports: readonly ServicePort[], trustDomain: string): Endpoint;
}

/** One host in one namespace, with every ServiceEntry that speaks of it. */
interface ServiceState {
  hostname: string;
  namespace: string;
  /** Oldest first: the first one defines ports and addresses, all bring endpoints. */
  entries: MeshObject<ServiceEntry>[];
  service: Service;
  endpoints: readonly Endpoint[];
  identities: readonly string[];
  mutualTls: boolean;
}

const noEndpoints: readonly Endpoint[] = [];

/**
 * The service model: a fold of ServiceEntries, WorkloadEntries and leases. It knows hosts, endpoints and which workload
 * stands behind which service, and tells in a MeshDelta what each change touched.
 */
export class ServiceRegistry {
  private readonly hosts = new Map<string, ServiceState[]>();
  private readonly entries = new Map<string, MeshObject<ServiceEntry>>();
  private readonly instances = new Map<string, Instance>();
  private readonly selecting = new LabelIndex<ServiceState>();
  private readonly carrying = new LabelIndex<Instance>();
  private readonly byAddress = new Map<string, Set<ServiceState>>();
  private names: readonly string[] | undefined;

  constructor(
    private readonly domainSuffix: string,
    private readonly trustDomain: () => string,
  ) {}

  putServiceEntry(entry: MeshObject<ServiceEntry>, delta: MeshDelta): void {
    const key = objectKey(entry);
    const before = this.entries.get(key);
    this.entries.set(key, entry);
    const touched = new Set(before ? this.statesOf(before) : []);
    for (const state of touched) this.detach(state, key);
    for (const service of servicesOfEntry(entry, this.domainSuffix)) touched.add(this.attach(service, entry));
    this.settle(touched, delta);
  }

  removeServiceEntry(ref: ObjectRef, delta: MeshDelta): void {
    const key = objectKey(ref);
    const before = this.entries.get(key);
    if (!before) return;
    this.entries.delete(key);
    const touched = this.statesOf(before);
    for (const state of touched) this.detach(state, key);
    this.settle(touched, delta);
  }

  putWorkloadEntry(entry: MeshObject<WorkloadEntry>, delta: MeshDelta): void {
    this.putInstance(
      {
        id: objectKey(entry),
        namespace: entry.namespace,
        address: entry.spec.address ?? '',
        labels: { ...entry.labels, ...entry.spec.labels },
        endpoint: (ports, trustDomain) => endpointOfEntry(entry.spec, entry, ports, trustDomain),
      },
      delta,
    );
  }

  removeWorkloadEntry(ref: ObjectRef, delta: MeshDelta): void {
    this.removeInstance(objectKey(ref), delta);
  }

  putWorkload(workload: Workload, delta: MeshDelta): void {
    this.putInstance(
      {
        id: `lease/${workload.uid}`,
        namespace: workload.namespace,
        address: workload.address,
        labels: workload.labels,
        endpoint: (ports, trustDomain) => endpointOfWorkload(workload, ports, trustDomain),
      },
      delta,
    );
  }

  removeWorkload(uid: string, delta: MeshDelta): void {
    this.removeInstance(`lease/${uid}`, delta);
  }

  /** The service of a host as seen from a namespace: its own first, then the oldest that is exported to it. */
  service(hostname: string, from: string): Service | undefined {
    const states = this.hosts.get(hostname);
    if (!states) return undefined;
    let best: Service | undefined;
    for (const { service } of states) {
      if (service.namespace === from) return service;
      if (isExported(service.exportTo, service.namespace, from) && (!best || isOlder(service, best))) best = service;
    }
    return best;
  }

  /** The oldest service of a host, whoever may see it. */
  anyService(hostname: string): Service | undefined {
    const services = (this.hosts.get(hostname) ?? []).map(({ service }) => service);
    return services.reduce<Service | undefined>(
      (best, each) => (best && !isOlder(each, best) ? best : each),
      undefined,
    );
  }

  /** Every host name that is known, sorted. */
  hostnames(): readonly string[] {
    this.names ??= [...this.hosts.keys()].sort();
    return this.names;
  }

  /** Whether a namespace has a service of this host. */
  isIn(hostname: string, namespace: string): boolean {
    return this.state(hostname, namespace) !== undefined;
  }

  endpoints(service: Service): readonly Endpoint[] {
    return this.state(service.hostname, service.namespace)?.endpoints ?? noEndpoints;
  }

  /** The SPIFFE ids behind a service, sorted. */
  identities(service: Service): readonly string[] {
    return this.state(service.hostname, service.namespace)?.identities ?? [];
  }

  /** Whether any endpoint of a service can take mutual TLS. */
  takesMutualTls(service: Service): boolean {
    return this.state(service.hostname, service.namespace)?.mutualTls ?? false;
  }

  /** The services that have an endpoint at an address, sorted by host. */
  servicesAt(address: string, namespace: string): readonly Service[] {
    return [...(this.byAddress.get(address) ?? [])]
      .filter((state) => state.namespace === namespace)
      .map((state) => state.service)
      .sort((a, b) => compareText(a.hostname, b.hostname));
  }

  /** The hosts that a workload stands behind. */
  hostsOf(workload: { namespace: string; labels: Readonly<Record<string, string>> }): string[] {
    return this.selectingStates(workload.namespace, workload.labels).map((state) => state.hostname);
  }

  /** Everything is to be computed anew: the trust domain changed. */
  refresh(delta: MeshDelta): void {
    this.settle([...this.hosts.values()].flat(), delta);
  }

  private state(hostname: string, namespace: string): ServiceState | undefined {
    return this.hosts.get(hostname)?.find((state) => state.namespace === namespace);
  }

  private statesOf(entry: MeshObject<ServiceEntry>): ServiceState[] {
    return servicesOfEntry(entry, this.domainSuffix).flatMap(
      ({ hostname }) => this.state(hostname, entry.namespace) ?? [],
    );
  }

  private attach(service: Service, entry: MeshObject<ServiceEntry>): ServiceState {
    let state = this.state(service.hostname, service.namespace);
    if (!state) {
      state = {
        hostname: service.hostname,
        namespace: service.namespace,
        entries: [],
        service: { ...service, ports: [], exportTo: [], addresses: [] },
        endpoints: noEndpoints,
        identities: [],
        mutualTls: false,
      };
      this.hosts.set(service.hostname, [...(this.hosts.get(service.hostname) ?? []), state]);
      this.names = undefined;
    }
    state.entries = [...state.entries, entry].sort(byAge);
    const selector = entry.spec.workloadSelector?.labels;
    if (selector) this.selecting.addSelector(entry.namespace, selector, state);
    return state;
  }

  private detach(state: ServiceState, key: string): void {
    const gone = state.entries.find((entry) => objectKey(entry) === key);
    const selector = gone?.spec.workloadSelector?.labels;
    if (selector) this.selecting.removeSelector(state.namespace, selector, state);
    state.entries = state.entries.filter((entry) => entry !== gone);
    for (const entry of state.entries) {
      const still = entry.spec.workloadSelector?.labels;
      if (still) this.selecting.addSelector(state.namespace, still, state);
    }
  }

  /** Brings the given services up to date and tells what of them changed. */
  private settle(states: Iterable<ServiceState>, delta: MeshDelta): void {
    for (const state of states) {
      const [oldest] = state.entries;
      const before = state.endpoints;
      if (!oldest) {
        this.setEndpoints(state, before, noEndpoints, delta);
        this.forget(state);
        delta.services.add(state.hostname);
        continue;
      }
      const service = servicesOfEntry(oldest, this.domainSuffix).find((each) => each.hostname === state.hostname);
      if (service) {
        if (!sameDefinition(service, state.service)) delta.services.add(state.hostname);
        state.service = service;
      }
      this.setEndpoints(state, before, this.resolve(state), delta);
    }
  }

  private forget(state: ServiceState): void {
    const rest = (this.hosts.get(state.hostname) ?? []).filter((other) => other !== state);
    if (rest.length > 0) this.hosts.set(state.hostname, rest);
    else this.hosts.delete(state.hostname);
    this.names = undefined;
  }

  private setEndpoints(
    state: ServiceState,
    before: readonly Endpoint[],
    after: readonly Endpoint[],
    delta: MeshDelta,
  ): void {
    state.endpoints = after;
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    delta.endpoints.add(state.hostname);
    const old = portsByAddress(before);
    const now = portsByAddress(after);
    for (const address of old.keys()) {
      if (!now.has(address)) {
        delta.addresses.add(address);
        const services = this.byAddress.get(address);
        services?.delete(state);
        if (services?.size === 0) this.byAddress.delete(address);
      }
    }
    for (const [address, ports] of now) {
      if (old.get(address) === ports && this.byAddress.get(address)?.has(state)) continue;
      delta.addresses.add(address);
      const services = this.byAddress.get(address);
      if (services) services.add(state);
      else this.byAddress.set(address, new Set([state]));
    }
    const identities = [...new Set(after.map((endpoint) => endpoint.identity).filter((id) => id !== ''))].sort();
    const mutualTls = after.some((endpoint) => endpoint.mutualTls);
    if (!sameList(identities, state.identities) || mutualTls !== state.mutualTls) delta.identities.add(state.hostname);
    state.identities = identities;
    state.mutualTls = mutualTls;
  }

  private resolve(state: ServiceState): readonly Endpoint[] {
    const found: Endpoint[] = [];
    for (const entry of state.entries) {
      const ports = state.service.ports;
      for (const endpoint of entry.spec.endpoints ?? [])
        found.push(endpointOfEntry(endpoint, { namespace: entry.namespace, labels: {} }, ports, this.trustDomain()));
      const selector = entry.spec.workloadSelector?.labels;
      if (!selector) continue;
      const chosen = [...this.carrying.carriersOf(entry.namespace, selector)].filter((instance) =>
        labelsMatch(selector, instance.labels),
      );
      chosen.sort((a, b) => compareText(a.id, b.id));
      for (const instance of chosen) found.push(instance.endpoint(ports, this.trustDomain()));
    }
    return found;
  }

  private selectingStates(namespace: string, labels: Readonly<Record<string, string>>): ServiceState[] {
    return [...new Set(this.selecting.candidatesFor(namespace, labels))].filter((state) =>
      state.entries.some(
        ({ spec }) => spec.workloadSelector !== undefined && labelsMatch(spec.workloadSelector.labels, labels),
      ),
    );
  }

  private putInstance(instance: Instance, delta: MeshDelta): void {
    const before = this.instances.get(instance.id);
    if (before) this.carrying.removeCarrier(before.namespace, before.labels, before);
    this.instances.set(instance.id, instance);
    this.carrying.addCarrier(instance.namespace, instance.labels, instance);
    this.settle(
      new Set([
        ...(before ? this.selectingStates(before.namespace, before.labels) : []),
        ...this.selectingStates(instance.namespace, instance.labels),
      ]),
      delta,
    );
  }

  private removeInstance(id: string, delta: MeshDelta): void {
    const before = this.instances.get(id);
    if (!before) return;
    this.instances.delete(id);
    this.carrying.removeCarrier(before.namespace, before.labels, before);
    this.settle(this.selectingStates(before.namespace, before.labels), delta);
  }
}

/** Of services of one host, by the age of what made them; those of one commit by namespace, so that all replicas agree. */
function isOlder(a: Service, b: Service): boolean {
  return (a.created - b.created || compareText(a.namespace, b.namespace)) < 0;
}

/** The addresses of endpoints, and a text that is equal where the same ports are served there. */
function portsByAddress(endpoints: readonly Endpoint[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { address, ports } of endpoints) found.set(address, `${found.get(address) ?? ''}${JSON.stringify(ports)}`);
  return found;
}
