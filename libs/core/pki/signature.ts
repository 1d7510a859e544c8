import { sign, type KeyObject } from 'node:crypto';
import { asn1 } from 'node-forge';
import { oid, sequence, type Der } from './der';

interface Algorithm {
  keyType: string;
  hash: string | null;
}

/** The signatures that are taken from others. */
const known: Record<string, Algorithm> = {
  '1.2.840.10045.4.3.2': { keyType: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { keyType: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { keyType: 'ec', hash: 'sha512' },
  '1.2.840.113549.1.1.11': { keyType: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { keyType: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { keyType: 'rsa', hash: 'sha512' },
  '1.3.101.112': { keyType: 'ed25519', hash: null },
};

/** The hash of a signature algorithm, if it fits the kind of key; undefined for what is not taken. */
export function signatureHash(dotted: string, key: KeyObject): { hash: string | null } | undefined {
  const algorithm = known[dotted];
  return algorithm !== undefined && algorithm.keyType === key.asymmetricKeyType ? { hash: algorithm.hash } : undefined;
}

/** How a private key of ours signs: the algorithm's identifier, and the signature. */
export function signer(key: KeyObject): { algorithm: Der; sign: (bytes: Buffer) => Buffer } {
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const wide = key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
      return {
        algorithm: sequence(oid(wide ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2')),
        sign: (bytes) => sign(wide ? 'sha384' : 'sha256', bytes, key),
      };
    }
    case 'rsa':
      return {
        algorithm: sequence(oid('1.2.840.113549.1.1.11'), asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, '')),
        sign: (bytes) => sign('sha256', bytes, key),
      };
    case 'ed25519':
      return { algorithm: sequence(oid('1.3.101.112')), sign: (bytes) => sign(null, bytes, key) };
    default:
      throw new Error(`keys of type ${String(key.asymmetricKeyType)} do not sign certificates here`);
  }
}
