import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { figure, type FullMesh, hostOf, http, startMesh, stopMeshes, until, type Workload } from '../harness';

const reviews = hostOf('reviews');

let mesh: FullMesh;
let client: Workload;
let stranger: Workload;
let server: Workload;

beforeAll(async () => {
  mesh = await startMesh();
  ({
    client,
    stranger,
    reviews: server,
  } = await mesh.workloads({
    client: { calls: ['reviews'] },
    stranger: { calls: ['reviews'] },
    reviews: {},
  }));
});
afterAll(stopMeshes);

/** How the proxy of the server meets a caller that is not in the mesh. */
function plaintextCall(): Promise<string> {
  return http(`http://${server.inbound.host}:${server.inbound.port}/`).then(
    ({ status }) => `HTTP ${status}`,
    () => 'refused',
  );
}

const allowClient = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: only-client, namespace: default }
spec:
  selector: { matchLabels: { app: reviews } }
  action: ALLOW
  rules:
    - from: [{ source: { principals: [cluster.local/ns/default/sa/client] } }]
      to: [{ operation: { methods: [GET] } }]
`;

describe('S30 identity and service-to-service authentication', () => {
  it('gives each workload its SPIFFE id and encrypts what they say', async () => {
    expect(await client.who('reviews', '/hello')).toBe('reviews');
    const [seen] = server.app.requests.filter(({ path }) => path === '/hello');
    expect(String(seen?.headers['x-forwarded-client-cert'])).toContain(
      'URI=spiffe://cluster.local/ns/default/sa/client',
    );
    expect(await server.admin.stat('^listener\\..*\\.ssl\\.handshake$')).toBeGreaterThan(0);
    expect((await server.admin.certificates()).flatMap(({ uris }) => uris)).toContain(
      'spiffe://cluster.local/ns/default/sa/reviews',
    );
  });

  it('refuses plaintext', async () => {
    expect(await plaintextCall()).toBe('refused');
  });

  it('refuses TLS without a certificate of the mesh', async () => {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connectTls({
        host: server.inbound.host,
        port: server.inbound.port,
        ca: mesh.rootCertificate,
        ALPNProtocols: ['istio'],
        checkServerIdentity: () => undefined,
      });
      // With TLS 1.3 the refusal comes after the client's side of the handshake is done.
      socket.on('data', () => {
        resolve('answered');
      });
      socket.on('error', () => {
        resolve('refused');
      });
      socket.on('close', () => {
        resolve('refused');
      });
      socket.write('GET / HTTP/1.1\r\nhost: reviews\r\n\r\n');
    });
    expect(outcome).toBe('refused');
  });

  it('refuses a server that is not who it should be', async () => {
    const entry = (names: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${server.inbound.port}, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: reviews } }${names}
`;
    await mesh.apply(entry('\n  subjectAltNames: [spiffe://cluster.local/ns/default/sa/somebody-else]'));
    expect(await client.call('reviews')).toMatchObject({ status: 503 });
    await mesh.apply(entry(''));
    await until('the right server accepted', 5000, async () => (await client.call('reviews')).status === 200);
  });

  it('lets in by principal, keeps everybody else out, and the log says by which policy', async () => {
    await mesh.apply(allowClient);
    await until('the policy in force', 5000, async () => (await stranger.call('reviews')).status === 403);
    expect(await client.call('reviews')).toMatchObject({ status: 200 });
    expect(await client.call('reviews', '/', { method: 'POST' })).toMatchObject({ status: 403 });
    await mesh.apply(
      allowClient.replace('only-client', 'deny-stranger').replace('ALLOW', 'DENY').replace('sa/client', 'sa/stranger'),
    );
    // M2: the policy that denied stands in the line. A connection from before the change ends under the old policies.
    await until('the denial by name', 15_000, async () => {
      expect(await stranger.call('reviews', '/denied')).toMatchObject({ status: 403 });
      return server.accessLogLines().some(({ path, response_code_details: details }) => {
        return path === '/denied' && String(details).includes('deny-stranger');
      });
    });
  });
});

describe('S36 policy by identity, not by address', () => {
  it('holds for the same account on another address, and not for another account', async () => {
    const moved = await mesh.workload('moved', { serviceAccount: 'client', calls: ['reviews'] });
    const other = await mesh.workload('other', { serviceAccount: 'other', calls: ['reviews'] });
    expect(moved.address).not.toBe(client.address);
    expect(await moved.call('reviews')).toMatchObject({ status: 200 });
    expect(await other.call('reviews')).toMatchObject({ status: 403 });
  });
});

describe('S35 upgrade of unencrypted traffic', () => {
  const mode = (name: string): string => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: reviews, namespace: default }
spec:
  selector: { matchLabels: { app: reviews } }
  mtls: { mode: ${name} }
`;

  it('goes from PERMISSIVE to STRICT under load without an error for callers in the mesh', async () => {
    await mesh.delete(allowClient);
    await mesh.delete(allowClient.replace('only-client', 'deny-stranger').replace('ALLOW', 'DENY'));
    await mesh.apply(mode('PERMISSIVE'));
    await until('plaintext taken', 5000, async () => (await plaintextCall()) === 'HTTP 200');
    const load = client.load('reviews', '/', { rate: 200 });
    expect(await client.call('reviews')).toMatchObject({ status: 200 });
    for (const name of ['STRICT', 'PERMISSIVE', 'STRICT']) {
      await mesh.apply(mode(name));
      const wanted = name === 'STRICT' ? 'refused' : 'HTTP 200';
      await until(`${name} in force`, 5000, async () => (await plaintextCall()) === wanted);
      await pause(500);
    }
    const report = await load.stop();
    figure('S35 calls while the mode changed', report.sent);
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [] });
    expect(report.sent).toBeGreaterThan(100);
  });
});
