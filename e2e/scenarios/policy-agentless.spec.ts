import { credentials } from '@grpc/grpc-js';
import { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import { encodeCheckRequest } from '@keelson/core/attributes';
import { GrpcClient, grpcMethod, rawCodec } from '@keelson/edge/service';
import {
  fiveOf,
  istioSample,
  policy,
  prometheusSamples,
  startPilotMesh,
  stopMeshes,
  until,
  useUpConnections,
  type PilotMesh,
  type Sample,
  type Workload,
} from '../harness';

describe('S40 S41 S42 S46 Mixer without agents', () => {
  let mesh: PilotMesh;
  let client: Workload;
  let server: Workload;
  let mixerAddress: string;

  beforeAll(async () => {
    mesh = await startPilotMesh({ mixer: true });
    mixerAddress = mesh.mixer!.address;
    ({ client, server } = await mesh.workloads({ client: { calls: ['server'] }, server: {} }));
    await mesh.apply(`
${istioSample('attributes.yaml')}
---
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: default, namespace: istio-system }
spec:
  accessLogFile: /dev/stdout
  accessLogEncoding: JSON
  mixerCheckServer: ${mixerAddress}
  mixerReportServer: ${mixerAddress}
`);
  });
  afterAll(stopMeshes);

  const statusOf = async (path: string, user = 'somebody'): Promise<number> =>
    (await client.call('server', path, { headers: { 'x-user': user } })).status;

  it('S40 Mixer decides on what an Envoy asks it itself, by rules of the root and of its own namespace', async () => {
    const denial = (user: string): string =>
      policy(
        `no-${user}s`,
        'denier',
        `{ status: { code: 7, message: no ${user}s } }`,
        'checknothing',
        '{}',
        `'destination.service.name == "server" && (request.headers["x-user"] | "") == "${user}"'`,
      );
    const ofNamespace = denial('guest').replaceAll('namespace: istio-system', 'namespace: default');
    await mesh.apply(`${ofNamespace}---${denial('robot')}`);
    for (const [user, rule] of [
      ['guest', 'no-guests.default'],
      ['robot', 'no-robots.istio-system'],
    ] as const) {
      await until(`the rule for a ${user} at work`, 10_000, async () => (await statusOf('/', user)) === 403);
      expect(await client.call('server', '/', { headers: { 'x-user': user } })).toMatchObject({
        status: 403,
        text: `PERMISSION_DENIED:${rule}:no ${user}s`,
      });
    }
    expect(await statusOf('/')).toBe(200);
  });

  it('S13 S41 it takes quotas for it', async () => {
    await mesh.apply(fiveOf('server', '{ path: request.path | "" }'));
    await until('the quota is asked for', 10_000, async () =>
      (await server.admin.configDump('?resource=dynamic_listeners')).includes('istio.quota_specs'),
    );
    await useUpConnections('server', client);
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push(await statusOf('/limited'));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(await statusOf('/free')).toBe(200);
  });

  it('S42 and hears of the requests by access logs', async () => {
    await mesh.apply(['metrics.yaml', 'prometheus.yaml'].map(istioSample).join('\n---\n'));
    const told = async (code: number): Promise<Sample[]> =>
      (await prometheusSamples([mesh.mixer!.metrics], 'istio_requests_total')).filter(
        ({ labels }) => labels['response_code'] === String(code),
      );
    const bothTell = async (code: number): Promise<boolean> =>
      (await told(code))
        .map(({ labels }) => labels['reporter'])
        .sort()
        .join() === 'client,server';
    await until('both sides report', 15_000, async () => {
      await statusOf('/');
      return bothTell(200);
    });
    await useUpConnections('server', client);
    for (let i = 0; i < 10; i++) await statusOf('/status/202');
    // What a proxy tells, it tells in order: when the last request is known, all before it are.
    await statusOf('/status/203');
    await until('the last request is told by both sides', 15_000, () => bothTell(203));
    const common = {
      destination_service: 'server.default.svc.cluster.local',
      destination_service_name: 'server',
      destination_service_namespace: 'default',
      destination_namespace: 'default',
      request_protocol: 'http',
      response_code: '202',
      connection_mtls: 'false',
    };
    const sample = (labels: Record<string, string>): unknown => ({
      labels: expect.objectContaining({ ...common, ...labels }) as unknown,
      value: 10,
    });
    const all = await told(202);
    expect(all).toHaveLength(2);
    expect(all).toContainEqual(sample({ reporter: 'server' }));
    // The caller's proxy knows its endpoint by the configuration of the mesh.
    expect(all).toContainEqual(sample({ reporter: 'client', destination_app: 'server', destination_version: 'v1' }));
  });

  it('S46 S41 a service without a proxy takes a quota through the same API', async () => {
    await mesh.apply(fiveOf('server', '{ path: request.path | "" }'));
    const caller = new GrpcClient(mixerAddress, credentials.createInsecure());
    const check = grpcMethod('/istio.mixer.v1.Mixer/Check', 'unary', rawCodec, CheckResponse);
    const take = async (
      amount: number,
      bestEffort = false,
      deduplicationId = '',
      path = '/batch',
    ): Promise<number | undefined> => {
      const request = encodeCheckRequest({
        attributes: new Map([
          ['request.path', { type: 'STRING', value: path }],
          ['context.reporter.kind', { type: 'STRING', value: 'inbound' }],
        ]),
        quotas: new Map([['five', { amount, bestEffort }]]),
        deduplicationId,
      });
      return (await caller.unary(check, request)).quotas?.['five']?.grantedAmount;
    };
    try {
      await until('Mixer knows the quota', 10_000, async () => (await take(1, false, '', '/other')) === 1);
      expect(await take(3, false, 'batch-1')).toBe(3);
      expect(await take(3, false, 'batch-1')).toBe(3);
      expect(await take(3, false, 'batch-2')).toBeFalsy();
      expect(await take(3, true, 'batch-3')).toBe(2);
      expect(await take(1, true, 'batch-4')).toBeFalsy();
    } finally {
      caller.close();
    }
  });
});
