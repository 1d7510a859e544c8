import { formatSpiffeId, grantedValidity, namesOf, randomSerial, spkiHash, type SpiffeId } from '@keelson/core/pki';
import { type Authority } from '@keelson/edge/authorities';
import { type KeyObject } from 'node:crypto';
import { type Ledger } from './ledger';

/** A certificate to be: whose, for which key, how long, at whose request. */
export interface CertificateWish {
  identity: SpiffeId;
  publicKey: KeyObject;
  serverNames: readonly string[];
  /** 0 for the default. */
  ttlMs: number;
  caller: string;
  event: 'issued' | 'renewed';
}

/** Signs what was decided elsewhere, and sees that every certificate is in the ledger. */
export class Issuer {
  constructor(
    readonly authority: Authority,
    readonly ledger: Ledger,
    readonly rules: { defaultMs: number; maxMs: number },
    readonly clock: () => number = Date.now,
  ) {}

  /** The chain in PEM, the leaf first, the root last. */
  async issue(wish: CertificateWish): Promise<string[]> {
    const { authority } = this;
    const identity = formatSpiffeId(wish.identity);
    const validity = grantedValidity(this.clock(), wish.ttlMs, { ...this.rules, issuerNotAfter: authority.notAfter });
    const serial = randomSerial();
    const names = { uris: [identity], ...namesOf(wish.serverNames) };
    const chain = await authority.sign({ publicKey: wish.publicKey, names, validity, serial });
    await this.ledger.record({
      event: wish.event,
      identity,
      serial: serial.toString('hex'),
      notBefore: new Date(validity.notBefore).toISOString(),
      notAfter: new Date(validity.notAfter).toISOString(),
      spki: spkiHash(wish.publicKey),
      caller: wish.caller,
    });
    return chain;
  }
}
