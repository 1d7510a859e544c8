import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { makeCsr, parseCsr } from './csr';
import { pemOf } from './pem';
import { derOf, keys, refusal } from './testing/csr-samples';

// Made by openssl req -new -newkey ec:<(openssl ecparam -name prime256v1), with a subject and a SAN.
const byOpenssl = `-----BEGIN CERTIFICATE REQUEST-----
MIIBEjCBuAIBADAeMRAwDgYDVQQKDAdzb21lb25lMQowCAYDVQQDDAF4MFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEocpFkxBbKc/gMK+gc/NGfffAXJgGLb/BWBfB
9twdk1CS7iAGU1uSRHBgSRAjhH+fbL5bLT4JOTiBnry2Fx+tu6A4MDYGCSqGSIb3
DQEJDjEpMCcwJQYDVR0RBB4wHIYUc3BpZmZlOi8vYS9ucy9iL3NhL2OCBGV2aWww
CgYIKoZIzj0EAwIDSQAwRgIhAN5DlR6JrtN3/XdXz0xwPOAgUI6W51hZgiCN/L77
blR4AiEAj/CbdcHOwa381/+KBP9wRKIP94W9CtL5ghJ9oXs3qJw=
-----END CERTIFICATE REQUEST-----
`;

describe('S30 certificate requests', () => {
  it.each(Object.keys(keys))('takes a key of kind %s', (kind) => {
    const key = keys[kind]!;
    const parsed = parseCsr(makeCsr(key, { uris: ['spiffe://other/ns/a/sa/b'] }));
    expect(parsed.equals(createPublicKey(key))).toBe(true);
  });

  it('takes what openssl makes', () => {
    expect(parseCsr(byOpenssl).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it.each([
    ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
  ])('refuses a key of kind %s', (_, key) => {
    expect(refusal(makeCsr(key)).code).toBe('invalid-value');
  });

  it('refuses a request that somebody else signed', () => {
    const der = derOf(makeCsr(keys['P-256']!));
    const foreign = derOf(makeCsr(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
    // The same length everywhere lets one request carry the key of the other.
    const point = (bytes: Buffer): number => bytes.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04])) + 4;
    foreign.copy(der, point(der), point(foreign), point(foreign) + 64);
    expect(refusal(pemOf('CERTIFICATE REQUEST', der)).message).toContain('signature');
  });

  it('refuses what is too large, empty, or no request', () => {
    expect(refusal('x'.repeat(17_000)).code).toBe('too-large');
    expect(refusal('').code).toBe('malformed');
    expect(refusal('-----BEGIN CERTIFICATE REQUEST-----\nAAAA').code).toBe('malformed');
    expect(refusal(pemOf('CERTIFICATE REQUEST', Buffer.from([0x30, 0x00]))).code).toBe('malformed');
    expect(refusal(pemOf('CERTIFICATE', derOf(byOpenssl))).code).toBe('malformed');
    const deep = Buffer.concat([...Array.from({ length: 3000 }, () => Buffer.from([0x30, 0x80])), Buffer.alloc(100)]);
    expect(refusal(pemOf('CERTIFICATE REQUEST', deep)).code).toBe('malformed');
  });
});
