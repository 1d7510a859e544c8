import { jsonToBinary, type JsonObject } from '@keelson/api';
import { kindByName, type MeshObject } from '@keelson/core/config';
import { ClassScope, inboundScope, MeshModel, type ProxyNode, type Workload } from '.';

let age = 0;

function object(kind: string, name: string, spec: JsonObject, namespace = 'shop'): MeshObject {
  const definition = kindByName(kind)!;
  return {
    apiVersion: `${definition.group}/v1`,
    kind,
    namespace,
    name,
    labels: {},
    annotations: {},
    revision: 'fs-1',
    created: ++age,
    spec: definition.decode(jsonToBinary(definition.typeName, spec)),
  };
}

function workload(
  name: string,
  labels: Record<string, string>,
  address: string,
  more: Partial<Workload> = {},
): Workload {
  return {
    uid: `test/${name}`,
    cluster: 'c1',
    network: '',
    locality: '',
    namespace: 'shop',
    name,
    serviceAccount: name,
    address,
    ports: { http: 9080 },
    labels,
    weight: 1,
    health: 'healthy',
    ...more,
  };
}

function node(more: Partial<ProxyNode> = {}): ProxyNode {
  return {
    id: 'sidecar~10.0.0.1~a.shop~shop.svc.cluster.local',
    role: 'sidecar',
    address: '10.0.0.1',
    name: 'a',
    namespace: 'shop',
    labels: { app: 'a' },
    serviceAccount: 'a',
    cluster: 'c1',
    network: '',
    locality: '',
    interception: 'NONE',
    client: { kind: 'envoy', version: '1.40.0' },
    ...more,
  };
}

const reviews = object('ServiceEntry', 'reviews', {
  hosts: ['reviews'],
  location: 'MESH_INTERNAL',
  resolution: 'STATIC',
  ports: [{ number: 9080, name: 'http', protocol: 'HTTP' }],
  workloadSelector: { labels: { app: 'reviews' } },
});

function mesh(...objects: MeshObject[]): MeshModel {
  const model = new MeshModel({ trustDomain: 'td', domainSuffix: 'cluster.local', rootNamespace: 'istio-system' });
  model.applyConfig({ put: objects, remove: [] });
  return model;
}

const host = 'reviews.shop.svc.cluster.local';

