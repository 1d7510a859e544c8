import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  figure,
  istioSample,
  mixerClientCounts,
  policy,
  startMesh,
  stopMeshes,
  until,
  useUpConnections,
  type FullMesh,
  type Workload,
} from '../harness';

const denial = policy(
  'no-guests',
  'denier',
  '{ status: { code: 7, message: no guests }, validDuration: 60s }',
  'checknothing',
  '{}',
  `'destination.labels["app"] == "checked" && (request.headers["x-user"] | "") == "guest"'`,
);
const meshConfig = (failOpen: boolean): string => `
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: default, namespace: istio-system }
spec: { accessLogFile: /dev/stdout, accessLogEncoding: JSON, policyCheckFailOpen: ${failOpen} }
`;

interface AuditEntry {
  instance: string;
  user: string;
  reason: string;
  code: number;
}

describe('S40 S42 S47 Mixers that go away', () => {
  let mesh: FullMesh;
  let client: Workload;
  let checked: Workload;
  let auditFile: string;
  let users = 0;
  /** How many requests of anybody were denied. */
  let denied = 0;

  beforeAll(async () => {
    mesh = await startMesh({ mixers: 2 });
    ({ client, checked } = await mesh.workloads({
      client: { calls: ['checked', 'free'] },
      checked: {},
      free: {},
    }));
    mkdirSync(join(mesh.folder, 'audit'));
    auditFile = join(mesh.folder, 'audit', 'denials.log');
    const audit = policy(
      'audit',
      'stdio',
      `{ logStream: FILE, outputPath: ${auditFile}, outputAsJson: true }`,
      'logentry',
      `{ severity: '"warning"', timestamp: request.time,
         variables: { user: 'request.headers["x-user"] | ""', reason: 'check.error_message | ""', code: response.code | 0 } }`,
      `'context.reporter.kind == "inbound" && (response.code | 0) >= 400'`,
    );
    await mesh.apply(`${istioSample('attributes.yaml')}\n---${denial}---${audit}`);
    await until('the rules at work', 10_000, async () => (await statusFor('guest')) === 403);
    await useUpConnections('checked', client);
    expect(await statusFor('guest')).toBe(403);
  });
  afterAll(stopMeshes);

  const statusFor = async (user: string): Promise<number> => {
    const { status } = await client.call('checked', '/', { headers: { 'x-user': user } });
    if (status === 403) denied++;
    return status;
  };
  /** One whom no Mixer has been asked about yet. */
  const somebody = (): string => `user-${++users}`;
  const audited = (): AuditEntry[] =>
    existsSync(auditFile)
      ? readFileSync(auditFile, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as AuditEntry)
      : [];
  const denials = (): AuditEntry[] => audited().filter(({ code }) => code === 403);

  it('S47 a denial leaves an entry in the audit log, with who and why', async () => {
    const reason = 'PERMISSION_DENIED:no-guests.istio-system:no guests';
    const entry = await until('the entry', 10_000, () => audited().find(({ code }) => code === 403));
    expect(entry).toMatchObject({ instance: 'audit.instance.istio-system', user: 'guest', reason, code: 403 });
    expect(await statusFor('jason')).toBe(200);
    expect(await statusFor('guest')).toBe(403);
    // What a proxy tells, it tells in order: when the last denial is there, all that came before it was told.
    await until('an entry for each denial', 10_000, () => denials().length >= denied);
    expect(denials()).toHaveLength(denied);
    expect(audited().filter(({ user }) => user !== 'guest')).toEqual([]);
  });

  it('nobody notices that one of two is killed, and comes back', async () => {
    const free = client.load('free', '/', { rate: 100 });
    const [calls] = await mixerClientCounts(checked, 'calls');
    const statuses = new Set<number>();
    for (let i = 0; i < 400; i++) {
      if (i === 100) await mesh.mixers[0]!.process.kill();
      if (i === 200) await mesh.mixers[0]!.process.start();
      if (i === 300) await mesh.mixers[1]!.process.kill();
      statuses.add(await statusFor(somebody()));
      if (i % 50 === 0) expect(await statusFor('guest')).toBe(403);
    }
    expect([...statuses]).toEqual([200]);
    expect((await mixerClientCounts(checked, 'calls'))[0]! - calls!).toBeGreaterThanOrEqual(400);
    expect(await free.stop()).toMatchObject({ failed: 0, errors: {}, samples: [] });
  });

  it('requests are refused while none is left, those that are known and of others go on, and nothing is lost', async () => {
    const known = somebody();
    expect(await statusFor(known)).toBe(200);
    expect(await statusFor('guest')).toBe(403);
    await until('all told', 15_000, async () => {
      const [reports, sent] = await mixerClientCounts(checked, 'reports', 'reports_sent');
      return reports === sent;
    });
    const entries = audited().length;
    const free = client.load('free', '/', { rate: 100 });
    await Promise.all(mesh.mixers.filter(({ process }) => process.running).map(({ process }) => process.kill()));

    const started = performance.now();
    expect(await client.call('checked', '/', { headers: { 'x-user': somebody() } })).toMatchObject({ status: 503 });
    figure('S40 a request is refused after', `${Math.round(performance.now() - started)} ms`);
    expect(await statusFor('guest')).toBe(403);
    for (let i = 0; i < 4; i++) expect(await statusFor(somebody())).toBe(503);
    expect(await statusFor(known)).toBe(200);

    await mesh.apply(meshConfig(true));
    await until('Envoy lets them pass', 5_000, async () => (await statusFor(somebody())) === 200);
    await useUpConnections('checked', client);
    for (let i = 0; i < 5; i++) expect(await statusFor(somebody())).toBe(200);
    await mesh.apply(meshConfig(false));
    await until('Envoy refuses them', 5_000, async () => (await statusFor(somebody())) === 503);
    const failedBefore = (await free.stop()).failed;
    expect(failedBefore).toBe(0);

    await Promise.all(mesh.mixers.map(({ process }) => process.start()));
    await until('Mixer decides again', 15_000, async () => (await statusFor(somebody())) === 200);
    const [dropped] = await mixerClientCounts(checked, 'reports_dropped');
    expect(dropped).toBe(0);
    await until('what happened meanwhile is told', 20_000, () => {
      const added = audited().slice(entries);
      return added.filter(({ code }) => code === 503).length >= 6 && added.some(({ code }) => code === 403);
    });
  }, 120_000);
});
