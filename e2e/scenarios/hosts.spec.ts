import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issuerOf, makeRoot, signLeaf } from '@keelson/core/pki';
import { hostOf, http, type PilotMesh, startPilotMesh, stopMeshes, until, type Workload } from '../harness';

let mesh: PilotMesh;
let client: Workload;
let gateway: Workload;
const servers: Server[] = [];
let root: string;
let ports: { plain: number; tls: number; edge: number; strict: number };

/** A server outside the mesh with a certificate for its name, which it answers with. */
async function secureServer(name: string): Promise<number> {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const [authority, leaf] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const issuer = makeRoot(authority!.privateKey, { trustDomain: 'example.test', commonName: 'test', validity });
  const cert = signLeaf(issuerOf(issuer, authority!.privateKey), {
    publicKey: leaf!.publicKey,
    names: { dns: [name] },
    validity,
  });
  const key = leaf!.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const server = createServer({ cert, key }, (_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  root = `${root}${issuer}`;
  return (server.address() as AddressInfo).port;
}

function external(host: string, port: number, protocol: string, endpoint: number, more = '', namespace = 'default') {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${host.replace('*', 'any')}, namespace: ${namespace} }
spec:
  hosts: ['${host}']
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: main, protocol: ${protocol} }]
  endpoints: [{ address: 127.0.0.1, ports: { main: ${endpoint} } }]${more}
`;
}

function rule(name: string, namespace: string, host: string, gateways: string, more = ''): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  hosts: ['${host}']
  gateways: [${gateways}]${more}
  http: [{ directResponse: { status: 200, body: { string: ${name} } } }]
`;
}

beforeAll(async () => {
  mesh = await startPilotMesh();
  const workloads = await mesh.workloads({ client: { calls: ['one'] }, 'one-v1': {}, 'two-v1': {} });
  client = workloads.client;
  gateway = await mesh.gateway('edge');
  root = '';
  ports = {
    plain: await mesh.freePort(),
    tls: await mesh.freePort(),
    edge: await mesh.freePort(),
    strict: await mesh.freePort(),
  };
  const { plain, tls } = ports;
  const [one, two] = [workloads['one-v1'].app.port, workloads['two-v1'].app.port];
  await mesh.apply(
    [
      external('one.test', plain, 'HTTP', one),
      external('two.test', plain, 'HTTP', two, '', 'other'),
      external('hidden.test', plain, 'HTTP', two, "\n  exportTo: ['.']", 'other'),
      external('unlisted.test', plain, 'HTTP', two),
      external('*.wild.test', plain, 'HTTP', two),
      external('a.tls.test', tls, 'TLS', await secureServer('a.tls.test')),
      external('b.tls.test', tls, 'HTTPS', await secureServer('b.tls.test')),
      `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: one, namespace: default }
spec:
  hosts: [one.test, virtual.test]
  http:
    - { match: [{ gateways: [edge] }], directResponse: { status: 418 } }
    - { match: [{ headers: { to: { exact: two } } }], route: [{ destination: { host: two.test } }] }
    - { match: [{ headers: { to: { exact: led } } }], route: [{ destination: { host: unlisted.test } }] }
    - { route: [{ destination: { host: one.test } }] }
`,
      rule('private', 'other', 'two.test', 'mesh', "\n  exportTo: ['.']"),
      rule('wild', 'default', '*.special.wild.test', 'mesh'),
      rule('unimported', 'default', 'nowhere.test', 'mesh'),
      `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: client, namespace: default }
spec:
  workloadSelector: { labels: { workload: client } }
  ingress:
    - port: { number: ${mesh.ports.of('client')}, name: http, protocol: HTTP }
      bind: ${client.address}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${client.app.port}
  egress:
    - port: { number: ${plain}, name: http, protocol: HTTP }
      bind: ${client.address}
      captureMode: NONE
      hosts: ['./one.test', './virtual.test', other/*, '*/*.wild.test']
    - port: { number: ${tls}, name: tls, protocol: TLS }
      bind: ${client.address}
      captureMode: NONE
      hosts: ['*/*.tls.test']
`,
    ].join('---\n'),
  );
  await until('the listeners', 10_000, async () => (await call('one.test')).status === 200);
});
afterAll(async () => {
  for (const server of servers) server.close();
  await stopMeshes();
});

