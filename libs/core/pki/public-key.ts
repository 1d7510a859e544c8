import { problemError } from '@keelson/core/problems';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** Reads a public key from DER and refuses kinds and sizes that certificates are not given for. */
export function acceptablePublicKey(spki: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw problemError('malformed', 'the public key cannot be read');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return key;
  if (type === 'ec' && (details?.namedCurve === 'prime256v1' || details?.namedCurve === 'secp384r1')) return key;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    const exponent = details?.publicExponent ?? 0n;
    if (bits >= 2048 && bits <= 8192 && exponent >= 3n && exponent % 2n === 1n) return key;
    throw problemError(
      'invalid-value',
      `an RSA key has 2048 to 8192 bits and an odd exponent, this one has ${bits} bits`,
    );
  }
  throw problemError('invalid-value', 'the public key is none of P-256, P-384, RSA and Ed25519');
}

/** SubjectPublicKeyInfo in DER, as OpenSSL writes it whatever came in. */
export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** SHA-256 of a key's SubjectPublicKeyInfo in hex: what pins and ledger entries name a key by. */
export function spkiHash(key: KeyObject): string {
  return createHash('sha256').update(spkiOf(key)).digest('hex');
}
