import { status } from '@grpc/grpc-js';
import type { CheckResponse } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes, CheckCall } from '@keelson/core/attributes';
import type { Logger } from '@keelson/edge/service';
import { randomUUID } from 'node:crypto';
import type { PolicyAnswer } from './backend';
import type { CheckCache } from './check-cache';
import type { ClientCounters } from './counters';
import { millisecondsOf } from './duration';
import { FailureLog } from './failure-log';
import { failureOf, MixerFailure, type MixerChannel } from './mixer-channel';
import type { QuotaGrant } from './quota-cache';
import type { Transport } from './transport';

export type Quotas = NonNullable<CheckCall['quotas']>;

/** What one call of Check brought. */
export interface CheckOutcome {
  readonly answer: PolicyAnswer;
  /** Whether the answer is kept for other requests. */
  readonly kept: boolean;
  /** By the names of quotas. */
  readonly grants: ReadonlyMap<string, QuotaGrant>;
  /** Which configuration was known when it was asked. */
  readonly epoch: number;
}

export interface CheckCallsOptions {
  channel: MixerChannel;
  /** Where answers are kept. */
  cache: CheckCache;
  transport: Transport;
  counters: ClientCounters;
  log: Logger;
}

/** Calls of Mixer's Check, each within the time of a request, whose answers are kept. */
export class CheckCalls {
  readonly #options: CheckCallsOptions;
  readonly #failures: FailureLog;
  readonly #deduplication = `${randomUUID()}-`;
  #made = 0;
  #epoch = 0;

  constructor(options: CheckCallsOptions) {
    this.#options = options;
    this.#failures = new FailureLog(options.log);
  }

  /** Which of the configurations that Mixer had is known; what was asked for at an earlier one is not kept. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Mixer's configuration has changed. */
  changed(): void {
    this.#epoch++;
  }

  /** Asks whether a request may pass, and for amounts of quotas. Rejects with a MixerFailure. */
  async ask(attributes: Attributes, quotas: Quotas, start: number): Promise<CheckOutcome> {
    const { channel, counters, transport } = this.#options;
    counters.checkCalls++;
    const deduplicationId = this.#deduplication + String(this.#made++);
    // While Mixer is away each request would wait for all retries in vain.
    const retry = this.#failures.away ? { ...transport.retry, maxRetry: 0 } : transport.retry;
    const askedAt = performance.now();
    const epoch = this.#epoch;
    try {
      const left = start + transport.checkTimeoutMs - askedAt;
      const response = await channel.check({ attributes, quotas, deduplicationId }, retry, left);
      const outcome = this.#take(attributes, response, askedAt, epoch);
      this.#failures.answered();
      return outcome;
    } catch (error) {
      const failure = failureOf(error);
      counters.checkFailures++;
      this.#failures.failed(failure);
      throw failure;
    }
  }

  #take(
    attributes: Attributes,
    { precondition, quotas = {} }: CheckResponse,
    askedAt: number,
    epoch: number,
  ): CheckOutcome {
    if (precondition === undefined) throw new MixerFailure(status.INTERNAL, 'the answer has no precondition');
    const { status: result, validDuration, validUseCount = 0, referencedAttributes, routeDirective } = precondition;
    const answer = { code: result?.code ?? 0, message: result?.message ?? '', directive: routeDirective };
    const validity = { forMs: millisecondsOf(validDuration), uses: validUseCount };
    const kept =
      referencedAttributes !== undefined &&
      epoch === this.#epoch &&
      this.#options.cache.keep(attributes, referencedAttributes, answer, validity, askedAt);
    const underWayMs = performance.now() - askedAt;
    const grants = new Map<string, QuotaGrant>();
    for (const [
      name,
      { grantedAmount: amount = 0, validDuration: granted, referencedAttributes: references },
    ] of Object.entries(quotas))
      grants.set(name, { amount, forMs: millisecondsOf(granted) - underWayMs, references });
    return { answer, kept, grants, epoch };
  }
}
