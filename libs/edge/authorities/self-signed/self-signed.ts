import { issuerOf, makeRoot, parseCertificates, signLeaf, spkiHash, validityOf, type Issuer } from '@keelson/core/pki';
import { FatalError, writePrivateFile } from '@keelson/edge/service';
import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, type AuthorityOptions } from '../authority';

const lifetimeMs = 3650 * 86_400_000;

/** Opens the mesh's own root, kept as `root.pem` and `root-key.pem`; makes one where there is none. */
export function openSelfSigned({ dir, trustDomain }: AuthorityOptions, now = Date.now()): Authority {
  const certificateFile = join(dir, 'root.pem');
  const keyFile = join(dir, 'root-key.pem');
  if (existsSync(certificateFile) && !existsSync(keyFile))
    throw new FatalError(`${certificateFile} is there but ${keyFile} is not: a root without its key cannot sign`);
  // The key is written first, so a key that stands alone is from a start that was cut short: the root is made with it.
  const key = existsSync(keyFile) ? readKey(keyFile) : makeKey(keyFile);
  if (!existsSync(certificateFile)) {
    const commonName = `Keelson root ${randomBytes(4).toString('hex')}`;
    writePrivateFile(
      certificateFile,
      makeRoot(key, { trustDomain, commonName, validity: { notBefore: now - 60_000, notAfter: now + lifetimeMs } }),
    );
  }
  const pem = readFileSync(certificateFile, 'utf8');
  return authorityOf(pem, readIssuer(pem, key, certificateFile), { trustDomain, now, certificateFile });
}

function authorityOf(
  pem: string,
  issuer: Issuer,
  place: { trustDomain: string; now: number; certificateFile: string },
): Authority {
  const { certificate } = issuer;
  const { notAfter } = validityOf(certificate);
  if (certificate.subjectAltName !== `URI:spiffe://${place.trustDomain}`)
    throw new FatalError(
      `${place.certificateFile} is the root of ${certificate.subjectAltName?.replace('URI:', '') ?? 'no trust domain'}, but --trust-domain is ${place.trustDomain}`,
    );
  if (place.now >= notAfter)
    throw new FatalError(`${place.certificateFile} expired at ${new Date(notAfter).toISOString()}`);
  return {
    roots: pem,
    rootPin: spkiHash(certificate.publicKey),
    rootFingerprint: certificate.fingerprint256.replace(/:/g, '').toLowerCase(),
    notAfter,
    sign: (request) => Promise.resolve([signLeaf(issuer, request), pem]),
  };
}

function makeKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return privateKey;
}

function readKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    throw new FatalError(`${file} is not a private key`);
  }
}

function readIssuer(pem: string, key: KeyObject, file: string): Issuer {
  try {
    if (parseCertificates(pem).length !== 1) throw new Error('it holds more than one certificate');
    return issuerOf(pem, key);
  } catch (error) {
    throw new FatalError(`${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
