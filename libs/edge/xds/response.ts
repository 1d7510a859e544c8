import { type Part } from './parts';
import { removedNames, responseHead } from './wire';

/** A response as it goes out. */
export interface Response {
  nonce: string;
  bytes: Buffer;
}

/**
 * Puts responses together from what was encoded before. Where all of a response comes from one part, the same buffer,
 * nonce included, goes to every stream that needs it.
 */
export class ResponseWriter {
  readonly #whole = new WeakMap<Part, Map<string, Response>>();
  #count = 0;
  #built = 0;

  /** @param prefix tells this server's nonces from those of others */
  constructor(readonly prefix: string) {}

  /** How many responses were built, for tests and metrics. */
  get built(): number {
    return this.#built;
  }

  /** Whether a nonce was made here. */
  made(nonce: string): boolean {
    return nonce.startsWith(this.prefix);
  }

  /** A delta response. */
  delta(
    typeUrl: string,
    tick: number,
    parts: readonly Part[],
    without: ReadonlySet<string>,
    removed: readonly string[],
  ): Response {
    const only = parts.length === 1 ? parts[0] : undefined;
    if (only !== undefined && without.size === 0)
      return this.#kept(only, `delta\n${removed.join('\n')}`, () =>
        this.#build(typeUrl, tick, [...only.pieces('delta'), removedNames(removed)]),
      );
    const chunks = parts.map((part) => part.chunk('delta', without));
    return this.#build(typeUrl, tick, [...chunks, removedNames(removed)]);
  }

  /** A response of the state of the world; `extra` are resources that no part has any more. */
  sotw(
    typeUrl: string,
    tick: number,
    parts: readonly Part[],
    without: ReadonlySet<string>,
    extra: readonly Buffer[],
  ): Response {
    const only = parts.length === 1 && extra.length === 0 ? parts[0] : undefined;
    if (only !== undefined && without.size === 0)
      return this.#kept(only, 'sotw', () => this.#build(typeUrl, tick, only.pieces('sotw')));
    const chunks = parts.map((part) => part.chunk('sotw', without));
    return this.#build(typeUrl, tick, [...chunks, ...extra]);
  }

  #kept(part: Part, key: string, build: () => Response): Response {
    let responses = this.#whole.get(part);
    if (responses === undefined) this.#whole.set(part, (responses = new Map<string, Response>()));
    let response = responses.get(key);
    if (response === undefined) {
      if (responses.size >= 4) responses.clear();
      responses.set(key, (response = build()));
    }
    return response;
  }

  #build(typeUrl: string, tick: number, chunks: readonly Buffer[]): Response {
    this.#built++;
    const nonce = `${this.prefix}${(++this.#count).toString(36)}`;
    return { nonce, bytes: Buffer.concat([responseHead(typeUrl, String(tick), nonce), ...chunks]) };
  }
}
