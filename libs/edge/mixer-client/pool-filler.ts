import { status } from '@grpc/grpc-js';
import type { Attributes } from '@keelson/core/attributes';
import type { PolicyAnswer } from './backend';
import type { CheckCalls } from './check-calls';
import { MixerFailure } from './mixer-channel';
import type { Need, QuotaDraw } from './quota-draw';
import type { QuotaPool } from './quota-pool';

/** What a call for a pool's sake brought: amounts, or the answer that its request may not pass. */
type Filling = 'granted' | PolicyAnswer;

/** Asks Mixer for more of a quota than a request needs, so that the next ones need not wait. */
export class PoolFiller {
  readonly #calls: CheckCalls;
  readonly #timeoutMs: number;
  readonly #underWay = new Map<QuotaPool, Promise<Filling>>();

  /** @param timeoutMs how long a request waits, with all that it asks for */
  constructor(calls: CheckCalls, timeoutMs: number) {
    this.#calls = calls;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Draws what a request needs from a pool that is empty, after asking; `exact` where the pool keeps nothing, so that the
   * request has to ask for itself. Rejects with a MixerFailure.
   *
   * @param start when the request came
   */
  async draw(
    attributes: Attributes,
    need: Need,
    pool: QuotaPool,
    draw: QuotaDraw,
    start: number,
  ): Promise<Filling | 'refused' | 'exact'> {
    while (performance.now() - start < this.#timeoutMs) {
      if (!pool.keepable) return 'exact';
      const amount = Math.max(need.amount, pool.desired(performance.now()));
      const outcome = await this.#fill(attributes, need.name, pool, amount, start);
      if (outcome !== 'granted') return outcome;
      const drawn = draw.take(need, performance.now(), true);
      if (drawn !== 'empty') return drawn;
      // Others were faster.
      draw.missing.pop();
    }
    throw new MixerFailure(status.DEADLINE_EXCEEDED, `quota ${need.name} could not be had in time`);
  }

  /** Asks although nobody waits, where it is likely to be of use. */
  prefetch(attributes: Attributes, name: string, pool: QuotaPool, now: number): void {
    if (this.#underWay.has(pool)) return;
    const amount = pool.prefetch(now);
    // A failure is logged, and told to the next request that asks.
    if (amount > 0) this.#fill(attributes, name, pool, amount, now).catch(() => undefined);
  }

  /** One call at a time for a pool; who comes while it is under way waits for its outcome. */
  #fill(attributes: Attributes, name: string, pool: QuotaPool, amount: number, start: number): Promise<Filling> {
    const underWay = this.#underWay.get(pool);
    if (underWay !== undefined) return underWay;
    const filling = this.#ask(attributes, name, pool, amount, start).finally(() => this.#underWay.delete(pool));
    this.#underWay.set(pool, filling);
    return filling;
  }

  async #ask(attributes: Attributes, name: string, pool: QuotaPool, amount: number, start: number): Promise<Filling> {
    const quotas = new Map([[name, { amount, bestEffort: true }]]);
    const { answer, grants } = await this.#calls.ask(attributes, quotas, start);
    const grant = grants.get(name);
    if (grant !== undefined) pool.granted(amount, grant.amount, grant.forMs, performance.now());
    if (answer.code !== 0) return answer;
    if (grant === undefined) throw unanswered(name);
    return 'granted';
  }
}

/** Mixer left out a quota that it was asked for. */
export function unanswered(quota: string): MixerFailure {
  return new MixerFailure(status.INTERNAL, `the answer says nothing of quota ${quota}`);
}
