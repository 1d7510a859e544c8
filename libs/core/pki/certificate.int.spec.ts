import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { parseCertificates, signedByOneOf, validityOf } from './bundle';
import { issuerOf, makeRoot, signLeaf } from './certificate';
import { makeCsr, parseCsr } from './csr';

const now = Math.floor(Date.now() / 1000) * 1000;
const day = 86_400_000;
const rootKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rootPem = makeRoot(rootKey, {
  trustDomain: 'cluster.local',
  commonName: 'root',
  validity: { notBefore: now - 1000, notAfter: now + 3650 * day },
});
const issuer = issuerOf(rootPem, rootKey);
const uri = 'spiffe://cluster.local/ns/istio-system/sa/pilot';

function leafFor(kind: 'ec' | 'rsa' | 'ed25519'): { pem: string; key: string } {
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  const publicKey = parseCsr(makeCsr(pair.privateKey));
  const pem = signLeaf(issuer, {
    publicKey,
    names: { uris: [uri], dns: ['localhost', 'pilot.istio-system.svc'], ips: ['127.0.0.1', '::1'] },
    validity: { notBefore: now - 10_000, notAfter: now + day },
  });
  return { pem, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

describe('S30 certificates as others see them', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'pki-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it.each(['ec', 'rsa', 'ed25519'] as const)('openssl verifies a leaf with a key of kind %s', (kind) => {
    const leaf = leafFor(kind);
    writeFileSync(join(dir, 'root.pem'), rootPem);
    writeFileSync(join(dir, 'leaf.pem'), leaf.pem);
    for (const purpose of ['sslserver', 'sslclient'])
      execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', 'root.pem', 'leaf.pem'], {
        cwd: dir,
      });
    const text = execFileSync(
      'openssl',
      ['x509', '-in', 'leaf.pem', '-noout', '-subject', '-ext', 'subjectAltName,basicConstraints,keyUsage'],
      { cwd: dir },
    ).toString();
    expect(text).toMatch(/subject=\s*\n/);
    expect(text).toMatch(
      /Subject Alternative Name: critical\s+URI:spiffe:\/\/cluster.local\/ns\/istio-system\/sa\/pilot, DNS:localhost, DNS:pilot.istio-system.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1/,
    );
    expect(text).toContain('CA:FALSE');
    expect(() =>
      execFileSync('openssl', ['verify', '-CAfile', 'leaf.pem', 'leaf.pem'], { cwd: dir, stdio: 'pipe' }),
    ).toThrow();
  });

  it('node accepts both sides of a TLS connection, by name and by address', async () => {
    const server = leafFor('ec');
    const client = leafFor('ec');
    const listener = createServer({
      key: server.key,
      cert: server.pem,
      ca: rootPem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, key: client.key, cert: client.pem, ca: rootPem });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    expect(socket.authorized).toBe(true);
    expect((await accepted).getPeerCertificate().subjectaltname).toContain(`URI:${uri}`);
    socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });

  it('tells validity and issuer', () => {
    const [leaf] = parseCertificates(`text before\n${leafFor('ec').pem}`);
    expect(validityOf(leaf!)).toEqual({ notBefore: now - 10_000, notAfter: now + day });
    expect(signedByOneOf(leaf!, parseCertificates(rootPem))).toBe(true);
    const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const other = makeRoot(otherKey, {
      trustDomain: 'cluster.local',
      commonName: 'root',
      validity: { notBefore: now, notAfter: now + day },
    });
    expect(signedByOneOf(leaf!, parseCertificates(other))).toBe(false);
    expect(() => issuerOf(rootPem, otherKey)).toThrow('does not belong');
    expect(() => issuerOf(leafFor('ec').pem, createPrivateKey(leafFor('ec').key))).toThrow(
      'not that of a certificate authority',
    );
  });

  it('writes years past 2049 so that they are read back', () => {
    const late = Date.UTC(2060, 1, 3);
    const pem = makeRoot(rootKey, {
      trustDomain: 'td',
      commonName: 'root',
      validity: { notBefore: now, notAfter: late },
    });
    expect(validityOf(new X509Certificate(pem)).notAfter).toBe(late);
  });

  it.each([
    { dns: ['bad name'] },
    { dns: [''] },
    { ips: ['1.2.3'] },
    { ips: ['1.2.3.256'] },
    { ips: ['::1::'] },
    { ips: ['12345::'] },
    { uris: ['spiffe://a b'] },
    { uris: [''] },
  ])('refuses the names %j', (names) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => signLeaf(issuer, { publicKey, names, validity: { notBefore: now, notAfter: now + day } })).toThrow(
      /is not|cannot stand/,
    );
  });
});
