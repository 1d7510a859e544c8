import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { issuerOf, makeRoot, signLeaf } from '@keelson/core/pki';
import { writePrivateFile } from '@keelson/edge/service';

const day = 24 * 3600 * 1000;
const validDays = 365;
const renewBeforeDays = 30;

/** Makes the certificate of `https://localhost` in `folder` unless it is good for a while; answers its root's file. */
export function ensureGatewayCredential(folder: string): string {
  const chainFile = join(folder, 'tls.crt');
  const rootFile = join(folder, 'root.crt');
  if (isGood(chainFile) && existsSync(join(folder, 'tls.key')) && existsSync(rootFile)) return rootFile;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const now = Date.now();
  const validity = { notBefore: now - 60_000, notAfter: now + validDays * day };
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rootPem = makeRoot(root.privateKey, { trustDomain: 'localhost', commonName: 'Keelson sample', validity });
  const leafPem = signLeaf(issuerOf(rootPem, root.privateKey), {
    publicKey: leaf.publicKey,
    names: { dns: ['localhost'], ips: ['127.0.0.1'] },
    validity,
  });
  writePrivateFile(rootFile, rootPem);
  writePrivateFile(join(folder, 'tls.key'), leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writePrivateFile(chainFile, leafPem);
  return rootFile;
}

function isGood(file: string): boolean {
  try {
    return Date.parse(new X509Certificate(readFileSync(file)).validTo) > Date.now() + renewBeforeDays * day;
  } catch {
    return false;
  }
}
