import { problemError, ProblemError } from '@keelson/core/problems';
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { asn1 } from 'node-forge';
import {
  bitString,
  contentOf,
  derBytes,
  embedded,
  integer,
  octetString,
  oid,
  oidOf,
  parseDer,
  partsOf,
  sequence,
  set,
  tagged,
} from './der';
import { derOfPem, pemOf } from './pem';
import { acceptablePublicKey, spkiOf } from './public-key';
import { signatureHash, signer } from './signature';
import { subjectAltName, type Names } from './subject-alt-name';

const maxChars = 16 * 1024;

/**
 * Reads a certificate request and proves that its sender holds the key. Only the key is returned: the names that a
 * request asks for are never looked at.
 */
export function parseCsr(pem: string): KeyObject {
  const blocks = derOfPem(pem, ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'], { chars: maxChars, blocks: 1 });
  const [der] = blocks;
  if (der === undefined) throw problemError('malformed', 'there is no CERTIFICATE REQUEST in the PEM text');
  try {
    return keyOf(der);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw malformed();
  }
}

function keyOf(der: Buffer): KeyObject {
  const [info, algorithm, signatureBits, ...more] = partsOf(parseDer(der)) ?? [];
  const [version, subject, spki] = partsOf(info) ?? [];
  const signature = contentOf(signatureBits, asn1.Type.BITSTRING);
  const hashOid = oidOf(partsOf(algorithm)?.[0]);
  if (info === undefined || spki === undefined || subject === undefined || more.length > 0) throw malformed();
  if (
    signature?.[0] !== 0 ||
    hashOid === undefined ||
    contentOf(version, asn1.Type.INTEGER)?.equals(Buffer.of(0)) !== true
  )
    throw malformed();
  const key = acceptablePublicKey(derBytes(spki));
  const algorithmOfKey = signatureHash(hashOid, key);
  if (algorithmOfKey === undefined)
    throw problemError('invalid-value', `signature algorithm ${hashOid} is not accepted for this key`);
  // Encoded anew: what was not canonical DER fails here, so key and signature cannot mean different bytes.
  if (!verify(algorithmOfKey.hash, derBytes(info), key, signature.subarray(1)))
    throw problemError('invalid-value', 'the signature of the request does not fit its key');
  return key;
}

function malformed(): ProblemError {
  return problemError('malformed', 'this is not a PKCS #10 certificate request');
}

/** Makes a request for a key of ours. Names in it are a wish that nobody has to grant. */
export function makeCsr(privateKey: KeyObject, names: Names = {}): string {
  const { algorithm, sign } = signer(privateKey);
  const san = subjectAltName(names);
  const extensions =
    san === undefined
      ? []
      : [sequence(oid('1.2.840.113549.1.9.14'), set(sequence(sequence(oid('2.5.29.17'), octetString(derBytes(san))))))];
  const info = sequence(
    integer(Buffer.of(0)),
    sequence(),
    embedded(spkiOf(createPublicKey(privateKey))),
    tagged(0, extensions),
  );
  const signed = sequence(info, algorithm, bitString(sign(derBytes(info))));
  return pemOf('CERTIFICATE REQUEST', derBytes(signed));
}
