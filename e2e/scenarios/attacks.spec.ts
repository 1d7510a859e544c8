import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { RequestResources, Resources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { GrpcClient, grpcMethod, obtainIdentity, createLog, type TlsMaterial } from '@keelson/edge/service';
import { http, startMesh, stopMeshes, type FullMesh, type Workload } from '../harness';

const deltaAds = grpcMethod(
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  'bidi',
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
);
const mcp = grpcMethod(
  '/istio.mcp.v1alpha1.ResourceSource/EstablishResourceStream',
  'bidi',
  RequestResources,
  Resources,
);
const types = {
  cds: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  eds: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  rds: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  vhds: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
};
const virtualServices = 'istio/networking/v1alpha3/virtualservices';

/** A service that its namespace keeps to itself, and one of another namespace that the client's Sidecar does not name. */
const hidden = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: vault, namespace: bank }
spec:
  hosts: [vault.bank.svc.cluster.local]
  exportTo: ['.']
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9443, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.9.9.9 }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: teller, namespace: bank }
spec:
  hosts: [teller.bank.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9444, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.9.9.8 }]
`;

let mesh: FullMesh;
let client: Workload;
let workload: TlsMaterial;
let operator: TlsMaterial;

beforeAll(async () => {
  mesh = await startMesh();
  ({ client } = await mesh.workloads({ client: { calls: ['reviews'] }, reviews: {} }));
  await mesh.apply(hidden);
  const file = (name: string): string => readFileSync(join(mesh.agentFolder('client'), 'agent', name), 'utf8');
  workload = { key: file('key.pem'), chain: file('cert-chain.pem'), roots: file('root-cert.pem') };
  const { key, cert } = mesh.operator();
  operator = { key: key.toString(), chain: cert.toString(), roots: workload.roots };
});
afterAll(stopMeshes);

function clientTo(address: string, { key, chain, roots }: TlsMaterial): GrpcClient {
  return new GrpcClient(
    address,
    credentials.createSsl(Buffer.from(roots), Buffer.from(key), Buffer.from(chain), {
      checkServerIdentity: () => undefined,
    }),
  );
}

/** What a stream brought until it went silent, or how it ended. */
async function exchange<Req, Res>(
  address: string,
  who: TlsMaterial,
  method: ReturnType<typeof grpcMethod<'bidi', Req, Res>>,
  requests: readonly Req[],
  silenceMs = 700,
): Promise<{ answers: Res[]; code: status | undefined }> {
  const connection = clientTo(address, who);
  const call = connection.bidi(method);
  const answers: Res[] = [];
  const code = await new Promise<status | undefined>((resolve) => {
    const silence = setTimeout(() => {
      resolve(undefined);
    }, 5_000);
    let late: NodeJS.Timeout | undefined;
    call.on('data', (answer: Res) => {
      answers.push(answer);
      clearTimeout(silence);
      clearTimeout(late);
      late = setTimeout(() => {
        resolve(undefined);
      }, silenceMs);
    });
    call.on('error', (error: ServiceError) => {
      clearTimeout(silence);
      clearTimeout(late);
      resolve(error.code);
    });
    for (const request of requests) call.write(request);
  });
  call.cancel();
  connection.close();
  return { answers, code };
}

const pilot = (): string => mesh.listeners().find(({ name }) => name === 'pilot')?.address ?? '';
const nodeOf = (id: string, metadata: Record<string, unknown> = {}): { id: string; metadata: typeof metadata } => ({
  id,
  metadata,
});

describe('S30 what a certificate of the mesh does not open', () => {
  it('MCP, for anybody but its readers; not even for a gateway that lives beside them', async () => {
    const source = mesh.listeners().find(({ name }) => name.endsWith('MCP'))?.address ?? '';
    const gateway = obtainIdentity({
      citadelAddress: mesh.listeners().find(({ name }) => name === 'Citadel')?.address ?? '',
      token: await mesh.joinToken('istio-system', 'ingress'),
      dir: join(mesh.folder, 'gateway'),
      log: createLog('test', 'silent'),
    });
    await gateway.ready();
    gateway.stop();
    const request = { sinkNode: { id: 'spy' }, collection: virtualServices };
    for (const who of [workload, operator, gateway.current()])
      expect(await exchange(source, who, mcp, [request])).toEqual({ answers: [], code: status.PERMISSION_DENIED });
  });

  it("the operators' ports", async () => {
    const tls = { ca: workload.roots, cert: workload.chain, key: workload.key };
    for (const { name, address } of mesh.listeners())
      if (/API|administration/.test(name)) {
        const path = name.includes('API') ? '/v1/proxies' : '/v1/tokens';
        const answer = await http(`https://${address}${path}`, { tls });
        expect([name, answer.status]).toEqual([name, 403]);
      }
  });

  it.each([
    ['the id of a proxy of another namespace', 'sidecar~127.9.9.9~vault.bank~bank.svc.cluster.local', {}],
    [
      'such an id beside metadata of its own',
      'sidecar~127.9.9.9~vault.bank~bank.svc.cluster.local',
      { NAMESPACE: 'default' },
    ],
    ['the root namespace', 'router~127.9.9.9~edge.istio-system~istio-system.svc.cluster.local', {}],
    ['another account', 'sidecar~127.9.9.9~client.default~default.svc.cluster.local', { SERVICE_ACCOUNT: 'reviews' }],
  ])('discovery with %s', async (_, id, metadata) => {
    const request = { node: nodeOf(id, metadata), typeUrl: types.cds };
    expect(await exchange(pilot(), workload, deltaAds, [request])).toEqual({
      answers: [],
      code: status.PERMISSION_DENIED,
    });
  });

  it('what is hidden from its namespace or its Sidecar, though it is asked for by name', async () => {
    const { code, names, text } = await askForAll({ app: 'client', version: 'v1', workload: 'client' });
    expect(code).toBeUndefined();
    // It is a proxy of its class and gets what that is due, or the test would prove nothing.
    expect(names.some((name) => name.includes('reviews.default'))).toBe(true);
    expect(names.filter((name) => /vault|teller|9443|9444/.test(name))).toEqual([]);
    expect(text).not.toMatch(/127\.9\.9\./);
  });

  it('what its namespace may not see, whatever labels it claims', async () => {
    const { names, text } = await askForAll({});
    // Without a Sidecar it sees what is exported: the names that were asked for are the right ones.
    expect(names).toEqual(expect.arrayContaining(['outbound|9444||teller.bank.svc.cluster.local']));
    expect(text).toContain('127.9.9.8');
    expect(names.filter((name) => name.includes('vault'))).toEqual([]);
    expect(text).not.toContain('127.9.9.9');
  });
});

