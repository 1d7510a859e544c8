import { status } from '@grpc/grpc-js';
import type { Attributes, CheckCall } from '@keelson/core/attributes';
import { GrpcError, type Logger, type TlsIdentity } from '@keelson/edge/service';
import type { PolicyAnswer, PolicyBackend, PolicyDecision } from './backend';
import { CheckCache } from './check-cache';
import { CheckCalls, type CheckOutcome, type Quotas } from './check-calls';
import { ClientCounters } from './counters';
import { isOutage } from './failure-log';
import { failureOf, MixerChannel } from './mixer-channel';
import { PoolFiller, unanswered } from './pool-filler';
import { QuotaCache } from './quota-cache';
import { needsOf, QuotaDraw, type Need } from './quota-draw';
import type { PrefetchOptions } from './quota-pool';
import { ReportQueue } from './report-queue';
import { SharedCalls } from './shared-calls';
import { defaultTransport, type Transport } from './transport';

export interface RemoteBackendOptions {
  /** Mixer's `host:port`. */
  address: string;
  /** Shown to Mixer, whose name is checked against its roots; plaintext without. */
  identity?: TlsIdentity | undefined;
  /** Mixer's SPIFFE id, if that is to be checked instead of its name. */
  serverId?: string | undefined;
  /** What differs from the defaults. */
  transport?: Partial<Transport>;
  prefetch?: PrefetchOptions;
  /** How many records wait while Mixer is away; then the oldest go. */
  maxQueuedReports?: number;
  counters?: ClientCounters;
  log: Logger;
}

const reportFates = {
  waits: 'Mixer cannot be told of requests; they are kept for later',
  lost: 'Mixer refused a report',
  'failed in part': 'Mixer could not report a part of what it was told',
} as const;
const closeMs = 2_000;
const maxQueuedBytes = 64 * 1024 * 1024;

/**
 * Mixer over the network. Its answers are kept as long as it said that they hold and its configuration stays, by the
 * attributes that they depend on; quotas are drawn from what was granted ahead; reports go in batches.
 */
export class RemoteBackend implements PolicyBackend {
  readonly counters: ClientCounters;
  readonly #channel: MixerChannel;
  readonly #checks = new CheckCache();
  readonly #quotas: QuotaCache;
  readonly #calls: CheckCalls;
  readonly #shared = new SharedCalls();
  readonly #pools: PoolFiller;
  readonly #reports: ReportQueue;

