import { type FullMesh, hostOf, startMesh, stopMeshes, until, type Workload } from '../harness';

const reviews = hostOf('reviews');

const rule = (header: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  http:
    - headers: { response: { set: { x-rule: ${header} } } }
      route: [{ destination: { host: ${reviews} } }]
`;

const entry = (name: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: default }
spec:
  hosts: [${name}.example.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1 }]
`;

let mesh: FullMesh;
let client: Workload;

beforeAll(async () => {
  mesh = await startMesh({ galleys: 2, pilots: 2 });
  ({ client } = await mesh.workloads({ client: { calls: ['reviews'] }, reviews: {} }));
});
afterAll(stopMeshes);

describe('S52 two Galleys', () => {
  it('two writers at once end with one history, which both tell alike', async () => {
    const [one, two] = mesh.galleys;
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one! : two!).api.apply(entry(`writer-${i}`))),
    );
    const revisions = results.map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(20);
    const last = revisions.reduce((a, b) => (Number(b.split('-').pop()) > Number(a.split('-').pop()) ? b : a));
    const list = (galley: typeof one): Promise<{ items: { metadata: { name: string; resourceVersion: string } }[] }> =>
      galley!.api.json('/apis/networking.istio.io/v1/namespaces/default/serviceentries');
    await Promise.all([one!.api.settled(last), two!.api.settled(last)]);
    const [seenByOne, seenByTwo] = [await list(one), await list(two)];
    expect(seenByOne).toEqual(seenByTwo);
    const written = seenByOne.items.filter(({ metadata }) => metadata.name.startsWith('writer-'));
    expect(written.map(({ metadata }) => metadata.resourceVersion).sort()).toEqual([...revisions].sort());
    for (const revision of revisions) {
      const [a, b] = [await one!.api.revision(revision), await two!.api.revision(revision)];
      expect({ ...a, receipts: null }).toEqual({ ...b, receipts: null });
    }
  });

  it('a change by either reaches every proxy', async () => {
    for (const [i, { api }] of mesh.galleys.entries()) {
      const { revision } = await api.apply(rule(`by-${i}`));
      await mesh.galleys[1 - i]!.api.settled(revision);
      expect((await client.call('reviews')).headers['x-rule']).toBe(`by-${i}`);
    }
  });
});

describe('two Pilots', () => {
  it('a proxy moves between them and nothing is sent again', async () => {
    const counters = async (): Promise<Record<string, number>> => ({
      listeners: await client.admin.stat('^listener_manager\\.listener_(added|modified|removed)$'),
      clusters: await client.admin.stat('^cluster_manager\\.cluster_(added|modified|removed|updated)$'),
      routes: await client.admin.stat('\\.rds\\..*config_reload$'),
      endpoints: await client.admin.stat('^cluster\\.outbound.*\\.membership_change$'),
    });
    const mine = async (): Promise<string> =>
      (await mesh.galley.proxies()).find(({ proxy }) => proxy.includes(client.address))?.pilot ?? '';
    const first = await until('a Pilot that has the proxy', 10_000, mine);
    const before = await counters();
    const load = client.load('reviews', '/', { rate: 100 });
    const serving = await holderOf(first);
    await serving.kill();
    await until('the proxy at the other Pilot', 30_000, async () => {
      const now = await mine();
      return now !== '' && now !== first;
    });
    const { revision } = await mesh.galley.apply(entry('after-the-move'));
    await mesh.galley.settled(revision);
    expect(await load.stop()).toMatchObject({ failed: 0, errors: {}, samples: [] });
    expect(await counters()).toEqual(before);
    await serving.start();
  });
});

/** The process of the Pilot that calls itself so in its receipts. */
async function holderOf(pilot: string): Promise<FullMesh['nats']> {
  for (const { process, debug } of mesh.pilots) {
    const answer = await fetch(`${debug}/debug/syncz`);
    const rows = (await answer.json()) as { proxy: string }[];
    if (rows.some(({ proxy }) => proxy.includes(client.address))) return process;
  }
  throw new Error(`no Pilot has the proxy, though ${pilot} should`);
}
