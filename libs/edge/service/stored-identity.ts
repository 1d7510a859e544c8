import { parseCertificates, signedByOneOf, validityOf } from '@keelson/core/pki';
import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { subjectAltNames } from './peer';
import { makePrivateDir, writePrivateFile } from './private-file';
import { type TlsMaterial } from './tls-identity';

/** Keeps an identity on disk, so that a restart needs neither Citadel nor a use of the token. */
export class StoredIdentity {
  constructor(readonly dir: string) {
    makePrivateDir(dir);
  }

  /** What is kept, if it is whole: the key fits the certificate, which is good now, was signed by the root and bears the names. */
  load(now: number, names: readonly string[]): TlsMaterial | undefined {
    let text: string;
    try {
      text = readFileSync(join(this.dir, 'identity.json'), 'utf8');
    } catch {
      return undefined;
    }
    try {
      const { format, key, chain, roots } = JSON.parse(text) as TlsMaterial & { format: unknown };
      const material = { key, chain, roots };
      return format === 1 && isUsableMaterial(material, now, names) ? material : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * The key that join tokens are used with, the same for good: a token serves it again without another use. So neither a
   * crash before the answer was kept nor a Citadel that was away for a certificate's whole life locks a workload out.
   */
  joinKey(): KeyObject {
    const file = join(this.dir, 'join-key.pem');
    try {
      return createPrivateKey(readFileSync(file));
    } catch {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      return privateKey;
    }
  }

  /** Keeps an identity: whole in one file, which is what is read again, and as PEM files for other programs. */
  save({ key, chain, roots }: TlsMaterial): void {
    writePrivateFile(join(this.dir, 'identity.json'), JSON.stringify({ format: 1, key, chain, roots }));
    writePrivateFile(join(this.dir, 'root-cert.pem'), roots);
    writePrivateFile(join(this.dir, 'key.pem'), key);
    writePrivateFile(join(this.dir, 'cert-chain.pem'), chain);
  }
}

/** Whether a key and its certificate can be used now, under the roots that came with them, and bear these names. */
export function isUsableMaterial(material: TlsMaterial, now: number, names: readonly string[] = []): boolean {
  try {
    return fits(material, now, names);
  } catch {
    return false;
  }
}

function fits({ key, chain, roots }: TlsMaterial, now: number, names: readonly string[]): boolean {
  const certificates = parseCertificates(chain);
  const anchors = parseCertificates(roots);
  const [leaf] = certificates;
  const last = certificates.at(-1);
  if (leaf === undefined || last === undefined) return false;
  const { notBefore, notAfter } = validityOf(leaf);
  const has = new Set(subjectAltNames(leaf.subjectAltName ?? '').map(([, value]) => value));
  return (
    now >= notBefore &&
    now < notAfter &&
    leaf.checkPrivateKey(createPrivateKey(key)) &&
    signedByOneOf(last, anchors) &&
    names.every((name) => (isIP(name) === 0 ? has.has(name) : leaf.checkIP(name) !== undefined))
  );
}

/** The SPIFFE id that a certificate of ours bears. */
export function spiffeIdOf({ chain }: Pick<TlsMaterial, 'chain'>): string {
  const leaf = new X509Certificate(chain);
  const uri = subjectAltNames(leaf.subjectAltName ?? '').find(([type]) => type === 'URI');
  if (uri === undefined) throw new Error('the certificate bears no SPIFFE id');
  return uri[1];
}
