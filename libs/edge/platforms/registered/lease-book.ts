import type { Workload } from '@keelson/core/mesh';
import { sameContent, workloadOf, workloadUid, type Lease } from './lease';

/** What of the model changed since the last taking, and the store's sequence that it follows from. */
export interface WorkloadChanges {
  put: Workload[];
  remove: string[];
}

/** A lease that may be ended, by compare-and-set on the revision that was judged. */
export interface Ending {
  key: string;
  revision: number;
  lease: Lease;
}

/** A lease that ran out and is kept, because too much of a service would go with it. */
export interface Kept {
  key: string;
  uid: string;
  service: string;
  silent: number;
  members: number;
}

export interface LeaseBookOptions {
  ttlMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
  /** The services behind which a workload stands. */
  servicesOf: (workload: Workload) => readonly string[];
}

interface Entry {
  lease: Lease;
  revision: number;
  /** When this replica last saw it written, by its own clock. */
  seen: number;
}

/**
 * The leases as this replica knows them, and the rules by which they end. It reads no clock but its own and no time that
 * another wrote: what counts is how long this replica, connected without a break, saw no renewal.
 */
export class LeaseBook {
  private readonly entries = new Map<string, Entry>();
  /** Workloads that changed, by uid; undefined is gone. */
  private readonly changed = new Map<string, Workload | undefined>();
  private readonly ended: { at: number; services: readonly string[] }[] = [];
  private connectedAt: number | undefined;
  private keptNow: readonly Kept[] = [];
  private lastSequence = 0;

  constructor(private readonly options: LeaseBookOptions) {}

  /** A key was written: a new lease, a change, or a renewal. */
  put(key: string, lease: Lease, revision: number): void {
    const before = this.entries.get(key);
    this.entries.set(key, { lease, revision, seen: this.options.now() });
    this.lastSequence = revision;
    if (!before || !sameContent(before.lease, lease)) this.changed.set(workloadUid(lease), workloadOf(lease));
  }

  /** A key was deleted. */
  remove(key: string, revision: number): void {
    this.lastSequence = revision;
    const before = this.entries.get(key);
    if (!before) return;
    this.entries.delete(key);
    this.changed.set(workloadUid(before.lease), undefined);
  }

  /** From now on a missing renewal is known to be missing. */
  connected(): void {
    this.connectedAt = this.options.now();
  }

  /** Renewals may be missed: nothing is judged, and everybody gets a whole life again after the return. */
  disconnected(): void {
    this.connectedAt = undefined;
  }

  /** Observation had a gap that is over: the same as a break and a return at once. */
  interrupted(): void {
    if (this.connectedAt !== undefined) this.connectedAt = this.options.now();
  }

  get(key: string): { lease: Lease; revision: number } | undefined {
    return this.entries.get(key);
  }

  /** Whether a lease went unrenewed for its whole life under unbroken observation. */
  isOver(key: string): boolean {
    const entry = this.entries.get(key);
    return entry !== undefined && this.silence(entry) >= this.options.ttlMs;
  }

  /**
   * The leases that may end now. Where more than half of a service fell silent together, none of that service's ends. Silent
   * is who missed a renewal already, and who ended within the last life: agents renew at different moments, and a partition
   * must not take a service down one by one.
   */
  judge(): Ending[] {
    const now = this.options.now();
    while (this.ended[0] && now - this.ended[0].at > this.options.ttlMs) this.ended.shift();
    const over = [...this.entries].filter(([, entry]) => this.silence(entry) >= this.options.ttlMs);
    if (over.length === 0) {
      this.keptNow = [];
      return [];
    }
    const counts = this.countServices(new Set(over.flatMap(([, entry]) => this.servicesOf(entry.lease))));
    const endings: Ending[] = [];
    const kept: Kept[] = [];
    for (const [key, entry] of over) {
      const service = this.servicesOf(entry.lease).find((host) => {
        const count = counts.get(host);
        return count !== undefined && count.silent * 2 > count.members;
      });
      if (service === undefined) endings.push({ key, revision: entry.revision, lease: entry.lease });
      else
        kept.push({
          key,
          uid: workloadUid(entry.lease),
          service,
          ...(counts.get(service) ?? { silent: 0, members: 0 }),
        });
    }
    this.keptNow = kept;
    return endings;
  }

  /** A lease that judge() named was ended in the store; it counts as silent for one more life. */
  endedByJudgement(ending: Ending): void {
    this.ended.push({ at: this.options.now(), services: this.servicesOf(ending.lease) });
  }

  /** What changed since the last call, or undefined where nothing did. */
  take(): WorkloadChanges | undefined {
    if (this.changed.size === 0) return undefined;
    const changes: WorkloadChanges = { put: [], remove: [] };
    for (const [uid, workload] of this.changed) {
      if (workload) changes.put.push(workload);
      else changes.remove.push(uid);
    }
    this.changed.clear();
    return changes;
  }

  /** Keys of all leases. */
  keys(): string[] {
    return [...this.entries.keys()];
  }

  /** Leases that ran out and are kept all the same, as of the last judgement. */
  get kept(): readonly Kept[] {
    return this.keptNow;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The store's sequence of the newest write that was folded. */
  get sequence(): number {
    return this.lastSequence;
  }

  private silence(entry: Entry): number {
    if (this.connectedAt === undefined) return 0;
    return this.options.now() - Math.max(entry.seen, this.connectedAt);
  }

  private countServices(of: ReadonlySet<string>): Map<string, { silent: number; members: number }> {
    const counts = new Map([...of].map((service) => [service, { silent: 0, members: 0 }]));
    for (const entry of this.entries.values()) {
      // A renewal is due at a third of the life, so half of it without one is a renewal missed.
      const silent = this.silence(entry) >= this.options.ttlMs / 2;
      for (const service of this.servicesOf(entry.lease)) {
        const count = counts.get(service);
        if (!count) continue;
        count.members += 1;
        if (silent) count.silent += 1;
      }
    }
    for (const { services } of this.ended) {
      for (const service of services) {
        const count = counts.get(service);
        if (!count) continue;
        count.members += 1;
        count.silent += 1;
      }
    }
    return counts;
  }

  private servicesOf(lease: Lease): readonly string[] {
    return this.options.servicesOf(workloadOf(lease));
  }
}
