import { parseRevision } from '@keelson/core/config';

/** Which of two revisions is newer, across epochs in the order in which the log has them. */
export class RevisionOrder {
  private readonly ranks = new Map<string, number>();

  /** A commit of the log, in the log's order. */
  seen(revision: string): void {
    const epoch = parseRevision(revision)?.epoch;
    if (epoch !== undefined && !this.ranks.has(epoch)) this.ranks.set(epoch, this.ranks.size);
  }

  /** Negative if `a` is older than `b`. What is no revision, or of an epoch that the log does not have, is oldest. */
  compare(a: string, b: string): number {
    const [rankA, seqA] = this.place(a);
    const [rankB, seqB] = this.place(b);
    return rankA - rankB || seqA - seqB;
  }

  private place(revision: string): [rank: number, seq: number] {
    const parsed = parseRevision(revision);
    return parsed ? [this.ranks.get(parsed.epoch) ?? -1, parsed.seq] : [-2, 0];
  }
}
