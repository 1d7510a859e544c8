import type { AdapterLog } from '@keelson/core/policy';
import { setTimeout as delay } from 'node:timers/promises';
import type { Output } from './output';

export interface LineWriterOptions {
  readonly log: AdapterLog;
  /** How many characters may wait; what comes on top is dropped. */
  readonly limit?: number;
  /** How long a write that failed is not tried again. */
  readonly retryMs?: number;
}

const usualLimit = 16 * 1024 * 1024;
const chunkLines = 2048;

/**
 * Writes lines in the background, in their order, one chunk at a time. Lines that come faster than they can be written wait
 * up to a limit; beyond that they are dropped and counted. A write that fails is tried again.
 */
export class LineWriter {
  /** Lines that could not be kept. */
  dropped = 0;
  /** Why the last write failed. */
  failure: string | undefined;
  #waiting: string[] = [];
  #size = 0;
  /** Since when lines are dropped without a break: the count then. */
  #droppedBefore = 0;
  #drained: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(
    readonly output: Output,
    private readonly options: LineWriterOptions,
  ) {}

  /** How many lines were dropped since the last time that all could be written. */
  get dropping(): number {
    return this.dropped - this.#droppedBefore;
  }

  /** Takes a line, which ends with a line feed. */
  write(line: string): void {
    if (this.#closing.signal.aborted) {
      this.dropped++;
      return;
    }
    if (this.#size + line.length > (this.options.limit ?? usualLimit)) {
      if (this.dropped++ === this.#droppedBefore)
        this.options.log.warn(
          { output: this.output.name },
          'lines come faster than they can be written, and are dropped',
        );
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
    // The next turn writes what this one brings, at once.
    this.#drained ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#drain());
  }

  /** Resolves when all lines so far are written. */
  async flush(): Promise<void> {
    while (this.#drained) await this.#drained;
  }

  /** Writes what waits, trying once more where that fails, and closes the output. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.flush();
    await this.output.close();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.length > chunkLines ? this.#waiting.splice(0, chunkLines) : this.#waiting;
      if (lines === this.#waiting) this.#waiting = [];
      const text = lines.join('');
      await this.#put(Buffer.from(text), lines.length);
      this.#size -= text.length;
    }
    const lines = this.dropping;
    if (lines > 0) {
      this.options.log.warn({ output: this.output.name, lines }, 'lines were dropped; others can be written again');
      this.#droppedBefore = this.dropped;
    }
    this.#drained = undefined;
  }

  /** Writes a chunk, however often that takes; gives up only when the writer closes. */
  async #put(bytes: Buffer, lines: number): Promise<void> {
    const { log, retryMs = 1_000 } = this.options;
    let rest = bytes;
    while (rest.length > 0) {
      const last = this.#closing.signal.aborted;
      try {
        rest = rest.subarray(await this.output.write(rest));
        this.failure = undefined;
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        if (this.failure !== failure) log.error({ output: this.output.name, failure }, 'lines cannot be written');
        this.failure = failure;
        if (last) {
          this.dropped += lines;
          return;
        }
        await delay(retryMs, undefined, { ref: false, signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}
