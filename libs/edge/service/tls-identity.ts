/** Key, certificate chain and trusted roots, as PEM. */
export interface TlsMaterial {
  key: string;
  chain: string;
  roots: string;
}

/** A certificate that is renewed while it is in use. */
export interface TlsIdentity {
  /** The material that new connections use. Throws before `ready`. */
  current(): TlsMaterial;
  /** Tells of each renewal; returns what ends it. */
  onChange(listener: (material: TlsMaterial) => void): () => void;
  /** Resolves with the first certificate. */
  ready(): Promise<void>;
  stop(): void;
}

/** An identity whose material is set from outside, at any time. */
export class SettableIdentity implements TlsIdentity {
  #material: TlsMaterial | undefined;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  readonly #ready: Promise<void>;
  #resolveReady: () => void = () => undefined;

  constructor(material?: TlsMaterial) {
    this.#ready = new Promise((resolve) => (this.#resolveReady = resolve));
    if (material !== undefined) this.set(material);
  }

  /** Replaces the material; new connections use it at once. */
  set(material: TlsMaterial): void {
    this.#material = material;
    this.#resolveReady();
    for (const listener of this.#listeners) listener(material);
  }

  current(): TlsMaterial {
    if (this.#material === undefined) throw new Error('there is no certificate yet');
    return this.#material;
  }

  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  stop(): void {
    this.#listeners.clear();
  }
}
