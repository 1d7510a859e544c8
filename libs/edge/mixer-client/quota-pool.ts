/** How much of a quota is asked for ahead of need. The defaults are those of Mixer's client in Istio's proxy. */
export interface PrefetchOptions {
  /** At least so much is asked for at a time. */
  minAmount: number;
  /** As much is asked for as was needed in so many milliseconds before. */
  windowMs: number;
  /** After less came than was asked for, nothing is asked for so many milliseconds. */
  closeWaitMs: number;
}

const defaultPrefetch: PrefetchOptions = { minAmount: 10, windowMs: 1_000, closeWaitMs: 500 };

/** What a request gets of a quota: its amount, nothing, or the answer that more has to be asked for first. */
export type Draw = 'granted' | 'refused' | 'empty';

interface Granted {
  amount: number;
  readonly until: number;
}

const slots = 20;

/**
 * The amount of one quota that was granted and not used, for one set of the attributes that it depends on. It is only ever
 * served from what Mixer granted, as long as that is valid. Times are milliseconds of any one clock.
 */
export class QuotaPool {
  readonly #options: PrefetchOptions;
  /** In the order in which they were granted. */
  #granted: Granted[] = [];
  /** How much was needed in each part of the window, by the number of that part. */
  readonly #needed = new Array<number>(slots).fill(0);
  #part = 0;
  /** How much was needed in the whole window. */
  #passed = 0;
  /** Mixer had less than was asked for: since when, and from which amount on it is no use to ask. */
  #closed: { since: number; from: number } | undefined;
  #keepable = false;

  constructor(options: PrefetchOptions = defaultPrefetch) {
    this.#options = options;
  }

  /** Whether grants are valid for some time, so that more than is needed may be asked for. */
  get keepable(): boolean {
    return this.#keepable;
  }

  /** Takes an amount, if it is there; `again` where the same request tried before. */
  draw(amount: number, now: number, again = false): Draw {
    if (!again) this.#need(amount, now);
    if (this.#available(now) >= amount) {
      this.#take(amount);
      return 'granted';
    }
    const { closeWaitMs } = this.#options;
    const closed = this.#closed;
    return closed !== undefined && now - closed.since < closeWaitMs && amount >= closed.from ? 'refused' : 'empty';
  }

  /** Takes an amount only if it is there already, for a request that asks Mixer anyway. */
  drawGranted(amount: number, now: number): boolean {
    this.#need(amount, now);
    if (this.#available(now) < amount) return false;
    this.#take(amount);
    return true;
  }

  /** Gives back what was drawn for a request that came to nothing; it does not become valid for longer. */
  giveBack(amount: number, until: number): void {
    if (amount > 0) this.#granted.unshift({ amount, until });
  }

  /** Until when all that is here is valid; what is drawn now may be given back with it. */
  validUntil(now: number): number {
    let least = Infinity;
    for (const { until } of this.#granted) if (until > now && until < least) least = until;
    return least;
  }

  /** How much to ask Mixer for although nobody waits for it; 0 while there is enough, or it is no use. */
  prefetch(now: number): number {
    if (!this.#keepable || (this.#closed && now - this.#closed.since < this.#options.closeWaitMs)) return 0;
    const desired = this.desired(now);
    return this.#available(now) < desired / 2 ? desired : 0;
  }

  /** How much is likely to be needed next. */
  desired(now: number): number {
    this.#turn(now);
    return Math.max(this.#passed, this.#options.minAmount);
  }

  /** Mixer's answer to one who asked for an amount or less, valid for some milliseconds from now on. */
  granted(asked: number, amount: number, validForMs: number, now: number): void {
    if (amount > 0 && validForMs > 0) this.#granted.push({ amount, until: now + validForMs });
    this.#learn(asked, amount, 1, validForMs, now);
  }

  /** Hears of Mixer's answer to a request that asked for an amount or nothing. */
  hear(asked: number, amount: number, validForMs: number, now: number): void {
    // A smaller amount may still be there.
    this.#learn(asked, amount, asked, validForMs, now);
  }

  #learn(asked: number, amount: number, closedFrom: number, validForMs: number, now: number): void {
    if (amount > 0) this.#keepable = validForMs > 0;
    this.#closed = amount >= asked ? undefined : { since: now, from: closedFrom };
  }

  #available(now: number): number {
    let sum = 0;
    let expired = false;
    for (const { amount, until } of this.#granted) {
      if (until > now) sum += amount;
      else expired = true;
    }
    if (expired) this.#granted = this.#granted.filter(({ until }) => until > now);
    return sum;
  }

  #take(amount: number): void {
    let left = amount;
    let first = this.#granted[0];
    while (first !== undefined && left > 0) {
      const taken = Math.min(left, first.amount);
      first.amount -= taken;
      left -= taken;
      if (first.amount > 0) return;
      this.#granted.shift();
      first = this.#granted[0];
    }
  }

  #need(amount: number, now: number): void {
    this.#turn(now);
    const at = this.#part % slots;
    this.#needed[at] = (this.#needed[at] ?? 0) + amount;
    this.#passed += amount;
  }

  /** Empties the parts of the window that passed. */
  #turn(now: number): void {
    const part = Math.floor((now * slots) / this.#options.windowMs);
    const passed = Math.min(part - this.#part, slots);
    for (let i = 1; i <= passed; i++) {
      const at = (this.#part + i) % slots;
      this.#passed -= this.#needed[at] ?? 0;
      this.#needed[at] = 0;
    }
    if (passed > 0) this.#part = part;
  }
}
