import { createHash, createPublicKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { asn1 } from 'node-forge';
import {
  bitString,
  boolean,
  contentOf,
  derBytes,
  embedded,
  integer,
  octetString,
  oid,
  parseDer,
  partsOf,
  sequence,
  set,
  tagged,
  time,
  utf8,
  type Der,
} from './der';
import { pemOf } from './pem';
import { spkiOf } from './public-key';
import { signer } from './signature';
import { subjectAltName, type Names } from './subject-alt-name';

/** The time that a certificate is good for, in ms. */
export interface Validity {
  notBefore: number;
  notAfter: number;
}

/** Who signs: a CA's certificate and its key, read once. */
export interface Issuer {
  certificate: X509Certificate;
  key: KeyObject;
  subject: Buffer;
  keyId: Buffer;
}

const oids = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

/** A random serial number: 16 bytes, positive. */
export function randomSerial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** Reads an issuer; refuses a certificate that is no CA's or a key that does not belong to it. */
export function issuerOf(certificatePem: string, key: KeyObject): Issuer {
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.ca) throw new Error('the certificate is not that of a certificate authority');
  if (!certificate.checkPrivateKey(key)) throw new Error('the key does not belong to the certificate');
  return { certificate, key, subject: subjectOf(certificate), keyId: keyIdOf(certificate.publicKey) };
}

/** Signs a certificate for a key: no subject, the names in a critical extension, for servers and clients. */
export function signLeaf(
  issuer: Issuer,
  leaf: { publicKey: KeyObject; names: Names; validity: Validity; serial?: Buffer },
): string {
  const san = subjectAltName(leaf.names);
  if (san === undefined) throw new Error('a certificate needs a name');
  return build({
    serial: leaf.serial ?? randomSerial(),
    issuer: embedded(issuer.subject),
    subject: sequence(),
    validity: leaf.validity,
    publicKey: leaf.publicKey,
    signingKey: issuer.key,
    extensions: [
      extension(oids.basicConstraints, true, sequence()),
      // digitalSignature and keyEncipherment
      extension(oids.keyUsage, true, bitString(Buffer.of(0xa0), 5)),
      extension(oids.extKeyUsage, false, sequence(oid(oids.serverAuth), oid(oids.clientAuth))),
      extension(oids.authorityKeyId, false, sequence(tagged(0, issuer.keyId))),
      // Without a subject the names are all that the certificate says, so nobody may skip them (RFC 5280, 4.2.1.6).
      extension(oids.subjectAltName, true, san),
    ],
  });
}

/** Makes a root that signs itself and bears its trust domain as organization. */
export function makeRoot(
  key: KeyObject,
  root: { trustDomain: string; commonName: string; validity: Validity; serial?: Buffer },
): string {
  const publicKey = createPublicKey(key);
  const name = sequence(attribute(oids.organization, root.trustDomain), attribute(oids.commonName, root.commonName));
  const san = subjectAltName({ uris: [`spiffe://${root.trustDomain}`] });
  return build({
    serial: root.serial ?? randomSerial(),
    issuer: name,
    subject: name,
    validity: root.validity,
    publicKey,
    signingKey: key,
    extensions: [
      extension(oids.basicConstraints, true, sequence(boolean(true))),
      // keyCertSign and cRLSign
      extension(oids.keyUsage, true, bitString(Buffer.of(0x06), 1)),
      extension(oids.subjectKeyId, false, octetString(keyIdOf(publicKey))),
      ...(san === undefined ? [] : [extension(oids.subjectAltName, false, san)]),
    ],
  });
}

interface Parts {
  serial: Buffer;
  issuer: Der;
  subject: Der;
  validity: Validity;
  publicKey: KeyObject;
  signingKey: KeyObject;
  extensions: Der[];
}

function build(parts: Parts): string {
  const { algorithm, sign } = signer(parts.signingKey);
  const body = sequence(
    tagged(0, [integer(Buffer.of(2))]),
    integer(parts.serial),
    algorithm,
    parts.issuer,
    sequence(time(parts.validity.notBefore), time(parts.validity.notAfter)),
    parts.subject,
    embedded(spkiOf(parts.publicKey)),
    tagged(3, [sequence(...parts.extensions)]),
  );
  return pemOf('CERTIFICATE', derBytes(sequence(body, algorithm, bitString(sign(derBytes(body))))));
}

function extension(id: string, critical: boolean, value: Der): Der {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(derBytes(value)));
}

function attribute(id: string, value: string): Der {
  return set(sequence(oid(id), utf8(value)));
}

function keyIdOf(key: KeyObject): Buffer {
  const [, bits] = partsOf(parseDer(spkiOf(key))) ?? [];
  const content = contentOf(bits, asn1.Type.BITSTRING) ?? Buffer.alloc(0);
  return createHash('sha1').update(content.subarray(1)).digest();
}

function subjectOf(certificate: X509Certificate): Buffer {
  const [body] = partsOf(parseDer(certificate.raw)) ?? [];
  const fields = partsOf(body) ?? [];
  // The version comes first, tagged, in every certificate with extensions.
  const subject = fields[fields[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC ? 5 : 4];
  if (subject === undefined) throw new Error('the certificate has no subject');
  return derBytes(subject);
}
