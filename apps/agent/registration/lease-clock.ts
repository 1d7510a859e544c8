/** What is due on a registration stream. */
export type Due = 'nothing' | 'renew' | 'leave';

/**
 * When to renew a lease and when to leave a Pilot that does not answer, on the agent's own clock. A lease is renewed at a
 * third of its life; a Pilot that left a message unanswered for as long may have lost NATS, while others still judge.
 */
export class LeaseClock {
  private sentAt: number;
  private unansweredSince: number | undefined;

  constructor(
    now: number,
    private ttlMs: number,
  ) {
    this.sentAt = now;
    this.unansweredSince = now;
  }

  /** A message was sent. */
  sent(now: number): void {
    this.sentAt = now;
    this.unansweredSince ??= now;
  }

  /** Pilot answered: what it was sent is stored. */
  answered(ttlMs: number): void {
    this.unansweredSince = undefined;
    if (ttlMs > 0) this.ttlMs = ttlMs;
  }

  due(now: number): Due {
    if (this.unansweredSince !== undefined && now - this.unansweredSince >= this.third) return 'leave';
    return now - this.sentAt >= this.third ? 'renew' : 'nothing';
  }

  /** Milliseconds until something is due. */
  wait(now: number): number {
    const renewal = this.sentAt + this.third;
    const leaving = this.unansweredSince === undefined ? Infinity : this.unansweredSince + this.third;
    return Math.max(1, Math.min(renewal, leaving) - now);
  }

  private get third(): number {
    return this.ttlMs / 3;
  }
}
