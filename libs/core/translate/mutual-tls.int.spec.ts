import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@keelson/api';
import { issuerOf, makeRoot, signLeaf } from '@keelson/core/pki';
import { goldenOf, type CaseInput } from './testdata/case';
import { call, freePort, RunningEnvoy, serve } from './testdata/running-envoy';
import { servingBootstrap } from './testdata/static-bootstrap';

const me = 'spiffe://cluster.local/ns/default/sa/me';
const names = ['strict', 'permissive', 'impostor', 'grpc', 'plain'] as const;
type Name = (typeof names)[number];

/** Both sides of mesh TLS in one Envoy, which calls itself with the certificate of `me`. */
describe('S30, S35: mutual TLS between translated listeners and clusters', () => {
  let envoy: RunningEnvoy;
  let server: Server;
  let http2: Http2Server;
  const outbound = {} as Record<Name, number>;
  const inbound = {} as Record<Name, number>;

  beforeAll(async () => {
    const app = await serve((request, response) => {
      response.end(JSON.stringify(request.headers));
    });
    server = app.server;
    http2 = createHttp2Server((request, response) => {
      response.end(`HTTP/${request.httpVersion} ${String(request.headers['x-forwarded-client-cert'])}`);
    });
    http2.listen(0, '127.0.0.1');
    await once(http2, 'listening');
    for (const name of names) {
      outbound[name] = await freePort();
      inbound[name] = await freePort();
    }
    const input = caseInput(outbound, inbound, app.port, (http2.address() as AddressInfo).port);
    envoy = await RunningEnvoy.start((admin) => servingBootstrap(goldenOf(input), admin, secrets()));
  });

  afterAll(async () => {
    await envoy.stop();
    server.close();
    http2.close();
  });

  it('STRICT takes a caller of the mesh, and tells the application who he is', async () => {
    const answer = await call(outbound.strict, '/');
    expect(answer.status).toBe(200);
    expect((JSON.parse(answer.body) as Record<string, string>)['x-forwarded-client-cert']).toContain(`URI=${me}`);
  });

  it('STRICT closes a plaintext connection', async () => {
    await expect(call(inbound.strict, '/')).rejects.toThrow(/ECONNRESET|socket hang up/);
  });

  it('PERMISSIVE takes both', async () => {
    const meshed = JSON.parse((await call(outbound.permissive, '/')).body) as Record<string, string>;
    expect(meshed['x-forwarded-client-cert']).toContain(`URI=${me}`);
    const plain = await call(inbound.permissive, '/');
    expect(plain.status).toBe(200);
    expect(plain.body).not.toContain('x-forwarded-client-cert');
  });

  it('an endpoint that takes no mutual TLS is called in plaintext', async () => {
    const answer = await call(outbound.plain, '/');
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('x-forwarded-client-cert');
  });

  it('refuses a server that is not one of the service’s accounts', async () => {
    expect((await call(outbound.impostor, '/')).status).toBe(503);
    const line = await envoy.line((text) =>
      text.includes(`"upstream_cluster":"outbound|${String(outbound.impostor)}|`),
    );
    expect(line).toContain('CERTIFICATE_VERIFY_FAILED');
  });

  it('S6: HTTP/2 goes through mesh TLS', async () => {
    const answer = await call(outbound.grpc, '/');
    expect(answer.body).toMatch(/^HTTP\/2\.0 .*URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/me$/);
  });

  it('S36: policies see the principal, not the address', async () => {
    expect((await call(outbound.strict, '/me')).status).toBe(200);
    expect((await call(outbound.strict, '/others')).status).toBe(403);
    expect((await call(outbound.strict, '/namespace')).status).toBe(200);
    expect((await call(inbound.permissive, '/namespace')).status).toBe(403);
  });
});

function caseInput(
  outbound: Record<Name, number>,
  inbound: Record<Name, number>,
  app: number,
  http2: number,
): CaseInput {
  const spec = (rules: JsonObject[]) => ({ action: 'ALLOW', rules });
  const rule = (source: JsonObject, path: string) => ({ from: [{ source }], to: [{ operation: { paths: [path] } }] });
  return {
    proxy: { interception: 'NONE' },
    meshConfig: { accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON' },
    services: names.map((name) => ({
      hostname: `${name}.default.svc.cluster.local`,
      ports: [{ number: outbound[name], name: 'main', protocol: name === 'grpc' ? 'GRPC' : 'HTTP', targetPort: 0 }],
      identities: [name === 'impostor' ? 'spiffe://cluster.local/ns/default/sa/other' : me],
      endpoints: [{ address: '127.0.0.1', ports: { main: inbound[name] }, mutualTls: name !== 'plain' }],
    })),
    objects: [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'Sidecar',
        metadata: { name: 'all' },
        spec: {
          egress: names.map((name) => ({
            bind: '127.0.0.1',
            port: { number: outbound[name], name: `http-${name}`, protocol: 'HTTP' },
            captureMode: 'NONE',
            hosts: [`./${name}`],
          })),
        },
      },
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'paths' },
        spec: spec([
          { to: [{ operation: { paths: ['/'] } }] },
          rule({ principals: ['cluster.local/ns/default/sa/me'] }, '/me'),
          rule({ principals: ['cluster.local/ns/default/sa/m', 'cluster.local/ns/other/*'] }, '/others'),
          rule({ namespaces: ['default'] }, '/namespace'),
        ]),
      },
    ],
    inbound: {
      ports: names.map((name) => ({
        port: inbound[name],
        bind: '127.0.0.1',
        endpoint: `127.0.0.1:${String(name === 'grpc' ? http2 : app)}`,
        protocol: name === 'grpc' ? ('GRPC' as const) : ('HTTP' as const),
        mtls:
          name === 'plain'
            ? ('DISABLE' as const)
            : name === 'permissive'
              ? ('PERMISSIVE' as const)
              : ('STRICT' as const),
      })),
    },
  };
}

/** What the agent of `me` would serve. */
function secrets(): JsonObject[] {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rootPem = makeRoot(root, { trustDomain: 'cluster.local', commonName: 'test', validity });
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const chain = signLeaf(issuerOf(rootPem, root), { publicKey: createPublicKey(key), names: { uris: [me] }, validity });
  const inlineString = (text: string) => ({ inlineString: text });
  return [
    {
      name: 'default',
      tlsCertificate: {
        certificateChain: inlineString(chain),
        privateKey: inlineString(key.export({ type: 'pkcs8', format: 'pem' }) as string),
      },
    },
    { name: 'ROOTCA', validationContext: { trustedCa: inlineString(rootPem) } },
  ];
}
