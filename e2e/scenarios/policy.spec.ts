import {
  figure,
  fiveOf,
  istioSample,
  mixerClientCounts,
  policy,
  prometheusSamples,
  startMesh,
  stopMeshes,
  until,
  useUpConnections,
  type FullMesh,
  type Sample,
  type Workload,
} from '../harness';

const toServer = `destination.labels["app"] == "server"`;
const denial = policy(
  'no-guests',
  'denier',
  '{ status: { code: 7, message: no guests } }',
  'checknothing',
  '{}',
  `'${toServer} && (request.headers["x-user"] | "") == "guest"'`,
);

let mesh: FullMesh;
let client: Workload;
let other: Workload;
let server: Workload;

beforeAll(async () => {
  mesh = await startMesh({ mixers: 2 });
  ({ client, other, server } = await mesh.workloads({
    client: { calls: ['server'] },
    other: { calls: ['server'] },
    server: {},
  }));
  await mesh.apply(istioSample('attributes.yaml'));
});
afterAll(stopMeshes);

const filters = async (workload: Workload): Promise<string[]> => {
  const dump = await workload.admin.configDump('?resource=dynamic_listeners');
  return ['ext_authz', 'http_grpc', 'header_to_metadata'].filter((name) => dump.includes(name));
};

/** The samples of a metric that both Mixers have together, of requests that were answered with a status. */
const samples = async (metric: string, code: number): Promise<Sample[]> =>
  (
    await prometheusSamples(
      mesh.mixers.map(({ metrics }) => metrics),
      metric,
    )
  ).filter(({ labels }) => labels['response_code'] === String(code));

