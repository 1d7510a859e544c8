import { status } from '@grpc/grpc-js';
import type { Attributes } from '@keelson/core/attributes';
import { BackOff } from '@keelson/edge/service';
import { bytesOfAttributes } from './byte-sizes';
import type { ClientCounters } from './counters';
import { ReportFailure } from './mixer-channel';

export interface ReportQueueOptions {
  /** Sends the first of some records and tells how many; rejects with a ReportFailure. */
  send: (records: readonly Attributes[]) => Promise<number>;
  /** The most records that go in one call; so many wait for no others. */
  maxEntries: number;
  /** How long fewer records wait for others. */
  maxTimeMs: number;
  /** How many records are kept while Mixer is away. */
  maxQueued: number;
  /** About how much memory they may take. */
  maxQueuedBytes: number;
  counters: ClientCounters;
  /** Hears of reports that failed, and of when Mixer goes away. */
  onFailure?: ((failure: ReportFailure, fate: ReportFate) => void) | undefined;
  /** How long to wait for a Mixer that is away. */
  backOff?: BackOff;
}

/** After these Mixer may have what it was sent, or may have it later: the records are sent again. */
const temporary: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.ABORTED,
]);

/** What became of records that a call told of: they wait for another one, are lost, or most likely only some of them are. */
export type ReportFate = 'waits' | 'lost' | 'failed in part';

interface Queued {
  readonly record: Attributes;
  readonly bytes: number;
}

/**
 * Records on their way to Mixer: a batch goes when it is full or its first record waited long enough, one at a time and in
 * order. While Mixer cannot be reached they wait; when too many do, the oldest are dropped and counted.
 */
export class ReportQueue {
  readonly #options: ReportQueueOptions;
  readonly #backOff: BackOff;
  #queue: Queued[] = [];
  #underWay: readonly Queued[] = [];
  /** Of all that is not told yet. */
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Tells whether Mixer could be reached. */
  #sending: Promise<boolean> | undefined;
  #away = false;
  #closed = false;
  #ended = false;

  constructor(options: ReportQueueOptions) {
    this.#options = options;
    this.#backOff = options.backOff ?? new BackOff(100, 5_000);
  }

  /** How many records are not told yet. */
  get length(): number {
    return this.#queue.length + this.#underWay.length;
  }

  add(records: readonly Attributes[]): void {
    const { counters, maxEntries, maxTimeMs } = this.#options;
    counters.reports += records.length;
    if (this.#closed) {
      counters.reportsDropped += records.length;
      return;
    }
    for (const record of records) {
      const bytes = bytesOfAttributes(record);
      this.#bytes += bytes;
      this.#queue.push({ record, bytes });
    }
    this.#drop();
    if (this.#sending !== undefined || this.#away) return;
    if (this.#queue.length >= maxEntries) this.#start();
    else if (this.#queue.length > 0) this.#timer ??= setTimeout(this.#start, maxTimeMs);
  }

  /** Resolves when the records that are here now are sent or dropped, or Mixer cannot be reached. */
  async flush(): Promise<void> {
    const { counters } = this.#options;
    const over = (): number => counters.reportsSent + counters.reportsDropped + counters.reportsFailedInPart;
    const until = over() + this.length;
    while (over() < until) {
      this.#start(true);
      if ((await this.#sending) === false) return;
    }
  }

  /** Takes no more, and sends what is here within a time limit; what is left then counts as dropped. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true;
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (limit = setTimeout(resolve, limitMs)));
    await Promise.race([this.flush(), late]);
    clearTimeout(limit);
    clearTimeout(this.#timer);
    this.#ended = true;
    this.#drop();
  }

  readonly #start = (whole = false): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#send(whole).then((reached) => {
      this.#sending = undefined;
      this.#next();
      return reached;
    });
  };

  /** Sends a batch, and more while they are full; `whole` sends all. */
  async #send(whole: boolean): Promise<boolean> {
    const { send, maxEntries, counters, onFailure } = this.#options;
    do {
      const batch = this.#queue.splice(0, maxEntries);
      if (batch.length === 0) return true;
      this.#underWay = batch;
      const outcome = await send(batch.map(({ record }) => record)).catch((error: unknown) =>
        failureOf(error, batch.length),
      );
      this.#underWay = [];
      if (outcome instanceof ReportFailure && temporary.has(outcome.code)) {
        if (!this.#away) onFailure?.(outcome, 'waits');
        this.#away = true;
        this.#queue.unshift(...batch);
        this.#drop();
        return false;
      }
      this.#away = false;
      this.#backOff.reset();
      const over = outcome instanceof ReportFailure ? outcome.count : outcome;
      for (const { bytes } of batch.slice(0, over)) this.#bytes -= bytes;
      this.#queue.unshift(...batch.slice(over));
      if (outcome instanceof ReportFailure) {
        // Mixer says UNKNOWN when adapters or single records failed; the rest it reported.
        const partly = outcome.code === status.UNKNOWN;
        if (partly) counters.reportsFailedInPart += over;
        else counters.reportsDropped += over;
        onFailure?.(outcome, partly ? 'failed in part' : 'lost');
      } else counters.reportsSent += over;
    } while (whole ? this.#queue.length > 0 : this.#queue.length >= maxEntries);
    return true;
  }

  #next(): void {
    if (this.#closed || this.#timer !== undefined || this.#queue.length === 0) return;
    this.#timer = setTimeout(this.#start, this.#away ? this.#backOff.next() : this.#options.maxTimeMs);
  }

  /** Drops the oldest where there are too many, or all that are left at the end. */
  #drop(): void {
    const { maxQueued, maxQueuedBytes, counters } = this.#options;
    const excess = this.#ended ? this.#queue.length : this.length - maxQueued;
    let count = 0;
    for (const { bytes } of this.#queue) {
      if (count >= excess && this.#bytes <= maxQueuedBytes) break;
      this.#bytes -= bytes;
      count++;
    }
    if (count === 0) return;
    this.#queue.splice(0, count);
    counters.reportsDropped += count;
  }
}

function failureOf(error: unknown, count: number): ReportFailure {
  if (error instanceof ReportFailure) return error;
  return new ReportFailure({ code: status.INTERNAL, message: String(error) }, count);
}
