import { setTimeout as pause } from 'node:timers/promises';
import { figure, type FullMesh, hostOf, startMesh, stopMeshes, until } from '../harness';

const outageMs = 60_000;

describe('S16 the control plane is out of the path', () => {
  let mesh: FullMesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(stopMeshes);

  it('is killed for longer than a lease, and neither a request nor a connection is lost; then it returns', async () => {
    const { client } = await mesh.workloads({ client: { calls: ['reviews'] }, 'reviews-v1': {}, 'reviews-v2': {} });
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) seen.add(await client.who('reviews'));
    expect(seen.size).toBe(2);
    const load = client.load('reviews', '/', { rate: 200 });
    const components = [mesh.galleys[0]!.process, mesh.pilots[0]!.process, mesh.citadel, mesh.nats];

    await Promise.all(components.map((component) => component.kill()));
    await pause(outageMs);
    expect(load.report).toMatchObject({ failed: 0, errors: {}, samples: [] });
    const members = (): Promise<number> => client.admin.stat('^cluster\\.outbound.*reviews.*\\.membership_healthy$');
    expect(await members()).toBe(2);

    // They return in the order that suits them least: each has to wait for the others.
    const started = performance.now();
    await Promise.all([
      ...components.slice(0, 2).map((component) => component.start(60_000)),
      pause(500).then(() => mesh.citadel.start()),
      pause(1000).then(() => mesh.nats.start()),
    ]);
    figure('S16 ready again after', `${Math.round(performance.now() - started)} ms`);
    await until('every proxy connected again', 30_000, async () => (await mesh.galley.proxies()).length === 3);
    await mesh.apply(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${hostOf('reviews')}]
  http:
    - headers: { response: { set: { x-after-the-outage: 'yes' } } }
      route: [{ destination: { host: ${hostOf('reviews')} } }]
`);
    await until('a change after the outage', 10_000, async () => {
      const { headers } = await client.call('reviews');
      return headers['x-after-the-outage'] === 'yes';
    });
    expect(await members()).toBe(2);
    const report = await load.stop();
    figure('S16 requests', report.sent);
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [], closedByPeer: 0 });
  }, 180_000);
});