const call = (host: string, headers: Record<string, string> = {}): ReturnType<typeof http> =>
  http(`http://${client.address}:${ports.plain}/`, { headers: { host, ...headers } });

describe('S28 hosts of one egress listener', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['a service outside the mesh', 'one.test', {}, 'one-v1'],
    ['a Host with its port', 'one.test:8080', {}, 'one-v1'],
    ['a Host in other letters', 'ONE.test', {}, 'one-v1'],
    ['a service of another namespace', 'two.test', {}, 'two-v1'],
    ['a wildcard', 'a.b.wild.test', {}, 'two-v1'],
    ['where a rule sends', 'one.test', { to: 'two' }, 'two-v1'],
    ['a host that only a rule names', 'virtual.test', {}, 'one-v1'],
    ['where the rule of such a host sends', 'virtual.test', { to: 'two' }, 'two-v1'],
    ['a service that only a rule leads to', 'one.test', { to: 'led' }, 'two-v1'],
  ])('reaches %s', async (_, host, headers, workload) => {
    const reply = await call(host, headers);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ workload, headers: { host } });
  });

  it.each([
    ['a Host that nobody has', 'elsewhere.test'],
    ['a service that is not exported', 'hidden.test'],
    ['a service that the listener does not import', 'unlisted.test'],
    ['a host whose rule the listener does not import', 'nowhere.test'],
  ])('answers 502 for %s', async (_, host) => {
    expect((await call(host)).status).toBe(502);
  });

  it('gives a host to the rule that names it best', async () => {
    expect(await call('a.special.wild.test')).toMatchObject({ status: 200 });
  });

  it('imports nothing by ~/*', async () => {
    const names = await http(`http://${gateway.address}:15000/clusters`);
    expect(names.text).not.toContain('outbound|');
  });
});

describe('S28 TLS of one egress listener', () => {
  it.each([['a.tls.test'], ['b.tls.test']])('goes to %s, which it asks for', async (servername) => {
    const reply = await http(`https://${client.address}:${ports.tls}/`, { tls: { ca: root, servername } });
    expect(reply).toMatchObject({ status: 200, text: servername });
  });

  it('goes nowhere with another name', async () => {
    const tls = { ca: root, servername: 'c.tls.test' };
    await expect(http(`https://${client.address}:${ports.tls}/`, { tls })).rejects.toThrow();
  });
});

describe('S27 a VirtualService binds only where the host rules of a Gateway permit', () => {
  beforeAll(async () => {
    await mesh.apply(
      [
        `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: default }
spec:
  selector: { istio: edge }
  servers:
    - port: { number: ${ports.edge}, name: http, protocol: HTTP }
      bind: ${gateway.address}
      hosts: [./own.test, other/theirs.test, '*/any.test', 'other/*.wild.test', short.test]
`,
        rule('own', 'default', 'own.test', 'edge'),
        rule('own-theirs', 'default', 'theirs.test', 'edge'),
        rule('theirs', 'other', 'theirs.test', 'default/edge'),
        rule('theirs-own', 'other', 'own.test', 'default/edge'),
        rule('any', 'third', 'any.test', 'default/edge'),
        rule('narrow', 'other', '*.b.wild.test', 'default/edge'),
        rule('secret', 'third', 'short.test', 'default/edge', "\n  exportTo: ['.']"),
        rule('elsewhere', 'default', 'elsewhere.test', 'edge'),
        rule('meshed', 'default', 'meshed.test', 'mesh'),
      ].join('---\n'),
    );
    await until('the gateway', 10_000, async () => (await ask('own.test')).status === 200);
  });

  const ask = (host: string): ReturnType<typeof http> =>
    http(`http://${gateway.address}:${ports.edge}/`, { headers: { host } });

  it.each([
    ['own.test', 'own'],
    ['own.test:8080', 'own'],
    ['theirs.test', 'theirs'],
    ['any.test', 'any'],
    ['a.b.wild.test', 'narrow'],
  ])('%s is answered by %s', async (host, name) => {
    expect(await ask(host)).toMatchObject({ status: 200, text: name });
  });

  it.each([['elsewhere.test'], ['meshed.test'], ['a.wild.test'], ['short.test'], [hostOf('one')]])(
    '%s is not served',
    async (host) => {
      expect((await ask(host)).status).toBe(404);
    },
  );
});
