import { BoundedMap } from '@keelson/edge/service';
import type { Carried } from './log-facts';

/** What connections had carried when they were last told of. */
export class ConnectionBytes {
  readonly #told: BoundedMap<string, Carried>;

  constructor(limit = 50_000) {
    this.#told = new BoundedMap(limit);
  }

  /** What a connection carried since it was told of before; `over` where it will not be again. */
  readonly since = (id: string | undefined, total: Carried, over: boolean): Carried => {
    if (id === undefined) return total;
    const before = this.#told.get(id);
    if (over) this.#told.delete(id);
    else this.#told.set(id, total);
    if (before === undefined) return total;
    return { received: Math.max(0, total.received - before.received), sent: Math.max(0, total.sent - before.sent) };
  };
}
