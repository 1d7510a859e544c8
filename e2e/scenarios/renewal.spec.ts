import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { figure, type FullMesh, startMesh, stopMeshes, until } from '../harness';

describe('S32 keys are renewed', () => {
  let mesh: FullMesh;
  beforeAll(async () => {
    mesh = await startMesh({ citadelFlags: ['--workload-cert-ttl=30s'] });
  });
  afterAll(stopMeshes);

  it('before half of their life, under load, without a dropped request or connection', async () => {
    const { client, reviews } = await mesh.workloads({ client: { calls: ['reviews'] }, reviews: {} });
    const serials = async (): Promise<string> =>
      JSON.stringify((await reviews.admin.certificates()).map(({ serial }) => serial).sort());
    const before = await serials();
    const load = client.load('reviews', '/', { rate: 200 });
    const started = performance.now();
    await until('a new certificate in Envoy', 30_000, async () => (await serials()) !== before);
    figure('S32 renewed after', `${Math.round(performance.now() - started)} ms of 30 s`);
    const second = await serials();
    await until('one more', 30_000, async () => (await serials()) !== second);
    const report = await load.stop();
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [], closedByPeer: 0 });
    expect(await client.admin.stat('^cluster\\.outbound.*reviews.*\\.upstream_rq_5xx$')).toBe(0);
  }, 90_000);

  it('and only their owner can read them', () => {
    const key = join(mesh.agentFolder('reviews'), 'agent', 'key.pem');
    expect(readFileSync(key, 'utf8')).toContain('PRIVATE KEY');
    expect(statSync(key).mode & 0o777).toBe(0o600);
  });
});
