import { open, type FileHandle } from 'node:fs/promises';
import { parseLedgerEntry, type LedgerEntry } from './ledger-entry';

const chunkBytes = 256 * 1024;

/**
 * The entries that have not reached the ledger yet, a line each in a file. Adding returns when the line is on disk; many
 * that are added at once share one write.
 */
export class PendingEntries {
  #waiting: { line: string; done: () => void; failed: (error: unknown) => void }[] = [];
  /** The end of what was handed on. */
  #sent = 0;
  /** The end of the last whole write; only behind it can there be a part of one that failed. */
  #size = 0;
  #torn = false;
  /** File operations one after the other: a truncation must not meet a write. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly file: FileHandle) {}

  static async open(path: string): Promise<PendingEntries> {
    const pending = new PendingEntries(await open(path, 'a+', 0o600));
    pending.#size = (await pending.file.stat()).size;
    if (pending.#size > 0) {
      const { buffer } = await pending.file.read(Buffer.alloc(1), 0, 1, pending.#size - 1);
      // A crash tore the last line: it is closed, so that the next one stands alone.
      if (buffer[0] !== 0x0a) pending.#size += (await pending.file.write('\n')).bytesWritten;
    }
    return pending;
  }

  get empty(): boolean {
    return this.#sent === this.#size && this.#waiting.length === 0;
  }

  /** Writes an entry down; resolves once a crash cannot lose it. */
  add(entry: LedgerEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: `${JSON.stringify(entry)}\n`, done: resolve, failed: reject });
      if (this.#waiting.length === 1) void this.#exclusively(() => this.#write());
    });
  }

  /** The oldest entries that wait, and what removes them once they have arrived; undefined when none do. */
  async oldest(): Promise<{ entries: LedgerEntry[]; remove: () => Promise<void> } | undefined> {
    const from = this.#sent;
    if (from === this.#size) return undefined;
    const { buffer, bytesRead } = await this.file.read(
      Buffer.alloc(Math.min(chunkBytes, this.#size - from)),
      0,
      undefined,
      from,
    );
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    const lines = buffer.subarray(0, end).toString().split('\n').slice(0, -1);
    const entries = lines.flatMap((line) => parseLedgerEntry(line) ?? []);
    return { entries, remove: () => this.#exclusively(() => this.#forget(from + end)) };
  }

  async close(): Promise<void> {
    await this.#exclusively(() => this.file.close());
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      await this.#append(Buffer.from(batch.map(({ line }) => line).join('')));
      await this.file.datasync();
      for (const { done } of batch) done();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    // The file grows at its end: what a failed write left there would shift all that follows.
    if (this.#torn) await this.file.truncate(this.#size);
    this.#torn = true;
    for (let at = 0; at < bytes.length; ) at += (await this.file.write(bytes, at)).bytesWritten;
    this.#torn = false;
    this.#size += bytes.length;
  }

  async #forget(until: number): Promise<void> {
    this.#sent = until;
    if (this.#sent < this.#size) return;
    await this.file.truncate(0);
    this.#sent = this.#size = 0;
    this.#torn = false;
  }

  #exclusively<T>(operation: () => Promise<T>): Promise<T> {
    const next = this.#last.then(operation, operation);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
