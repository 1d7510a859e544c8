import { Secret } from '@keelson/api/envoy/extensions/transport_sockets/tls/v3/secret';
import { createHash } from 'node:crypto';

/** What a secret is made of: a key with its certificate chain, or roots to trust. All PEM. */
export type SecretMaterial = { chain: string; key: string } | { roots: string };

/** A secret as it goes over the wire. */
export interface SecretResource {
  readonly name: string;
  readonly version: string;
  /** The encoded envoy.extensions.transport_sockets.tls.v3.Secret. */
  readonly body: Uint8Array;
}

export const secretTypeUrl = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** The secrets that are known, by name, and the names that proxies ask for. A secret is replaced, never taken away. */
export class SecretTable {
  private readonly secrets = new Map<string, SecretResource>();
  private readonly wanted = new Map<string, number>();
  private readonly changed = new Set<(name: string) => void>();
  private readonly asked = new Set<(name: string) => void>();

  get(name: string): SecretResource | undefined {
    return this.secrets.get(name);
  }

  /** Sets a secret; the same material again is no change. */
  put(name: string, material: SecretMaterial): void {
    const resource = encode(name, material);
    if (this.secrets.get(name)?.version === resource.version) return;
    this.secrets.set(name, resource);
    for (const tell of this.changed) tell(name);
  }

  /** Tells of each secret that was set or replaced; returns what ends it. */
  onChange(listener: (name: string) => void): () => void {
    this.changed.add(listener);
    return () => this.changed.delete(listener);
  }

  /** Tells of each name for which the first proxy asks. */
  onWanted(listener: (name: string) => void): () => void {
    this.asked.add(listener);
    return () => this.asked.delete(listener);
  }

  /** A proxy's subscription to a name begins. */
  want(name: string): void {
    const count = this.wanted.get(name) ?? 0;
    this.wanted.set(name, count + 1);
    if (count === 0) for (const tell of this.asked) tell(name);
  }

  /** A proxy's subscription to a name ends. */
  release(name: string): void {
    const count = this.wanted.get(name) ?? 0;
    if (count > 1) this.wanted.set(name, count - 1);
    else this.wanted.delete(name);
  }

  wantedNames(): string[] {
    return [...this.wanted.keys()];
  }
}

function encode(name: string, material: SecretMaterial): SecretResource {
  const inline = (text: string) => ({ specifier: { $case: 'inlineBytes' as const, value: Buffer.from(text) } });
  const body = Secret.encode({
    name,
    type:
      'roots' in material
        ? { $case: 'validationContext', value: { trustedCa: inline(material.roots) } }
        : {
            $case: 'tlsCertificate',
            value: { certificateChain: inline(material.chain), privateKey: inline(material.key) },
          },
  }).finish();
  return { name, version: createHash('sha256').update(body).digest('hex').slice(0, 16), body };
}
