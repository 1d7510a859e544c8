import type { Int64 } from '@keelson/core/attributes';
import type { Grant, QuotaAsk } from '@keelson/core/policy';
import { minus, plus } from './int64';
import { RollingWindow } from './rolling-window';

/** The counters of one limit, by the dimensions of what is counted. */
export interface Counters {
  /** Takes an amount above 0, all of it, less if that is welcome, or nothing. */
  take(key: string, ask: QuotaAsk, now: number): Grant;
  /** Gives back an amount above 0, as far as it was taken, and tells how much that was. */
  release(key: string, amount: Int64, now: number): Int64;
  /** How many there are. */
  readonly size: number;
}

/** The length of a slot of a rolling window. */
const tickMs = 100;

/** The slot that a time is in, from which on amounts have come back. */
const slotOf = (now: number): number => Math.floor(now / tickMs);
/** The slot that an amount is taken from: the next, but at its very start, so that it is held for all its time. */
const takenSlotOf = (now: number): number => Math.ceil(now / tickMs);

const nothing: Grant = { amount: 0, validForMs: 0 };

/** What can be had of an ask: undefined for a refusal. */
function share(available: Int64, { amount, bestEffort }: QuotaAsk): Int64 | undefined {
  if (amount <= available) return amount;
  return bestEffort ? available : undefined;
}

/** Amounts that come back by themselves after a time, or less than a slot later. A counter is forgotten when all of it has come back. */
export class ExpiringCounters implements Counters {
  /** The one that was taken from longest ago first. */
  readonly #windows = new Map<string, RollingWindow>();
  readonly #length: number;

  constructor(
    readonly maxAmount: Int64,
    readonly validForMs: number,
  ) {
    this.#length = Math.ceil(validForMs / tickMs);
  }

  get size(): number {
    return this.#windows.size;
  }

  take(key: string, ask: QuotaAsk, now: number): Grant {
    const tick = slotOf(now);
    this.#forget(tick);
    let window = this.#windows.get(key);
    const amount = share(window ? minus(this.maxAmount, window.used(tick)) : this.maxAmount, ask);
    if (amount === undefined) return nothing;
    if (amount > 0) {
      const taken = takenSlotOf(now);
      if (!window) this.#windows.set(key, (window = new RollingWindow(this.#length)));
      else if (window.last !== taken) {
        // To the end: it is the last now.
        this.#windows.delete(key);
        this.#windows.set(key, window);
      }
      window.take(amount, taken);
    }
    return { amount, validForMs: this.validForMs };
  }

  release(key: string, amount: Int64, now: number): Int64 {
    const tick = slotOf(now);
    this.#forget(tick);
    const window = this.#windows.get(key);
    if (!window) return 0;
    const released = window.release(amount, tick);
    if (window.used(tick) === 0) this.#windows.delete(key);
    return released;
  }

  #forget(tick: number): void {
    for (const [key, window] of this.#windows) {
      if (window.last + this.#length > tick) return;
      this.#windows.delete(key);
    }
  }
}

/** Amounts that only come back when they are released. A counter is forgotten when all of it has come back. */
export class LastingCounters implements Counters {
  readonly #used = new Map<string, Int64>();

  constructor(readonly maxAmount: Int64) {}

  get size(): number {
    return this.#used.size;
  }

  take(key: string, ask: QuotaAsk): Grant {
    const used = this.#used.get(key) ?? 0;
    const amount = share(minus(this.maxAmount, used), ask);
    if (amount === undefined) return nothing;
    if (amount > 0) this.#used.set(key, plus(used, amount));
    return { amount, validForMs: 0 };
  }

  release(key: string, amount: Int64): Int64 {
    const used = this.#used.get(key) ?? 0;
    const released = amount < used ? amount : used;
    if (released === used) this.#used.delete(key);
    else this.#used.set(key, minus(used, released));
    return released;
  }
}
