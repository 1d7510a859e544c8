import type { Int64 } from '@keelson/core/attributes';

/** The answer that an id got first, and when what was granted ends. */
export interface FirstAnswer {
  readonly amount: Int64;
  readonly until: number;
}

/** Answers by id. Each is kept for one to two periods. */
export class Deduplication {
  #recent = new Map<string, FirstAnswer>();
  #old = new Map<string, FirstAnswer>();
  #start: number;

  constructor(
    readonly periodMs: number,
    now: number,
  ) {
    this.#start = now;
  }

  find(id: string, now: number): FirstAnswer | undefined {
    this.#turn(now);
    return this.#recent.get(id) ?? this.#old.get(id);
  }

  /** Keeps an answer; after `find` with the same time. */
  keep(id: string, answer: FirstAnswer): void {
    this.#recent.set(id, answer);
  }

  #turn(now: number): void {
    const periods = Math.floor((now - this.#start) / this.periodMs);
    if (periods < 1) return;
    this.#old = periods === 1 ? this.#recent : new Map<string, FirstAnswer>();
    this.#recent = new Map();
    this.#start += periods * this.periodMs;
  }
}
