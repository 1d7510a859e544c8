import { accountOf, proxyNodeOf } from './node';

const node = {
  id: 'sidecar~10.0.0.1~reviews-v1.shop~shop.svc.cluster.local',
  metadata: {
    NAMESPACE: 'shop',
    LABELS: { app: 'reviews' },
    SERVICE_ACCOUNT: 'r',
    CLUSTER_ID: 'c1',
    INTERCEPTION_MODE: 'NONE',
  },
  locality: { region: 'eu', zone: 'a' },
  userAgentName: 'envoy',
  userAgentVersionType: { $case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber: 40 } } },
} as const;

describe('S1 a node', () => {
  it('is read as Istio describes proxies', () => {
    expect(proxyNodeOf(node)).toEqual({
      id: node.id,
      role: 'sidecar',
      address: '10.0.0.1',
      name: 'reviews-v1',
      namespace: 'shop',
      labels: { app: 'reviews' },
      serviceAccount: 'r',
      cluster: 'c1',
      network: '',
      locality: 'eu/a',
      interception: 'NONE',
      client: { kind: 'envoy', version: '1.40.0' },
    });
  });

  it.each(['', 'x', 'sidecar~10.0.0.1~a.b', 'waypoint~10.0.0.1~a.b~c', 'sidecar~~a.b~c', 'sidecar~10.0.0.1~nodot~c'])(
    'of the form %j is refused, naming the form',
    (id) => {
      expect(() => proxyNodeOf({ id })).toThrow(/sidecar\|router~<IP>~<name>\.<namespace>~<domain>/);
    },
  );

  it('takes the namespace from the id where metadata has none, and gRPC clients for what they are', () => {
    const plain = proxyNodeOf({ id: node.id, userAgentName: 'gRPC Node Pure JS' });
    expect([plain.namespace, plain.client.kind, plain.interception]).toEqual(['shop', 'grpc', 'REDIRECT']);
    expect(proxyNodeOf({ id: node.id, metadata: { GENERATOR: 'grpc' } }).client.kind).toBe('grpc');
    const router = node.id.replace('sidecar', 'router');
    expect(proxyNodeOf({ id: router, metadata: { GENERATOR: 'grpc' } }).role).toBe('sidecar');
    expect(proxyNodeOf({ id: router }).role).toBe('router');
  });
});

it('reads accounts from SPIFFE ids of workloads only', () => {
  expect(accountOf('spiffe://td/ns/a/sa/b')).toEqual({ trustDomain: 'td', namespace: 'a', account: 'b' });
  expect(accountOf('spiffe://td/a/b')).toBeUndefined();
  expect(accountOf('https://td/ns/a/sa/b')).toBeUndefined();
});
