import { parseCertificates, renewalTime, validityOf, type SpiffeId } from '@keelson/core/pki';
import { SettableIdentity, type Logger, type TlsMaterial } from '@keelson/edge/service';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { type Issuer } from './issuer';

/** Makes a key and a certificate for it; the root stands in the chain, so that a pinned client can see it. */
export async function issueMaterial(
  issuer: Issuer,
  wish: { identity: SpiffeId; serverNames: readonly string[]; ttlMs: number },
): Promise<TlsMaterial> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const chain = await issuer.issue({ ...wish, publicKey, caller: 'citadel', event: 'issued' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain: chain.join(''),
    roots: issuer.authority.roots,
  };
}

/** When material is due to be made anew. */
export function dueTime({ chain }: TlsMaterial, jitter = Math.random()): number {
  const [leaf] = parseCertificates(chain);
  return leaf === undefined ? 0 : renewalTime(validityOf(leaf), jitter);
}

/** Citadel's own identity, which nobody else can give it. */
export class IssuedIdentity extends SettableIdentity {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly issuer: Issuer,
    readonly wish: { identity: SpiffeId; serverNames: readonly string[]; ttlMs: number },
    readonly log: Logger,
  ) {
    super();
  }

  /** Makes the first certificate, and then each next one in time. */
  async start(): Promise<void> {
    const material = await issueMaterial(this.issuer, this.wish);
    this.set(material);
    this.#next(dueTime(material) - Date.now());
  }

  override stop(): void {
    clearTimeout(this.#timer);
    super.stop();
  }

  #next(delayMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.start().catch((error: unknown) => {
          this.log.error({ err: error }, "Citadel's own certificate could not be renewed");
          this.#next(1_000);
        });
      },
      // A lifetime of weeks is longer than a timer can be.
      Math.max(0, Math.min(delayMs, 86_400_000)),
    );
  }
}
