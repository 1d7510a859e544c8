/** Values by key, each of which lives from its first user to its last. */
export class Shared<T> {
  readonly #entries = new Map<string, { readonly value: T; users: number }>();

  /** The value of a key, made if nobody has it. */
  acquire(key: string, make: () => T): T {
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = { value: make(), users: 0 }));
    entry.users++;
    return entry.value;
  }

  /** Gives back what was acquired, once for each time. */
  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && --entry.users === 0) this.#entries.delete(key);
  }
}
