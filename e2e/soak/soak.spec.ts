import { setTimeout as pause } from 'node:timers/promises';
import { figure, type FullMesh, hostOf, json, Load, startMesh, stopMeshes, until, type Workload } from '../harness';
import { Changes, gatewayYaml } from './changes';
import { Crashes } from './crashes';
import { givenByPilot, heldByEnvoy, type Held } from './held-configuration';
import { Random } from './random';

// `SOAK_SECONDS=300 SOAK_SEED=7 npx jest e2e/soak` runs longer, and repeats what a seed led to.
const seconds = Number(process.env.SOAK_SECONDS ?? 12);
const seed = Number(process.env.SOAK_SEED ?? 1);
const random = new Random(seed);

describe('soak', () => {
  let mesh: FullMesh;
  let client: Workload;
  let edge: Workload;
  let proxies: Workload[];
  const gatewayPorts: number[] = [];
  const history: string[] = [];

  beforeAll(async () => {
    process.stdout.write(`      soak: SOAK_SEED=${seed} SOAK_SECONDS=${seconds}\n`);
    mesh = await startMesh({ galleys: 2, pilots: 2 });
    const started = await mesh.workloads({ client: { calls: ['steady'] }, 'steady-v1': {}, 'steady-v2': {} });
    for (let i = 0; i < 3; i++) gatewayPorts.push(await mesh.freePort());
    ({ client } = started);
    edge = await mesh.gateway('edge');
    proxies = [...Object.values(started), edge];
    await mesh.apply(`${gatewayYaml([[gatewayPorts[0]!, ['shop.example.test']]])}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge, namespace: default }
spec:
  hosts: [shop.example.test]
  gateways: [edge]
  http: [{ route: [{ destination: { host: ${hostOf('steady')} } }] }]
`);
  });
  afterAll(async () => {
    // Only what failed leaves its history.
    process.stderr.write(history.map((line) => `soak: ${line}\n`).join(''));
    await stopMeshes();
  });

  it(
    'random changes and crashes cost no request, and end with what Pilot says at every proxy',
    async () => {
      const loads = [
        client.load('steady', '/', { rate: 60 }),
        new Load(`http://127.0.0.1:${gatewayPorts[0]}/`, { rate: 40, headers: { host: 'shop.example.test' } }),
      ];
      const crashes = new Crashes(random, mesh);
      const changes = new Changes(random, mesh, client, gatewayPorts);
      const revisions: string[] = [];
      let reports: Awaited<ReturnType<Load['stop']>>[];
      try {
        const end = Date.now() + seconds * 1000;
        while (Date.now() < end) {
          if (random.chance(6)) note(await crashes.next());
          const { what, put, remove } = changes.next();
          const { galley } = crashes;
          for (const result of [put && (await galley.apply(put)), remove && (await galley.delete(remove))]) {
            if (!result) continue;
            note(`${what}: ${result.revision}`);
            if (result.committed) revisions.push(result.revision);
          }
          await pause(random.below(200));
        }
        await crashes.over();
        for (const { api } of mesh.galleys) for (const revision of revisions) await api.settled(revision);
      } finally {
        // Nobody may come back, or call, after the mesh has been stopped.
        await crashes.over();
        reports = await Promise.all(loads.map((load) => load.stop()));
      }
      const requests = reports.map(({ sent }) => sent).join(' + ');
      figure('soak', `seed ${seed}: ${revisions.length} commits, ${crashes.count} crashes, ${requests} requests`);
      for (const report of reports) expect(report).toMatchObject({ failed: 0, errors: {}, samples: [] });
      const before = await everyProxyHoldsWhatItWasGiven();
      // A Pilot that begins anew comes to the same as one that followed every change.
      await Promise.all(mesh.pilots.map(({ process }) => process.kill()));
      await Promise.all(mesh.pilots.map(({ process }) => process.start()));
      expect(await everyProxyHoldsWhatItWasGiven()).toEqual(before);
      for (const { admin } of proxies) expect(await admin.stat('update_rejected$')).toBe(0);
      history.length = 0;
    },
    (seconds + 120) * 1000,
  );

  function note(what: string): void {
    history.push(`${new Date().toISOString()} ${what}`);
  }

  /** Where each proxy's stream ends, by address of the proxy. */
  async function pilotsOf(): Promise<Map<string, { debug: string; node: string }>> {
    const rows = await Promise.all(
      mesh.pilots.map(async ({ debug }) =>
        (await json<{ proxy: string; acked: string; revision: string }[]>(`${debug}/debug/syncz`)).map((row) => ({
          ...row,
          debug,
        })),
      ),
    );
    return new Map(
      rows
        .flat()
        .filter(({ acked, revision }) => acked === revision)
        .map(({ proxy, debug }) => [proxy.split('~')[1] ?? '', { debug, node: proxy }]),
    );
  }

  async function everyProxyHoldsWhatItWasGiven(): Promise<Record<string, Held>> {
    const all: Record<string, Held> = {};
    for (const proxy of proxies)
      all[proxy.name] = await until(`${proxy.name} holds what it was given`, 20_000, async () => {
        const at = (await pilotsOf()).get(proxy.address);
        if (!at) throw new Error('it is connected to no Pilot');
        const [held, given] = await Promise.all([heldByEnvoy(proxy), givenByPilot(at.debug, at.node)]);
        expect(held).toEqual(given);
        return held;
      });
    return all;
  }
});
