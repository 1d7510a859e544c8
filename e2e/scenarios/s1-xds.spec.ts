import { hostOf, type PilotMesh, startPilotMesh, stopMeshes, type Workload } from '../harness';

describe.each(['delta', 'sotw'] as const)('S1 an unmodified Envoy is driven by %s', (mode) => {
  let mesh: PilotMesh;
  let client: Workload;

  beforeAll(async () => {
    mesh = await startPilotMesh({ mode });
    const workloads = await mesh.workloads({
      client: { calls: ['reviews'] },
      'reviews-v1': {},
      'reviews-v2': {},
    });
    client = workloads.client;
  });
  afterAll(stopMeshes);

  it('gets every type over one stream, ACKs all and serves traffic', async () => {
    expect(['reviews-v1', 'reviews-v2']).toContain(await client.who('reviews'));
    const types = mode === 'delta' ? ['lds', 'cds', 'rds', 'vhds'] : ['lds', 'cds', 'rds'];
    for (const type of types) {
      expect([type, await client.admin.stat(`\\.${type}\\..*update_success$`)]).not.toEqual([type, 0]);
    }
    expect(await client.admin.stat('^cluster\\.outbound.*\\.update_success$')).toBeGreaterThan(0);
    expect(await client.admin.stat('update_rejected$')).toBe(0);
    expect(await client.admin.stat('update_failure$')).toBe(0);
    expect(await client.admin.stat('^cluster\\.xds-grpc\\.upstream_rq_active$')).toBe(1);
  });

  it('sends a changed rule to a live proxy, which serves it', async () => {
    const listenersBefore = await client.admin.stat('^listener_manager\\.lds\\.update_success$');
    await mesh.apply(`
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: default }
spec:
  host: ${hostOf('reviews')}
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${hostOf('reviews')}]
  http:
    - match: [{ headers: { end-user: { exact: jason } } }]
      route: [{ destination: { host: ${hostOf('reviews')}, subset: v2 } }]
    - route: [{ destination: { host: ${hostOf('reviews')}, subset: v1 } }]
`);
    for (let i = 0; i < 10; i++) {
      expect(await client.who('reviews')).toBe('reviews-v1');
      expect(await client.who('reviews', '/', { headers: { 'end-user': 'jason' } })).toBe('reviews-v2');
    }
    expect(await client.admin.stat('update_rejected$')).toBe(0);
    // On delta a rule is one virtual host: neither listeners nor route configurations go out again.
    if (mode === 'delta')
      expect(await client.admin.stat('^listener_manager\\.lds\\.update_success$')).toBe(listenersBefore);
  });

  it('takes a rule away again', async () => {
    await mesh.remove('VirtualService', 'reviews');
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) seen.add(await client.who('reviews', '/', { headers: { 'end-user': 'jason' } }));
    expect([...seen].sort()).toEqual(['reviews-v1', 'reviews-v2']);
  });
});
