/** Waiting times between attempts: doubled each time up to a limit, with jitter so that many do not come at once. */
export class BackOff {
  private attempts = 0;

  constructor(
    private readonly firstMs = 100,
    private readonly limitMs = 5_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next waiting time in milliseconds. */
  next(): number {
    const full = Math.min(this.limitMs, this.firstMs * 2 ** Math.min(this.attempts++, 30));
    return full * (0.5 + this.random() / 2);
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.attempts = 0;
  }
}