/** Asks Pilot, as a proxy of the client's account, for everything and for what is hidden by name. */
async function askForAll(
  labels: Record<string, string>,
): Promise<{ code: status | undefined; names: string[]; text: string }> {
  const node = nodeOf(`sidecar~${client.address}~spy.default~default.svc.cluster.local`, {
    LABELS: labels,
    INTERCEPTION_MODE: 'NONE',
  });
  const clusters = [
    'outbound|9443||vault.bank.svc.cluster.local',
    'outbound|9444||teller.bank.svc.cluster.local',
    'inbound|9443||',
  ];
  const hosts = [9443, 9444].flatMap((port) =>
    ['vault', 'teller'].flatMap((service) => [
      `${port}/${service}.bank.svc.cluster.local:${port}`,
      `${port}/${service}.bank.svc.cluster.local`,
    ]),
  );
  const { answers, code } = await exchange(pilot(), workload, deltaAds, [
    { node, typeUrl: types.cds, resourceNamesSubscribe: [...clusters, '*'] },
    { typeUrl: types.eds, resourceNamesSubscribe: clusters },
    { typeUrl: types.lds, resourceNamesSubscribe: ['*', 'inbound', '127.9.9.9_9443', '0.0.0.0_9443'] },
    { typeUrl: types.rds, resourceNamesSubscribe: ['*', '9443', '9444', '0.0.0.0_9443'] },
    { typeUrl: types.vhds, resourceNamesSubscribe: hosts },
  ]);
  const given = answers.flatMap(({ resources }) => resources ?? []);
  return {
    code,
    names: given.map(({ name }) => name ?? ''),
    text: given.map(({ resource }) => Buffer.from(resource?.value ?? []).toString('latin1')).join('\n'),
  };
}

describe('secrets', () => {
  it('stand in no log and no other file than their own, which nobody else can read', async () => {
    await client.call('reviews');
    const files = readdirSync(mesh.folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const isKeyFile = /(^|\/)(key|root-key|operator-key|nats-key|join-key)\.pem$|\/identity\.json$/;
    const keys: string[] = [];
    const secrets: string[] = [];
    for (const file of files) {
      const text = readFileSync(file, 'latin1');
      if (isKeyFile.test(file)) keys.push(...(text.match(/[A-Za-z0-9+/]{40,}/g) ?? []).slice(0, 1));
      if (file.endsWith('.token')) secrets.push(text.split('.')[2] ?? '');
    }
    expect(keys.length).toBeGreaterThan(5);
    expect(secrets.length).toBeGreaterThan(3);
    const told = files.filter((file) => {
      const text = readFileSync(file, 'latin1');
      if (!isKeyFile.test(file) && (/PRIVATE KEY/.test(text) || keys.some((key) => text.includes(key)))) return true;
      return !file.endsWith('.token') && secrets.some((secret) => text.includes(secret));
    });
    expect(told).toEqual([]);
    const states = ['data', 'agents'].map((name) => join(mesh.folder, name));
    const open = files.filter(
      (file) => states.some((state) => file.startsWith(state)) && (statSync(file).mode & 0o077) !== 0,
    );
    expect(open).toEqual([]);
    const [replica] = mesh.pilots;
    const dump = await http(`${replica!.debug}/debug/config_dump?proxyID=client.default`);
    expect([dump.status, /PRIVATE KEY|privateKey/.test(dump.text)]).toEqual([200, false]);
  });
});
