/** Which configuration and workloads a tick of this Pilot stands for. */
export interface Moment {
  tick: number;
  /** `<epoch>-<sequence>` or `fs-<n>`; empty before the first configuration. */
  revision: string;
  workloads: number;
  /** When it was folded, milliseconds since 1970. */
  time: number;
}

/** The ticks of this process: each change that was folded, with the inputs that it led to. */
export class Timeline {
  private moments: Moment[] = [{ tick: 0, revision: '', workloads: 0, time: 0 }];

  get now(): Moment {
    return this.moments[this.moments.length - 1] ?? { tick: 0, revision: '', workloads: 0, time: 0 };
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
    return tick + 1;
  }

  /** The configuration that was in force at a tick; the oldest known one for ticks that were forgotten. */
  at(tick: number): Moment {
    let low = 0;
    let high = this.moments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.moments[middle]?.tick ?? 0) <= tick) low = middle;
      else high = middle - 1;
    }
    return this.moments[low] ?? this.now;
  }

  /** Forgets what lies before a tick that every proxy has passed. */
  forgetBefore(tick: number): void {
    const keep = this.moments.findIndex((moment) => moment.tick >= tick);
    if (keep > 0) this.moments = this.moments.slice(keep - 1);
  }
}
