import { parseCertificates, signedByOneOf } from '@keelson/core/pki';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSelfSigned } from './self-signed';

describe('S30 the self-signed root', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'root-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const options = (trustDomain = 'cluster.local'): { dir: string; trustDomain: string } => ({ dir, trustDomain });

  it('is made once, private, and found again', async () => {
    const first = openSelfSigned(options());
    expect(statSync(join(dir, 'root-key.pem')).mode & 0o777).toBe(0o600);
    const second = openSelfSigned(options());
    expect(second.rootPin).toBe(first.rootPin);
    expect(second.roots).toBe(first.roots);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = Date.now();
    const chain = await second.sign({
      publicKey,
      names: { uris: ['spiffe://cluster.local/ns/a/sa/b'] },
      validity: { notBefore: now, notAfter: now + 1000 },
      serial: Buffer.of(1, 2),
    });
    expect(chain[1]).toBe(first.roots);
    const [leaf] = parseCertificates(chain[0]!);
    expect(signedByOneOf(leaf!, parseCertificates(first.roots))).toBe(true);
    expect(leaf!.serialNumber).toBe('0102');
  });

  it('finishes a start that was cut short after the key', () => {
    const { rootPin } = openSelfSigned(options());
    rmSync(join(dir, 'root.pem'));
    expect(openSelfSigned(options()).rootPin).toBe(rootPin);
  });

  it.each<[string, () => void, string]>([
    [
      'a key that is gone',
      () => {
        rmSync(join(dir, 'root-key.pem'));
      },
      'a root without its key',
    ],
    [
      'a certificate that is none',
      () => {
        writeFileSync(join(dir, 'root.pem'), 'hello');
      },
      'cannot be used: there is no CERTIFICATE',
    ],
    [
      'a key that is none',
      () => {
        writeFileSync(join(dir, 'root-key.pem'), 'hello');
      },
      'is not a private key',
    ],
    [
      'a key of another root',
      () => {
        writeFileSync(
          join(dir, 'root-key.pem'),
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
        );
      },
      'the key does not belong',
    ],
  ])('refuses %s instead of making a new root', (_, spoil, message) => {
    openSelfSigned(options());
    const before = readFileSync(join(dir, 'root.pem'), 'utf8');
    spoil();
    const after = readFileSync(join(dir, 'root.pem'), 'utf8');
    expect(() => openSelfSigned(options())).toThrow(message);
    expect(readFileSync(join(dir, 'root.pem'), 'utf8')).toBe(after);
    expect(before).toContain('BEGIN CERTIFICATE');
  });

  it('refuses another trust domain and an end that has come', () => {
    openSelfSigned(options());
    expect(() => openSelfSigned(options('other.example'))).toThrow(
      'is the root of spiffe://cluster.local, but --trust-domain is other.example',
    );
    expect(() => openSelfSigned(options(), Date.now() + 3700 * 86_400_000)).toThrow('expired at');
  });
});