describe('S40 Mixer decides on the requests of real proxies', () => {
  it('no proxy has a filter for it while no rule is there, and manifests alone are no rules', async () => {
    expect(await filters(server)).toEqual([]);
    expect(await filters(client)).toEqual([]);
  });

  it.each([
    [
      'an attribute that no manifest declares',
      'destination.servise.name == "x"',
      'unknown attribute destination.servise.name',
    ],
    [
      'a wrong type',
      'request.size == "big"',
      'EQ($request.size, "big") arg 2 ("big") typeError got STRING, expected INT64',
    ],
    ['what is no expression', 'request.size ==', "expected operand, found 'EOF'"],
  ])('S43 Galley refuses a rule with %s', async (_, match, text) => {
    const { status, problems } = await mesh.galley.refusal(denial.replace(/match: .*/, `match: '${match}'`));
    expect(status).toBe(422);
    const object = 'rule istio-system/no-guests';
    expect(problems).toContainEqual(
      expect.objectContaining({ object, field: 'spec.match', message: expect.stringContaining(text) as string }),
    );
    expect(await filters(server)).toEqual([]);
  });

  it('the history says who changed what, and when an object changed', async () => {
    const all = await mesh.meshctl('history', '-o', 'json');
    expect(all.code).toBe(0);
    const { revisions, older } = JSON.parse(all.stdout) as {
      revisions: { revision: string; author: string; changes: { kind: string }[] }[];
      older: string;
    };
    expect(older).toBe('none');
    const [newest] = revisions;
    expect(newest?.author).toContain('ns/istio-system/sa/operator');
    expect(newest?.changes.map(({ kind }) => kind)).toContain('attributemanifest');
    const manifest = await mesh.meshctl('history', 'attributemanifest', 'istio-proxy', '-n', 'istio-system');
    expect(manifest.stdout).toMatch(new RegExp(`^${newest!.revision} .*created`, 'm'));
  });

  it('the first rule is at work within a second, without a dropped request, and gone with it', async () => {
    const load = client.load('server', '/', { rate: 200 });
    const started = performance.now();
    await mesh.apply(denial);
    await until('the rule at work', 5_000, async () => {
      const { status } = await client.call('server', '/', { headers: { 'x-user': 'guest' } });
      return status === 403;
    });
    figure('S40 from the first rule to the first denial', `${Math.round(performance.now() - started)} ms`);
    const denied = await client.call('server', '/', { headers: { 'x-user': 'guest' } });
    expect(denied).toMatchObject({ status: 403, text: 'PERMISSION_DENIED:no-guests.istio-system:no guests' });
    expect(await client.who('server', '/', { headers: { 'x-user': 'somebody' } })).toBe('server');
    expect(await filters(client)).toEqual([]);
    await mesh.delete(denial);
    await until(
      'the rule gone',
      5_000,
      async () => (await client.call('server', '/', { headers: { 'x-user': 'guest' } })).status === 200,
    );
    expect(await filters(server)).toEqual([]);
    const report = await load.stop();
    figure('S40 requests meanwhile', report.sent);
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [] });
  });

  it('S11 S42 the first rule that wants to be told is told, by the proxy that was called and by the one that called', async () => {
    await mesh.apply(['metrics.yaml', 'tcpmetrics.yaml', 'prometheus.yaml'].map(istioSample).join('\n---\n'));
    /** Who tells of requests that were answered so. */
    const reporters = async (code: number): Promise<string[]> =>
      (await samples('istio_requests_total', code)).map(({ labels }) => labels['reporter'] ?? '').sort();
    const bothTell = async (code: number): Promise<boolean> => (await reporters(code)).join() === 'client,server';
    await until('both sides report', 15_000, async () => {
      await client.call('server');
      return bothTell(200);
    });
    await useUpConnections('server', client);
    for (let i = 0; i < 10; i++) await client.call('server', '/status/202');
    // What a proxy tells, it tells in order: when the last request is known, all before it are.
    await client.call('server', '/status/203');
    await until('the last request is told by both sides', 15_000, () => bothTell(203));

    const common = {
      source_app: 'client',
      source_workload: 'client',
      source_workload_namespace: 'default',
      source_namespace: 'default',
      source_version: 'v1',
      source_principal: 'cluster.local/ns/default/sa/client',
      destination_app: 'server',
      destination_workload: 'server',
      destination_workload_namespace: 'default',
      destination_namespace: 'default',
      destination_version: 'v1',
      destination_service: 'server.default.svc.cluster.local',
      destination_service_name: 'server',
      destination_service_namespace: 'default',
      request_protocol: 'http',
      response_code: '202',
    };
    const destination_principal = 'cluster.local/ns/default/sa/server';
    const byServer = { ...common, reporter: 'server', destination_principal, connection_mtls: 'true' };
    // A caller's proxy does not tell Mixer of its connection to the one that is called.
    const byClient = { ...common, reporter: 'client', destination_principal: 'unknown', connection_mtls: 'false' };
    for (const metric of ['istio_requests_total', 'istio_request_duration_seconds_count']) {
      const told = await samples(metric, 202);
      expect(told).toHaveLength(2);
      expect(told).toContainEqual({ labels: byServer, value: 10 });
      expect(told).toContainEqual({ labels: byClient, value: 10 });
    }
  });

  it('S47 a list that names a label refuses the others, and the answers are kept', async () => {
    const only = policy(
      'known-callers',
      'listchecker',
      '{ overrides: [client], blacklist: false }',
      'listentry',
      `{ value: 'source.labels["app"] | "nobody"' }`,
      `'${toServer}'`,
    );
    await mesh.apply(only);
    const statusOf = async (workload: Workload): Promise<number> => (await workload.call('server')).status;
    await until('the other is refused', 5_000, async () => (await statusOf(other)) === 403);
    await useUpConnections('server', client, other);
    expect((await other.call('server')).text).toBe(
      'PERMISSION_DENIED:known-callers.istio-system:other is not whitelisted',
    );
    expect(await statusOf(client)).toBe(200);
    const [calls, hits] = await mixerClientCounts(server, 'calls', 'check_cache_hits');
    for (let i = 0; i < 20; i++) expect([await statusOf(client), await statusOf(other)]).toEqual([200, 403]);
    const [callsAfter, hitsAfter] = await mixerClientCounts(server, 'calls', 'check_cache_hits');
    expect(hitsAfter! - hits!).toBeGreaterThanOrEqual(38);
    expect(callsAfter! - calls!).toBeLessThanOrEqual(2);
    await mesh.delete(only);
    await until('the other is let in again', 5_000, async () => (await statusOf(other)) === 200);
  });

  it('S13 S41 a quota lets N requests pass and answers the next with 429, whoever calls', async () => {
    const quota = fiveOf('server', '{ destination: destination.service.name | "" }');
    await mesh.apply(quota);
    await until('the quota is asked for', 5_000, async () => (await filters(server)).includes('ext_authz'));
    await useUpConnections('server', client, other);
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await (i % 2 === 0 ? client : other).call('server', '/limited')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(await client.call('server', '/limited')).toMatchObject({
      status: 429,
      text: 'RESOURCE_EXHAUSTED:Quota is exhausted for: five',
    });
    expect((await client.call('server', '/free')).status).toBe(200);
    await mesh.delete(quota);
    await until('the quota gone', 5_000, async () => (await client.call('server', '/limited')).status === 200);
  });
});
