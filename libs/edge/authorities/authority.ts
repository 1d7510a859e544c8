import { type Names, type Validity } from '@keelson/core/pki';
import { type KeyObject } from 'node:crypto';

/** Who signs the mesh's certificates: the mesh itself, or a CA outside of it. */
export interface Authority {
  /** The roots that all of the mesh trusts, PEM. */
  readonly roots: string;
  /** SHA-256 of the root's SubjectPublicKeyInfo, hex: what join tokens are pinned to. */
  readonly rootPin: string;
  /** SHA-256 of the root's certificate, hex. */
  readonly rootFingerprint: string;
  /** When the signing certificate ends; nothing can outlive it. */
  readonly notAfter: number;
  /** Signs a certificate; returns the chain in PEM, the leaf first, the root last. */
  sign(request: { publicKey: KeyObject; names: Names; validity: Validity; serial: Buffer }): Promise<string[]>;
}

export interface AuthorityOptions {
  /** Where it may keep what it needs, private to Citadel. */
  dir: string;
  trustDomain: string;
}
