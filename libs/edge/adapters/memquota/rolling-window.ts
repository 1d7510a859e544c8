import type { Int64 } from '@keelson/core/attributes';
import { minus, plus } from './int64';

/** What was taken within the last so many ticks, or in one to come. It holds the ticks in which something was taken, no others. */
export class RollingWindow {
  readonly #ticks: number[] = [];
  readonly #amounts: Int64[] = [];
  /** Where what still counts begins. */
  #head = 0;
  #used: Int64 = 0;
  /** The tick in which something was taken last. */
  last = 0;

  constructor(readonly length: number) {}

  /** How much is taken, at a tick that never goes back. */
  used(tick: number): Int64 {
    const ticks = this.#ticks;
    let head = this.#head;
    if (head === ticks.length || (ticks[head] as number) + this.length > tick) return this.#used;
    for (; head < ticks.length && (ticks[head] as number) + this.length <= tick; head++)
      this.#used = minus(this.#used, this.#amounts[head] as Int64);
    if (head > 16 && head * 2 > ticks.length) {
      ticks.splice(0, head);
      this.#amounts.splice(0, head);
      head = 0;
    }
    this.#head = head;
    return this.#used;
  }

  /** Takes an amount above 0, at a tick that never goes back and may be ahead of that of `used`. */
  take(amount: Int64, tick: number): void {
    const end = this.#ticks.length - 1;
    if (end >= this.#head && this.#ticks[end] === tick) this.#amounts[end] = plus(this.#amounts[end] as Int64, amount);
    else {
      this.#ticks.push(tick);
      this.#amounts.push(amount);
    }
    this.#used = plus(this.#used, amount);
    this.last = tick;
  }

  /** Gives back at most an amount, what was taken last first, and tells how much that was. */
  release(amount: Int64, tick: number): Int64 {
    this.used(tick);
    let rest = amount;
    while (rest > 0 && this.#ticks.length > this.#head) {
      const end = this.#ticks.length - 1;
      const taken = this.#amounts[end] as Int64;
      if (taken > rest) {
        this.#amounts[end] = minus(taken, rest);
        rest = 0;
      } else {
        rest = minus(rest, taken);
        this.#ticks.pop();
        this.#amounts.pop();
      }
    }
    const released = minus(amount, rest);
    this.#used = minus(this.#used, released);
    return released;
  }
}
