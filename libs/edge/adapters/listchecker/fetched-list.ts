import type { AdapterLog } from '@keelson/core/policy';
import { createHash } from 'node:crypto';
import { maxTimerMs } from '../max-timer';
import { textOfError } from '../text-of-error';
import type { Entries } from './entries';
import { fetchBody, plain } from './fetch-text';

export interface FetchedListOptions {
  readonly url: URL;
  readonly refreshMs: number;
  /** How long a list counts after it was fetched. */
  readonly ttlMs: number;
  /** Makes a list of a text; throws for one that is none. */
  readonly read: (text: string) => Entries;
  readonly log: AdapterLog;
  readonly now: () => number;
}

const firstRetryMs = 1_000;

/** A list that is fetched again and again. What was fetched last, and is a list, counts for its time to live. */
export class FetchedList {
  /** Resolves when the first attempt ended, however it did. */
  readonly first: Promise<void>;
  /** Whether the first attempt has ended. */
  tried = false;
  /** Why the last attempt failed. */
  failure: string | undefined;
  #entries: Entries | undefined;
  #digest = '';
  #fetchedAt = 0;
  #retryMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly options: FetchedListOptions) {
    this.#retryMs = Math.min(firstRetryMs, options.refreshMs);
    this.first = this.#attempt().then(() => {
      this.tried = true;
    });
  }

  /** The list that counts now. Throws where there is none. */
  current(): Entries {
    const { url, ttlMs, now } = this.options;
    if (this.#entries !== undefined && now() - this.#fetchedAt >= ttlMs) this.#entries = undefined;
    if (this.#entries === undefined)
      throw new Error(`there is no list of ${plain(url).href}: ${this.failure ?? 'it is too old'}`);
    return this.#entries;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  /** One attempt, and the timer of the next; after a failure that comes sooner. */
  async #attempt(): Promise<void> {
    const { refreshMs, log, url } = this.options;
    try {
      await this.#fetch();
      if (this.failure !== undefined) log.info({ url: plain(url).href }, 'the list can be fetched again');
      this.failure = undefined;
      this.#retryMs = Math.min(firstRetryMs, refreshMs);
      this.#next(refreshMs);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const failure = textOfError(error);
      if (this.failure !== failure) log.warn({ url: plain(url).href, failure }, 'the list cannot be fetched');
      this.failure = failure;
      this.#next(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, refreshMs);
    }
  }

  #next(ms: number): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#attempt(), Math.min(ms, maxTimerMs));
    this.#timer.unref();
  }

  async #fetch(): Promise<void> {
    const { url, read, log, now } = this.options;
    const body = await fetchBody(url, this.#closing.signal);
    const digest = createHash('sha256').update(body).digest('base64');
    if (digest !== this.#digest || this.#entries === undefined) {
      const entries = read(body.toString('utf8'));
      this.#entries = entries;
      this.#digest = digest;
      log.info({ url: plain(url).href, entries: entries.size }, 'a list was fetched');
    }
    this.#fetchedAt = now();
  }
}
