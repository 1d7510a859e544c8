import type { ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes } from '@keelson/core/attributes';
import { BoundedMap } from '@keelson/edge/service';
import { AnswerIndex } from './answer-index';
import { AnswerStore } from './answer-store';
import { QuotaPool, type PrefetchOptions } from './quota-pool';

/** How much of a quota Mixer granted, and for how long. */
export interface QuotaGrant {
  readonly amount: number;
  /** Milliseconds from when the answer came; 0 or less for what held for the request alone. */
  readonly forMs: number;
  readonly references: ReferencedAttributes | undefined;
}

/** Names, and for each how many sets of referenced attributes are told apart. */
const most = { names: 256, shapes: 16 };
const limits = { answers: 16_384, bytes: 16 * 1024 * 1024 };
const poolBytes = 500;

/** The pools of all quotas, by name and by the attributes that their grants referenced. */
export class QuotaCache {
  readonly #prefetch: PrefetchOptions | undefined;
  readonly #store = new AnswerStore<QuotaPool>(limits, () => poolBytes);
  readonly #byName = new BoundedMap<string, AnswerIndex<QuotaPool>>(most.names);

  constructor(prefetch?: PrefetchOptions) {
    this.#prefetch = prefetch;
  }

  /** The pool that a request with these attributes draws from; undefined while none is known. */
  find(name: string, attributes: Attributes): QuotaPool | undefined {
    return this.#byName.get(name)?.find(attributes, () => true);
  }

  /** Forgets all pools; what was granted to them and not used is not given back. */
  clear(): void {
    this.#byName.clear();
    this.#store.clear();
  }

  /** Hears of Mixer's answer to a request that asked for an amount or nothing, and makes its pool if there is none. */
  hear(name: string, attributes: Attributes, asked: number, grant: QuotaGrant, now: number): void {
    if (grant.references === undefined) return;
    let index = this.#byName.get(name);
    if (index === undefined) this.#byName.set(name, (index = new AnswerIndex(this.#store, most.shapes)));
    index.put(attributes, grant.references, (before) => {
      const pool = before ?? new QuotaPool(this.#prefetch);
      pool.hear(asked, grant.amount, grant.forMs, now);
      return pool;
    });
  }
}
