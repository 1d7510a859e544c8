/** Readiness as the sum of what a component depends on; each part says why it is not ready. */
export class Health {
  readonly #parts = new Map<string, { ready: boolean; reason: string | undefined }>();
  readonly #waiting = new Set<() => void>();

  /** Sets the readiness of one part. A part that was never set does not count. */
  set(component: string, ready: boolean, reason?: string): void {
    this.#parts.set(component, { ready, reason: ready ? undefined : reason });
    if (!this.ready()) return;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Whether all parts are ready. */
  ready(): boolean {
    return [...this.#parts.values()].every((part) => part.ready);
  }

  /** Resolves when all parts are ready. */
  async whenReady(): Promise<void> {
    while (!this.ready()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** The parts by name, for the body of `/readyz`. */
  report(): { ready: boolean; parts: Record<string, { ready: boolean; reason?: string }> } {
    const parts = [...this.#parts].map(
      ([name, { ready, reason }]) => [name, reason === undefined ? { ready } : { ready, reason }] as const,
    );
    return { ready: this.ready(), parts: Object.fromEntries(parts) };
  }
}
