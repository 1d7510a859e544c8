import { issuerOf, makeRoot, signLeaf, spkiHash, type Issuer } from '@keelson/core/pki';
import { generateKeyPairSync } from 'node:crypto';
import { type TlsMaterial } from '../tls-identity';

/** A certificate authority for tests that need certificates but no Citadel. */
export class TrialAuthority {
  readonly rootPem: string;
  readonly issuer: Issuer;

  constructor(trustDomain = 'cluster.local') {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
    this.rootPem = makeRoot(privateKey, { trustDomain, commonName: 'trial', validity });
    this.issuer = issuerOf(this.rootPem, privateKey);
  }

  get pin(): string {
    return spkiHash(this.issuer.certificate.publicKey);
  }

  /** A key and certificate for `spiffe://cluster.local/ns/<namespace>/sa/<account>` that serves on loopback. */
  material(identity: string, lifetimeMs = 3_000_000): TlsMaterial {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [namespace, account] = identity.split('/');
    const leaf = signLeaf(this.issuer, {
      publicKey,
      names: {
        uris: [`spiffe://cluster.local/ns/${namespace ?? ''}/sa/${account ?? ''}`],
        dns: ['localhost'],
        ips: ['127.0.0.1'],
      },
      validity: { notBefore: Date.now() - 10_000, notAfter: Date.now() + lifetimeMs },
    });
    return {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      chain: leaf,
      roots: this.rootPem,
    };
  }
}
