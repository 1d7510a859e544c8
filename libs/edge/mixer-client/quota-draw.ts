import type { Attributes, Int64 } from '@keelson/core/attributes';
import type { QuotaCache } from './quota-cache';
import type { Draw, QuotaPool } from './quota-pool';

/** How much a request needs of a quota, and the pool that it may come from. */
export interface Need {
  readonly name: string;
  readonly amount: number;
  readonly pool: QuotaPool | undefined;
}

interface Drawn extends Need {
  readonly pool: QuotaPool;
  readonly until: number;
}

/** What one request took of its quotas from what Mixer had granted before. */
export class QuotaDraw {
  readonly #drawn: Drawn[] = [];
  /** What Mixer has to be asked for. */
  readonly missing: Need[] = [];
  /** The quotas that are exhausted. */
  readonly refused: string[] = [];

  /** Draws all, or tells what is missing or refused. */
  static all(needs: readonly Need[], now: number): QuotaDraw {
    const draw = new QuotaDraw();
    for (const need of needs) draw.take(need, now);
    return draw;
  }

  /** Draws what is there for a request that asks Mixer anyway; the rest is missing. */
  static granted(needs: readonly Need[], now: number): QuotaDraw {
    const draw = new QuotaDraw();
    for (const need of needs) {
      const until = need.pool?.validUntil(now);
      if (need.pool?.drawGranted(need.amount, now)) draw.#note(need, need.pool, until);
      else draw.missing.push(need);
    }
    return draw;
  }

  /** Draws one; `again` where the same request tried before. */
  take(need: Need, now: number, again = false): Draw {
    const { pool, amount, name } = need;
    if (pool === undefined) {
      this.missing.push(need);
      return 'empty';
    }
    const until = pool.validUntil(now);
    const drawn = pool.draw(amount, now, again);
    if (drawn === 'granted') this.#note(need, pool, until);
    else if (drawn === 'refused') this.refused.push(name);
    else this.missing.push(need);
    return drawn;
  }

  /** What a request comes to; what it drew is given back if that cannot be told. */
  async unlessFailed<T>(decide: () => Promise<T>): Promise<T> {
    try {
      return await decide();
    } catch (error) {
      this.undo();
      throw error;
    }
  }

  /** The request comes to nothing: what it drew is there for others. */
  undo(): void {
    for (const { pool, amount, until } of this.#drawn.splice(0)) pool.giveBack(amount, until);
  }

  /** The pools that were drawn from. */
  get drawn(): readonly { readonly name: string; readonly pool: QuotaPool }[] {
    return this.#drawn;
  }

  #note(need: Need, pool: QuotaPool, until = 0): void {
    this.#drawn.push({ ...need, pool, until });
  }
}

const noNeeds: readonly Need[] = [];

/** What a request needs, with the pools that are known. */
export function needsOf(
  quotas: ReadonlyMap<string, { readonly amount: Int64 }> | undefined,
  attributes: Attributes,
  cache: QuotaCache,
): readonly Need[] {
  if (quotas === undefined || quotas.size === 0) return noNeeds;
  return [...quotas].map(([name, { amount }]) => ({
    name,
    amount: Number(amount),
    pool: cache.find(name, attributes),
  }));
}
