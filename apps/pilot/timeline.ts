/** Which configuration and workloads a tick of this Pilot stands for. */
export interface Moment {
  tick: number;
  /** `<epoch>-<sequence>` or `fs-<n>`; empty before the first configuration. */
  revision: string;
  workloads: number;
  /** When it was folded, milliseconds since 1970. */
  time: number;
}

const beginning: Moment = { tick: 0, revision: '', workloads: 0, time: 0 };

/**
 * The ticks of this process: each change that was folded, with the inputs that it led to. Of the newest ticks all are
 * known, of the older ones those at which a proxy is; one that is not known counts as the known one before it, so
 * that a proxy may be told to be less far than it is, but never further.
 */
export class Timeline {
  private moments: Moment[] = [beginning];
  private limit: number;

  /**
   * @param inUse the ticks at which proxies are, in any order
   * @param recent how many of the newest ticks are all known
   */
  constructor(
    private readonly inUse: () => Iterable<number>,
    private readonly recent = 10_000,
  ) {
    this.limit = 2 * recent;
  }

  get now(): Moment {
    return this.moments[this.moments.length - 1] ?? beginning;
  }

  /** How many moments are kept. */
  get size(): number {
    return this.moments.length;
  }

  /** The next tick, for a new revision or new workloads. */
  advance(inputs: { revision?: string; workloads?: number }, time: number): number {
    const { tick, revision, workloads } = this.now;
    this.moments.push({
      tick: tick + 1,
      revision: inputs.revision ?? revision,
      workloads: inputs.workloads ?? workloads,
      time,
    });
    if (this.moments.length > this.limit) this.forget();
    return tick + 1;
  }

  /** The configuration that was in force at a tick; for a tick that was forgotten, at the known one before it. */
  at(tick: number): Moment {
    return this.moments[this.indexOf(tick)] ?? beginning;
  }

  private indexOf(tick: number): number {
    let low = 0;
    let high = this.moments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.moments[middle]?.tick ?? 0) <= tick) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private forget(): void {
    const young = this.moments.length - this.recent;
    const kept = new Set([0]); // where a proxy is that has just come
    for (const tick of this.inUse()) kept.add(this.indexOf(tick));
    this.moments = this.moments.filter((_, index) => index >= young || kept.has(index));
    // Not at every tick again, however many proxies there are.
    this.limit = this.moments.length + this.recent;
  }
}
