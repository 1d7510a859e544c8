import { jsonToBinary, type JsonObject } from '@keelson/api';
import { kindByName, type MeshObject } from '@keelson/core/config';
import { MeshModel, type ProxyNode, type Workload } from '@keelson/core/mesh';
import type { Adapter } from '@keelson/core/policy';
import type { Built } from '../../built';
import { ViewRegistry, type ProxySets, type ResourceSet } from '..';

/** A set that remembers what it holds and what was put into it anew. */
class Recorded implements ResourceSet {
  readonly units = new Map<string, readonly Built[]>();
  readonly changes: string[] = [];
  /** How often something was made for it, whether or not it was something new. */
  made = 0;

  constructor(
    readonly typeUrl: string,
    readonly label: string,
  ) {}

  replace(_tick: number, unit: string, resources: readonly Built[]): boolean {
    this.made++;
    const before = new Map((this.units.get(unit) ?? []).map((built) => [built.name, hex(built)]));
    const now = new Map(resources.map((built) => [built.name, hex(built)]));
    if (resources.length > 0) this.units.set(unit, resources);
    else this.units.delete(unit);
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      (name) => before.get(name) !== now.get(name),
    );
    this.changes.push(...changed);
    return changed.length > 0;
  }

  get content(): Record<string, string> {
    const all = [...this.units.values()].flat().map((built) => [built.name, hex(built)] as const);
    const names = new Set(all.map(([name]) => name));
    if (names.size < all.length) throw new Error(`a ${this.typeUrl} stands in two units: who came last would have it`);
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function hex(built: Built): string {
  return Buffer.from(built.body).toString('hex');
}

export function object(kind: string, name: string, spec: JsonObject, created = 1, namespace = 'shop'): MeshObject {
  const definition = kindByName(kind);
  if (definition === undefined) throw new Error(`no kind ${kind}`);
  return {
    apiVersion: `${definition.group}/v1`,
    kind,
    namespace,
    name,
    labels: {},
    annotations: {},
    revision: 'fs-1',
    created,
    spec: definition.decode(jsonToBinary(definition.typeName, spec)),
  };
}

export function entry(
  name: string,
  port = 80,
  protocol = 'HTTP',
  addresses: string[] = [],
  { host = name, namespace = 'shop', created = 1 } = {},
): MeshObject {
  const spec = {
    hosts: [host],
    addresses,
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    ports: [{ number: port, name: 'p', protocol }],
    workloadSelector: { labels: { app: name } },
  };
  return object('ServiceEntry', name, spec, created, namespace);
}

export function route(name: string, host: string, to: string, gateways: string[] = [], subset = ''): MeshObject {
  return object('VirtualService', name, {
    hosts: [host],
    gateways,
    http: [{ route: [{ destination: { host: to, subset } }] }],
  });
}

export function subsets(name: string, host: string, version: string): MeshObject {
  return object('DestinationRule', name, { host, subsets: [{ name: version, labels: { version } }] });
}

/** A rule of Mixer, and all that it needs to be at work. */
export function mixerRule(name: string, template: 'checknothing' | 'reportnothing', match = ''): MeshObject[] {
  return [
    object('handler', 'trial', { compiledAdapter: trial.name }),
    object('instance', template, { compiledTemplate: template }),
    object('rule', name, { match, actions: [{ handler: 'trial', instances: [template] }] }),
  ];
}

const trial: Adapter = {
  name: 'trial',
  plural: 'trials',
  description: '',
  templates: ['checknothing', 'reportnothing'],
  schema: { type: 'object' },
  open: () => ({}),
};

export function lease(name: string, app: string, account: string): Workload {
  return {
    uid: name,
    cluster: '',
    network: '',
    locality: '',
    namespace: 'shop',
    name,
    serviceAccount: account,
    address: `10.0.0.${String(name.length)}`,
    ports: {},
    labels: { app, version: 'v1' },
    weight: 1,
    health: 'healthy',
  };
}

export const sidecar: ProxyNode = {
  id: 'sidecar~10.0.0.1~a.shop~x',
  role: 'sidecar',
  address: '10.0.0.1',
  name: 'a',
  namespace: 'shop',
  labels: { app: 'a' },
  serviceAccount: 'a',
  cluster: '',
  network: '',
  locality: '',
  interception: 'REDIRECT',
  client: { kind: 'envoy', version: '1.40.0' },
};
export const router: ProxyNode = {
  ...sidecar,
  id: 'router~10.0.0.9~g.shop~x',
  role: 'router',
  address: '10.0.0.9',
  labels: { app: 'gw' },
};

export const grpcClient: ProxyNode = {
  ...sidecar,
  id: 'sidecar~10.0.0.8~c.shop~x',
  address: '10.0.0.8',
  client: { kind: 'grpc', version: '1.14.1' },
};

/** A sidecar whose agent speaks to Mixer; the workloads of `lease('w-a', …)` and the like are its own. */
export const mixerClient: ProxyNode = {
  ...sidecar,
  id: 'sidecar~10.0.0.3~m.shop~x',
  address: '10.0.0.3',
  client: { kind: 'envoy', version: '1.40.0', mixerClient: true },
};

export function mesh(): { model: MeshModel; views: ViewRegistry<Recorded> } {
  const model = new MeshModel({
    trustDomain: 'td',
    domainSuffix: 'cluster.local',
    rootNamespace: 'istio-system',
    adapters: new Map([[trial.name, trial]]),
  });
  return { model, views: new ViewRegistry<Recorded>(model, (typeUrl, label) => new Recorded(typeUrl, label)) };
}

export function contents(sets: ProxySets<Recorded>): Record<string, Record<string, string>> {
  return Object.fromEntries(
    [...sets].map(([typeUrl, list]) => [
      typeUrl,
      Object.assign({}, ...list.map((set) => set.content)) as Record<string, string>,
    ]),
  );
}

export function changed(sets: ProxySets<Recorded>): Record<string, string[]> {
  const found = [...sets].map(
    ([typeUrl, list]) => [typeUrl.split('.').pop() ?? '', list.flatMap((set) => set.changes.splice(0)).sort()] as const,
  );
  return Object.fromEntries(found.filter(([, names]) => names.length > 0));
}

export const domain = '.shop.svc.cluster.local';
