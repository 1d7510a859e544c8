import type { AdapterLog } from '@keelson/core/policy';
import { createHash } from 'node:crypto';
import { maxTimerMs } from '../max-timer';
import { textOfError } from '../text-of-error';
import type { Entries } from './entries';
import { fetchBody, maxFetchMs, plain } from './fetch-text';
import type { KeptList } from './list-memory';

export interface FetchedListOptions {
  readonly url: URL;
  readonly refreshMs: number;
  /** How long a list counts after it was fetched. */
  readonly ttlMs: number;
  /** Makes a list of a text; throws for one that is none. */
  readonly read: (text: string) => Entries;
  readonly log: AdapterLog;
  readonly now: () => number;
  /** Holds what was fetched last, by this one or by others that read the same list. */
  readonly kept: { list?: KeptList };
}

const firstRetryMs = 1_000;

/** A list that is fetched again and again. What was fetched last, and is a list, counts for its time to live. */
export class FetchedList {
  /** Resolves when the first attempt ended, however it did. */
  readonly first: Promise<void>;
  /** Why the last attempt failed. */
  failure: string | undefined;
  #tried = false;
  #retryMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly options: FetchedListOptions) {
    this.#retryMs = Math.min(firstRetryMs, options.refreshMs);
    this.first = this.#attempt().then(() => {
      this.#tried = true;
    });
  }

  /** Whether there is a list, or the first attempt has ended without. */
  get ready(): boolean {
    return this.#tried || this.#fresh() !== undefined;
  }

  /** The list that counts now. Throws where there is none. */
  current(): Entries {
    const entries = this.#fresh();
    if (entries === undefined)
      throw new Error(`there is no list of ${plain(this.options.url).href}: ${this.failure ?? 'it is too old'}`);
    return entries;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #fresh(): Entries | undefined {
    const { ttlMs, now, kept } = this.options;
    return kept.list && now() - kept.list.fetchedAt < ttlMs ? kept.list.entries : undefined;
  }

  /** One attempt, and the timer of the next; after a failure that comes sooner. */
  async #attempt(): Promise<void> {
    const { refreshMs, ttlMs, log, url } = this.options;
    try {
      await this.#fetch();
      if (this.failure !== undefined) log.info({ url: plain(url).href }, 'the list can be fetched again');
      this.failure = undefined;
      this.#retryMs = Math.min(firstRetryMs, refreshMs);
      // So early that the next one is there before this one is too old.
      this.#next(Math.min(refreshMs, ttlMs - Math.min(maxFetchMs, ttlMs / 2)));
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
    const { url, read, log, now, kept } = this.options;
    const askedAt = now();
    const body = await fetchBody(url, this.#closing.signal);
    const digest = createHash('sha256').update(body).digest('base64');
    const before = kept.list;
    // Another that shares it may have asked later, and have had an answer sooner.
    if (before && before.askedAt > askedAt) return;
    const entries = before?.digest === digest ? before.entries : read(body.toString('utf8'));
    if (entries !== before?.entries) log.info({ url: plain(url).href, entries: entries.size }, 'a list was fetched');
    kept.list = { entries, digest, askedAt, fetchedAt: now() };
  }
}