describe('S22 the service model', () => {
  it('finds the workloads that a ServiceEntry selects, with identity and mutual TLS from the lease', () => {
    const model = mesh(reviews);
    const delta = model.applyWorkloads({
      put: [workload('r1', { app: 'reviews', version: 'v1' }, '10.0.0.1'), workload('other', { app: 'x' }, '10.0.0.9')],
      remove: [],
    });
    expect([...delta.endpoints]).toEqual([host]);
    expect([...delta.services]).toEqual([]);
    expect(model.endpoints(model.services.service(host, 'shop')!)).toMatchObject([
      { address: '10.0.0.1', ports: { http: 9080 }, identity: 'spiffe://td/ns/shop/sa/r1', mutualTls: true },
    ]);
  });

  it('S3 tells of endpoints alone when an instance starts or stops', () => {
    const model = mesh(reviews);
    model.applyWorkloads({
      put: [workload('r1', { app: 'reviews' }, '10.0.0.1', { serviceAccount: 'r' })],
      remove: [],
    });
    const started = model.applyWorkloads({
      put: [workload('r2', { app: 'reviews' }, '10.0.0.2', { serviceAccount: 'r' })],
      remove: [],
    });
    expect([started.endpoints, started.services, started.identities].map((set) => [...set])).toEqual([[host], [], []]);
    const stopped = model.applyWorkloads({ put: [], remove: ['test/r2'] });
    expect([stopped.endpoints, stopped.services, stopped.identities].map((set) => [...set])).toEqual([[host], [], []]);
    expect(model.applyWorkloads({ put: [], remove: ['test/r2'] }).empty).toBe(true);
  });

  it('tells of identities only when their set changes', () => {
    const model = mesh(reviews);
    model.applyWorkloads({ put: [workload('r1', { app: 'reviews' }, '10.0.0.1')], remove: [] });
    const other = model.applyWorkloads({ put: [workload('r2', { app: 'reviews' }, '10.0.0.2')], remove: [] });
    expect([...other.identities]).toEqual([host]);
    expect(model.services.identities(model.services.service(host, 'shop')!)).toEqual([
      'spiffe://td/ns/shop/sa/r1',
      'spiffe://td/ns/shop/sa/r2',
    ]);
  });

  it('sees no change where a ServiceEntry is written again with other words for the same', () => {
    const model = mesh(reviews);
    expect(model.applyConfig({ put: [{ ...reviews, revision: 'fs-2' }], remove: [] }).empty).toBe(true);
  });

  it('prefers the service of the own namespace, then the oldest that is exported', () => {
    const entry = (name: string, namespace: string, exportTo: string[]): MeshObject =>
      object('ServiceEntry', name, { hosts: ['api.example.com'], resolution: 'STATIC', exportTo }, namespace);
    const model = mesh(entry('a', 'hidden', ['.']), entry('b', 'old', ['*']), entry('c', 'own', ['.']));
    expect(model.services.service('api.example.com', 'elsewhere')?.namespace).toBe('old');
    expect(model.services.service('api.example.com', 'own')?.namespace).toBe('own');
    expect(model.services.service('api.example.com', 'hidden')?.namespace).toBe('hidden');
  });

  it('prefers of equally old services that of the first namespace, in whatever order they came', () => {
    const entry = (namespace: string): MeshObject => ({
      ...object(
        'ServiceEntry',
        'api',
        { hosts: ['api.example.com'], resolution: 'STATIC', exportTo: ['*'] },
        namespace,
      ),
      created: 1_000_000,
    });
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const { services } = mesh(...order.map(entry));
      expect(services.service('api.example.com', 'elsewhere')?.namespace).toBe('a');
      expect(services.anyService('api.example.com')?.namespace).toBe('a');
    }
  });

  it('tells of the address of a workload whose port is another, since its proxy serves that now', () => {
    const model = mesh(reviews);
    const put = (uid: string, http: number): string[] => [
      ...model.applyWorkloads({
        put: [workload(uid, { app: 'reviews' }, '10.0.0.1', { ports: { http } })],
        remove: [],
      }).addresses,
    ];
    expect(put('r1', 9080)).toEqual(['10.0.0.1']);
    expect(put('r1', 9080)).toEqual([]);
    expect(put('r1', 9090)).toEqual(['10.0.0.1']);
    // Another instance takes over, while the lease of the one before is still there.
    expect(put('r2', 9091)).toEqual(['10.0.0.1']);
    expect([...model.applyWorkloads({ put: [], remove: ['test/r1'] }).addresses]).toEqual(['10.0.0.1']);
  });

  it('forgets a service with its last ServiceEntry', () => {
    const model = mesh(reviews);
    const delta = model.applyConfig({
      put: [],
      remove: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'reviews' }],
    });
    expect([...delta.services]).toEqual([host]);
    expect(model.services.hostnames()).toEqual([]);
  });
});

describe('scopes', () => {
  it('sees only what the egress hosts of the Sidecar import', () => {
    const details = object('ServiceEntry', 'details', { hosts: ['details'], resolution: 'STATIC', ports: [] });
    const sidecar = object('Sidecar', 'a', {
      workloadSelector: { labels: { app: 'a' } },
      egress: [{ hosts: ['./reviews.shop.svc.cluster.local'] }],
    });
    const model = mesh(reviews, details, sidecar);
    const names = (proxy: ProxyNode): string[] =>
      new ClassScope(model, proxy).services().map((service) => service.hostname);
    expect(names(node())).toEqual([host]);
    expect(names(node({ labels: {} }))).toEqual(['details.shop.svc.cluster.local', host]);
  });

  it('are one for all proxies of a class, whatever their labels, name and address', () => {
    const model = mesh(reviews);
    const other = node({ id: 'x', name: 'b', address: '10.9.9.9', labels: { app: 'b' }, locality: 'r/z' });
    expect(ClassScope.keyOf(model, other)).toBe(ClassScope.keyOf(model, node()));
    expect(ClassScope.keyOf(model, node({ namespace: 'else' }))).not.toBe(ClassScope.keyOf(model, node()));
  });

  it('takes the rule of the most specific host, and of several the oldest', () => {
    const rule = (name: string, hosts: string[]): MeshObject => object('VirtualService', name, { hosts, http: [] });
    const model = mesh(
      reviews,
      rule('wide', ['*.svc.cluster.local']),
      rule('first', ['reviews']),
      rule('second', ['reviews']),
    );
    const scope = new ClassScope(model, node());
    expect(scope.virtualServices('mesh', host).map((each) => each.name)).toEqual(['first']);
    expect(scope.virtualServices('mesh', 'else.shop.svc.cluster.local').map((each) => each.name)).toEqual(['wide']);
  });

  it('counts several DestinationRules of a host as one', () => {
    const rule = (name: string, subset: string): MeshObject =>
      object('DestinationRule', name, { host: 'reviews', subsets: [{ name: subset, labels: { version: subset } }] });
    const scope = new ClassScope(mesh(reviews, rule('a', 'v1'), rule('b', 'v2')), node());
    expect(scope.destinationRule(host)?.spec.subsets?.map((subset) => subset.name)).toEqual(['v1', 'v2']);
  });

  it('gives routers only what rules bound to their gateways lead to', () => {
    const details = object('ServiceEntry', 'details', { hosts: ['details'], resolution: 'STATIC', ports: [] });
    const gateway = object('Gateway', 'edge', { selector: { app: 'gw' }, servers: [] });
    const rule = object('VirtualService', 'r', {
      hosts: ['*'],
      gateways: ['edge'],
      http: [{ route: [{ destination: { host: 'reviews' } }] }],
    });
    const scope = new ClassScope(
      mesh(reviews, details, gateway, rule),
      node({ role: 'router', labels: { app: 'gw' } }),
    );
    expect(scope.services().map((service) => service.hostname)).toEqual([host]);
    expect(scope.boundTo('shop/edge').map((each) => each.name)).toEqual(['r']);
  });
});

