import { pino, type Logger } from 'pino';

/** A log that remembers its lines, and can be waited for. */
export class LogSink {
  readonly lines: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  readonly log: Logger = pino(
    { level: 'debug' },
    {
      write: (text: string) => {
        this.lines.push(JSON.parse(text) as Record<string, unknown>);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      },
    },
  );

  /** Resolves with the first line that holds the text anywhere. */
  async line(text: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.find((line) => JSON.stringify(line).includes(text));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}
