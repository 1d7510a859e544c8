import { setTimeout as pause } from 'node:timers/promises';
import { figure, type FullMesh, startMesh, stopMeshes, timed, until, type Workload } from '../harness';

describe('S3 dynamic service discovery', () => {
  let mesh: FullMesh;
  let client: Workload;
  let first: Workload;
  beforeAll(async () => {
    mesh = await startMesh({ pilotFlags: ['--lease-ttl=3s'] });
    ({ client, 'reviews-v1': first } = await mesh.workloads({ client: { calls: ['reviews'] }, 'reviews-v1': {} }));
  });
  afterAll(stopMeshes);

  const counters = async (): Promise<Record<string, number>> => ({
    listeners: await client.admin.stat('^listener_manager\\.listener_(added|modified|removed)$'),
    clusters: await client.admin.stat('^cluster_manager\\.cluster_(added|modified|removed)$'),
  });
  const members = (): Promise<number> => client.admin.stat('^cluster\\.outbound.*reviews.*\\.membership_total$');

  it('brings an instance that starts, and takes one that stops, by endpoints alone', async () => {
    expect(await client.who('reviews')).toBe('reviews-v1');
    const before = await counters();
    const { 'reviews-v2': added } = await mesh.startWorkloads({ 'reviews-v2': {} });
    await timed('S3 from ready to seen by the caller', () =>
      until('the new instance', 5000, async () => (await members()) === 2),
    );
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) seen.add(await client.who('reviews'));
    expect([...seen].sort()).toEqual(['reviews-v1', 'reviews-v2']);

    const load = client.load('reviews', '/', { rate: 100 });
    const started = performance.now();
    await added.stop();
    await until('the instance gone', 5000, async () => (await members()) === 1);
    figure('S3 drained, deregistered and gone after', `${Math.round(performance.now() - started)} ms`);
    expect(await load.stop()).toMatchObject({ failed: 0, errors: {}, samples: [] });
    expect(await counters()).toEqual(before);
  });

  it('outlives its agent: what is killed and comes again was never away', async () => {
    const load = client.load('reviews', '/', { rate: 100 });
    await first.process.kill();
    await pause(1000);
    await first.process.start();
    await pause(1000);
    expect(await members()).toBe(1);
    expect(await load.stop()).toMatchObject({ failed: 0, errors: {}, samples: [] });
  });

  it('ends the lease of a machine that is gone, but not of most of a service at once', async () => {
    const { 'reviews-v2': second, 'reviews-v3': third } = await mesh.workloads({ 'reviews-v2': {}, 'reviews-v3': {} });
    const started = performance.now();
    await mesh.crash(third);
    await until('the lease over', 15_000, async () => (await members()) === 2);
    figure('S3 a lease of 3 s ended after', `${Math.round(performance.now() - started)} ms`);
    await Promise.all([mesh.crash(second), mesh.crash(first)]);
    await pause(8000);
    expect(await members()).toBe(2);
    // The one that returns is served again at once, wherever it kept its lease.
    await first.process.start();
    await until('the service answers', 10_000, async () => (await client.call('reviews')).status === 200);
  });
});