describe('S35 mutual TLS modes', () => {
  const policy = (name: string, namespace: string, spec: JsonObject): MeshObject =>
    object('PeerAuthentication', name, spec, namespace);

  it('go from the port over workload, namespace and mesh to PERMISSIVE', () => {
    const model = mesh(
      policy('mesh', 'istio-system', { mtls: { mode: 'STRICT' } }),
      policy('own', 'loose', { mtls: { mode: 'PERMISSIVE' } }),
      policy('one', 'loose', {
        selector: { matchLabels: { app: 'a' } },
        mtls: { mode: 'STRICT' },
        portLevelMtls: { 81: { mode: 'DISABLE' } },
      }),
    );
    const mode = (namespace: string, app: string, port?: number): string =>
      model.policies.mtlsMode(namespace, { app }, port);
    expect([mode('shop', 'a'), mode('loose', 'b'), mode('loose', 'a'), mode('loose', 'a', 81)]).toEqual([
      'STRICT',
      'PERMISSIVE',
      'STRICT',
      'DISABLE',
    ]);
    expect(mesh().policies.mtlsMode('shop', {})).toBe('PERMISSIVE');
  });

  it('tell clients where a server takes plaintext, and touch its endpoints', () => {
    const model = mesh(reviews);
    model.applyWorkloads({ put: [workload('r1', { app: 'reviews' }, '10.0.0.1')], remove: [] });
    const service = model.services.service(host, 'shop')!;
    const delta = model.applyConfig({ put: [policy('off', 'shop', { mtls: { mode: 'DISABLE' } })], remove: [] });
    expect([...delta.endpoints]).toEqual([host]);
    expect(model.endpoints(service)[0]?.plaintextPorts).toEqual(['http']);
    model.applyConfig({ put: [policy('off', 'shop', { mtls: { mode: 'STRICT' } })], remove: [] });
    expect(model.endpoints(service)[0]?.plaintextPorts).toBeUndefined();
  });
});

describe('what a sidecar takes in', () => {
  it('is what its Sidecar lists', () => {
    const sidecar = object('Sidecar', 'r', {
      workloadSelector: { labels: { app: 'reviews' } },
      ingress: [
        {
          port: { number: 9080, name: 'http', protocol: 'HTTP' },
          bind: '127.1.0.3',
          defaultEndpoint: '127.0.0.1:19080',
        },
      ],
    });
    const model = mesh(reviews, sidecar);
    model.applyWorkloads({ put: [workload('r1', { app: 'reviews' }, '127.1.0.3')], remove: [] });
    const inbound = inboundScope(model, node({ address: '127.1.0.3', labels: { app: 'reviews' } }));
    expect(inbound.ports).toMatchObject([
      {
        port: 9080,
        bind: '127.1.0.3',
        endpoint: '127.0.0.1:19080',
        protocol: 'HTTP',
        mtls: 'PERMISSIVE',
        service: { hostname: host },
      },
    ]);
  });

  it('is the ports of its services where there is no list', () => {
    const model = mesh(reviews);
    model.applyWorkloads({ put: [workload('r1', { app: 'reviews' }, '10.0.0.1')], remove: [] });
    expect(inboundScope(model, node()).ports).toMatchObject([
      { port: 9080, bind: '10.0.0.1', endpoint: '127.0.0.1:9080' },
    ]);
    expect(inboundScope(model, node({ interception: 'REDIRECT' })).ports[0]?.bind).toBeUndefined();
    expect(inboundScope(model, node({ address: '10.0.0.7' })).ports).toEqual([]);
  });
});
