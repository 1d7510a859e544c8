import type { Counters } from './counters';
import type { Deduplication } from './deduplication';

/** Values by key, each of which lives from its first user to its last. */
class Shared<T> {
  readonly #entries = new Map<string, { readonly value: T; users: number }>();

  /** The value of a key, made if nobody has it. */
  acquire(key: string, make: () => T): T {
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = { value: make(), users: 0 }));
    entry.users++;
    return entry.value;
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && --entry.users === 0) this.#entries.delete(key);
  }
}

/**
 * What the quotas of a process have counted and answered. It outlives a handler that is opened anew, since the new one is
 * opened before the old one is closed.
 */
export class QuotaMemory {
  readonly counters = new Shared<Counters>();
  readonly answers = new Shared<Deduplication>();
}
