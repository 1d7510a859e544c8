import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issuerOf, makeRoot, signLeaf } from '@keelson/core/pki';
import { type FullMesh, hostOf, http, startMesh, stopMeshes, until, type Workload } from '../harness';

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };

/** Certificate and key for names, signed by a root of its own. */
function serverCertificate(...dns: string[]): { root: string; chain: string; key: string } {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const root = makeRoot(authority.privateKey, { trustDomain: 'example.test', commonName: 'test', validity });
  const chain = signLeaf(issuerOf(root, authority.privateKey), {
    publicKey: leaf.publicKey,
    names: { dns },
    validity,
  });
  return { root, chain, key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

describe('S26 ingress gateway over HTTP and HTTPS', () => {
  let mesh: FullMesh;
  let gateway: Workload;
  let root: string;
  const ports = { http: 0, https: 0, wildcard: 0 };

  beforeAll(async () => {
    mesh = await startMesh();
    const certificate = serverCertificate('shop.example.test');
    root = certificate.root;
    const folder = join(mesh.credentials, 'default', 'shop');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'tls.crt'), certificate.chain);
    writeFileSync(join(folder, 'tls.key'), certificate.key, { mode: 0o600 });
    ports.http = await mesh.freePort();
    ports.https = await mesh.freePort();
    ports.wildcard = await mesh.freePort();
    await mesh.workloads({ shop: {}, blog: {} });
    gateway = await mesh.gateway('edge');
    await mesh.apply(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: default }
spec:
  selector: { istio: edge }
  servers:
    - port: { number: ${ports.http}, name: http, protocol: HTTP }
      bind: 127.0.0.1
      hosts: [shop.example.test]
      tls: { httpsRedirect: true }
    - port: { number: ${ports.https}, name: https, protocol: HTTPS }
      bind: 127.0.0.1
      hosts: [shop.example.test]
      tls: { mode: SIMPLE, credentialName: shop }
    - port: { number: ${ports.wildcard}, name: http-wildcard, protocol: HTTP }
      bind: 127.0.0.1
      hosts: ['*.example.test']
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: default }
spec:
  hosts: [shop.example.test]
  gateways: [edge]
  http: [{ route: [{ destination: { host: ${hostOf('shop')} } }] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: blog, namespace: default }
spec:
  hosts: ['*.blog.example.test']
  gateways: [edge]
  http: [{ match: [{ uri: { prefix: /posts } }], route: [{ destination: { host: ${hostOf('blog')} } }] }]
`);
    await until('the gateway listens', 10_000, async () => (await https('/')).status === 200);
  });
  afterAll(stopMeshes);

  const https = (path: string): ReturnType<typeof http> =>
    http(`https://127.0.0.1:${ports.https}${path}`, {
      headers: { host: 'shop.example.test' },
      tls: { ca: root, servername: 'shop.example.test' },
    });
  const plain = (port: number, host: string, path = '/'): ReturnType<typeof http> =>
    http(`http://127.0.0.1:${port}${path}`, { headers: { host } });

  it('redirects HTTP to HTTPS with 301', async () => {
    const { status, headers } = await plain(ports.http, 'shop.example.test', '/cart?x=1');
    expect(status).toBe(301);
    expect(headers.location).toMatch(/^https:\/\/shop\.example\.test(:\d+)?\/cart\?x=1$/);
  });

  it('ends TLS with the certificate that was named, and calls on by mutual TLS', async () => {
    const { status, text } = await https('/cart');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ workload: 'shop', path: '/cart' });
    expect(await gateway.admin.stat('^cluster\\.outbound.*shop.*\\.ssl\\.handshake$')).toBeGreaterThan(0);
  });

  it('takes the hosts that a wildcard covers and a VirtualService routes, and no others', async () => {
    const post = await plain(ports.wildcard, 'my.blog.example.test', '/posts/1');
    expect(post.status).toBe(200);
    expect(JSON.parse(post.text)).toMatchObject({ workload: 'blog' });
    expect(await plain(ports.wildcard, 'my.blog.example.test', '/drafts')).toMatchObject({ status: 404 });
    expect(await plain(ports.wildcard, 'elsewhere.test', '/posts')).toMatchObject({ status: 404 });
    expect(await plain(ports.http, 'other.example.test')).toMatchObject({ status: 404 });
  });

  it('serves a renewed certificate', async () => {
    const renewed = serverCertificate('shop.example.test');
    const folder = join(mesh.credentials, 'default', 'shop');
    writeFileSync(join(folder, 'tls.key'), renewed.key, { mode: 0o600 });
    writeFileSync(join(folder, 'tls.crt'), renewed.chain);
    root = renewed.root;
    await until('the new certificate', 15_000, async () => (await https('/')).status === 200);
    expect(new X509Certificate(renewed.chain).subjectAltName).toContain('shop.example.test');
  });
});