  constructor({ log, counters = new ClientCounters(), ...options }: RemoteBackendOptions) {
    this.counters = counters;
    const transport = { ...defaultTransport, ...options.transport };
    this.#channel = new MixerChannel(options);
    this.#quotas = new QuotaCache(options.prefetch);
    this.#calls = new CheckCalls({ channel: this.#channel, cache: this.#checks, transport, counters, log });
    this.#pools = new PoolFiller(this.#calls, transport.checkTimeoutMs);
    this.#channel.watch(() => {
      this.#forget();
    });
    let reportFailure = '';
    this.#reports = new ReportQueue({
      send: (records) => this.#channel.report(records),
      maxEntries: transport.reportBatchMaxEntries,
      maxTimeMs: transport.reportBatchMaxTimeMs,
      maxQueued: options.maxQueuedReports ?? 10_000,
      maxQueuedBytes,
      counters,
      onFailure: ({ message }, fate) => {
        // The same is wrong with one report after another: a record lacks what a rule asks for.
        if (fate !== 'waits' && message === reportFailure) return;
        if (fate !== 'waits') reportFailure = message;
        log.warn({ reason: message }, reportFates[fate]);
      },
    });
  }

  check(call: CheckCall): PolicyDecision | Promise<PolicyDecision> {
    this.counters.checks++;
    const decision = this.#decide(call);
    return decision instanceof Promise ? decision.then(this.#count, this.#fail) : this.#count(decision);
  }

  report(records: readonly Attributes[]): void {
    this.#reports.add(records);
  }

  /** Tells what is left, as far as possible in short time, and ends. */
  async close(): Promise<void> {
    await this.#reports.close(closeMs);
    this.#channel.close();
  }

  /** Mixer's configuration has changed: what it answered and granted before does not hold. */
  #forget(): void {
    this.counters.policyChanges++;
    this.#calls.changed();
    this.#checks.clear();
    this.#quotas.clear();
  }

  readonly #count = (decision: PolicyDecision): PolicyDecision => {
    const { counters } = this;
    if (decision.answer.code !== 0) counters.denials++;
    if (decision.checkCacheHit) counters.checkCacheHits++;
    if (decision.quotaCacheHit !== undefined) counters.quotaChecks++;
    if (decision.quotaCacheHit === true) counters.quotaCacheHits++;
    return decision;
  };

  readonly #fail = (error: unknown): never => {
    this.counters.failures++;
    const failure = failureOf(error);
    const what = isOutage(failure) ? 'Mixer could not be asked' : 'Mixer could not decide';
    throw new GrpcError(failure.code, `${what} whether the request may pass: ${failure.message}`);
  };

  #decide(call: CheckCall): PolicyDecision | Promise<PolicyDecision> {
    const now = performance.now();
    const answer = this.#checks.use(call.attributes, now);
    if (answer === undefined) return this.#ask(call, now);
    return this.#withQuotas(call, answer, true, now);
  }

  /** Nothing is known of the request. */
  async #ask(call: CheckCall, start: number): Promise<PolicyDecision> {
    const likeness = this.#checks.likeness(call.attributes);
    const other = likeness === undefined ? undefined : this.#shared.get(likeness);
    if (other !== undefined) {
      // What Mixer could not decide about another request says nothing of this one; that it is away does.
      await other.catch((error: unknown) => {
        if (isOutage(failureOf(error))) throw error;
      });
      const now = performance.now();
      const answer = this.#checks.use(call.attributes, now);
      if (answer !== undefined) return this.#withQuotas(call, answer, false, now, start);
    }
    // In the same call for what the request needs of quotas and is not at hand.
    const needs = needsOf(call.quotas, call.attributes, this.#quotas);
    const draw = QuotaDraw.granted(needs, performance.now());
    return draw.unlessFailed(async () => {
      const asked = this.#calls.ask(call.attributes, exactly(draw.missing), start);
      if (likeness !== undefined) this.#shared.add(likeness, asked);
      const outcome = await asked;
      const { answer } = outcome;
      if (answer.code !== 0) draw.undo();
      if (answer.code !== 0 || needs.length === 0) return { answer, checkCacheHit: false, quotaCacheHit: undefined };
      const quotaCacheHit = draw.missing.length === 0;
      return this.#judge(call, answer, outcome, draw, { checkCacheHit: false, quotaCacheHit });
    });
  }

  /** The request may pass, or not, by an answer that is known; its quotas are to be taken. */
  #withQuotas(
    call: CheckCall,
    answer: PolicyAnswer,
    checkCacheHit: boolean,
    now: number,
    start = now,
  ): PolicyDecision | Promise<PolicyDecision> {
    const needs = answer.code === 0 ? needsOf(call.quotas, call.attributes, this.#quotas) : [];
    if (needs.length === 0) return { answer, checkCacheHit, quotaCacheHit: undefined };
    const draw = QuotaDraw.all(needs, now);
    if (draw.refused.length > 0) return exhausted(draw, { checkCacheHit, quotaCacheHit: true });
    for (const { name, pool } of draw.drawn) this.#pools.prefetch(call.attributes, name, pool, now);
    if (draw.missing.length === 0) return { answer, checkCacheHit, quotaCacheHit: true };
    return draw.unlessFailed(() => this.#fill(call, answer, draw, { checkCacheHit, quotaCacheHit: false }, start));
  }

  /** Asks Mixer for what is missing of quotas: by its pool, where it has one, else exactly. */
  async #fill(
    call: CheckCall,
    answer: PolicyAnswer,
    draw: QuotaDraw,
    hits: Hits,
    start: number,
  ): Promise<PolicyDecision> {
    const exact: Need[] = [];
    for (const need of draw.missing.splice(0)) {
      const outcome = need.pool && (await this.#pools.draw(call.attributes, need, need.pool, draw, start));
      if (outcome === 'refused') return exhausted(draw, hits);
      if (outcome === undefined || outcome === 'exact') exact.push(need);
      else if (outcome !== 'granted') return denied(outcome, draw, hits);
    }
    if (exact.length === 0) return { answer, ...hits };
    draw.missing.push(...exact);
    const outcome = await this.#calls.ask(call.attributes, exactly(exact), start);
    if (outcome.answer.code !== 0) return denied(outcome.answer, draw, hits);
    return this.#judge(call, answer, outcome, draw, hits);
  }

  /** Whether Mixer granted what the request asked for beside what it drew. */
  #judge(
    call: CheckCall,
    answer: PolicyAnswer,
    { grants, epoch }: CheckOutcome,
    draw: QuotaDraw,
    hits: Hits,
  ): PolicyDecision {
    const now = performance.now();
    for (const { name, amount } of draw.missing) {
      const grant = grants.get(name);
      if (grant === undefined) throw unanswered(name);
      if (epoch === this.#calls.epoch) this.#quotas.hear(name, call.attributes, amount, grant, now);
      if (grant.amount < amount) draw.refused.push(name);
    }
    return draw.refused.length > 0 ? exhausted(draw, hits) : { answer, ...hits };
  }
}

type Hits = Omit<PolicyDecision, 'answer'>;

function exactly(needs: readonly Need[]): Quotas {
  return new Map(needs.map(({ name, amount }) => [name, { amount, bestEffort: false }]));
}

function exhausted(draw: QuotaDraw, hits: Hits): PolicyDecision {
  draw.undo();
  const message = `Quota is exhausted for: ${draw.refused.join(',')}`;
  return { answer: { code: status.RESOURCE_EXHAUSTED, message, directive: undefined }, ...hits };
}

/** While quotas were asked for it turned out that the request may not pass. */
function denied(answer: PolicyAnswer, draw: QuotaDraw, { quotaCacheHit }: Hits): PolicyDecision {
  draw.undo();
  return { answer, checkCacheHit: false, quotaCacheHit };
}
