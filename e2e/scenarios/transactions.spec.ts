import { setTimeout as pause } from 'node:timers/promises';
import { figure, type FullMesh, hostOf, startMesh, stopMeshes } from '../harness';

const applies = 100;
const reviews = hostOf('reviews');

/** A VirtualService that names a subset, and the DestinationRule that has it: a new name each time, so both must agree. */
function pair(i: number): string {
  const [first, second] = i % 2 === 0 ? ['v1', 'v2'] : ['v2', 'v1'];
  return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: default }
spec:
  host: ${reviews}
  subsets:
    - { name: main-${i}, labels: { version: ${first} } }
    - { name: canary-${i}, labels: { version: ${second} } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  http:
    - name: step-${i}
      route:
        - { destination: { host: ${reviews}, subset: main-${i} }, weight: ${50 + (i % 50)} }
        - { destination: { host: ${reviews}, subset: canary-${i} }, weight: ${50 - (i % 50)} }
`;
}

describe('M12 transactions', () => {
  let mesh: FullMesh;
  beforeAll(async () => {
    mesh = await startMesh();
  });
  afterAll(stopMeshes);

  it('subsets come and go under load, ten times a second, without an error', async () => {
    const { client } = await mesh.workloads({ client: { calls: ['reviews'] }, 'reviews-v1': {}, 'reviews-v2': {} });
    await mesh.apply(pair(0));
    const load = client.load('reviews', '/', { rate: 200 });
    const started = Date.now();
    let last = '';
    for (let i = 1; i <= applies; i++) {
      ({ revision: last } = await mesh.galley.apply(pair(i)));
      await pause(Math.max(0, started + i * 100 - Date.now()));
    }
    figure(`M12 ${applies} applies`, `${Date.now() - started} ms`);
    await mesh.galley.settled(last);
    const report = await load.stop();
    figure('M12 requests', report.sent);
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [], closedByPeer: 0 });
    expect(await client.admin.stat('update_rejected$')).toBe(0);
    await client.call('reviews', '/last');
    expect(await client.accessLog('the last rule', ({ path }) => path === '/last')).toMatchObject({
      route_name: expect.stringContaining(`step-${applies}`) as string,
    });
  }, 120_000);
});
