import { type Logger, type NatsLink } from '@keelson/edge/service';
import { StorageType, type ConsumerMessages, type NatsConnection } from 'nats';
import { randomUUID } from 'node:crypto';
import { type CertificateIndex } from './certificate-index';
import { parseLedgerEntry, type LedgerEntry } from './ledger-entry';
import { PendingEntries } from './pending-entries';

const retryMs = 1_000;
const stopMs = 2_000;

/** Writes down every certificate that is given out, on this disk first and then in the mesh's stream. */
export class Ledger {
  #pending: PendingEntries | undefined;
  #publishing: Promise<void> | undefined;
  #stopped = false;
  #following: ConsumerMessages | undefined;

  #link: NatsLink | undefined;

  constructor(readonly options: { file: string; index: CertificateIndex; log: Logger }) {}

  /** Opens the file, and follows the link: what waits is sent whenever there is a connection. */
  async start(link: NatsLink | undefined): Promise<void> {
    this.#pending = await PendingEntries.open(this.options.file);
    this.#link = link;
    link?.onConnect(() => {
      this.#publish();
    });
  }

  /** Lets what is under way arrive, for a moment: the file then holds only what did not. */
  async stop(): Promise<void> {
    this.#stopped = true;
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => (late = setTimeout(resolve, stopMs)));
    await Promise.race([this.#publishing, limit]);
    clearTimeout(late);
    await this.#following?.close();
    await this.#pending?.close();
    this.#pending = undefined;
  }

  /** Records an event. It never refuses: a certificate is not held back because the ledger is away. */
  async record(event: Omit<LedgerEntry, 'format' | 'id' | 'time'>): Promise<void> {
    const entry: LedgerEntry = { format: 1, id: randomUUID(), time: new Date().toISOString(), ...event };
    this.options.index.add(entry);
    try {
      if (this.#pending === undefined) throw new Error('the ledger is not open');
      await this.#pending.add(entry);
    } catch (error) {
      this.options.log.error({ err: error, entry }, 'an entry of the ledger could not be written down');
    }
    this.#publish();
  }

  /** Sends what waits, oldest first, for as long as there is a connection. */
  #publish(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#publishing ??= this.#send(link).finally(() => {
      this.#publishing = undefined;
      // What was added while the last batch was found to be the last one.
      if (!this.#stopped && link.connectedSince() !== undefined && this.#pending?.empty === false) this.#publish();
    });
  }

  async #send(link: NatsLink): Promise<void> {
    while (!this.#ending() && link.connectedSince() !== undefined) {
      try {
        const connection = await link.connection();
        await this.#follow(connection, link);
        const oldest = await this.#pending?.oldest();
        if (oldest === undefined) return;
        const stream = connection.jetstream();
        await Promise.all(
          oldest.entries.map((entry) =>
            stream.publish(link.subject(`ledger.${entry.event}`), JSON.stringify(entry), { msgID: entry.id }),
          ),
        );
        await oldest.remove();
      } catch (error) {
        if (this.#ending()) return;
        this.options.log.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'the ledger does not take entries; they wait on disk',
        );
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    }
  }

  #ending(): boolean {
    return this.#stopped;
  }

  /** Makes the stream, and reads what is in it: by this Citadel before, and by others. */
  async #follow(connection: NatsConnection, link: NatsLink): Promise<void> {
    if (this.#following !== undefined) return;
    const manager = await connection.jetstreamManager();
    const name = link.stream('LEDGER');
    try {
      await manager.streams.info(name);
    } catch {
      await manager.streams.add({ name, subjects: [`${link.subject('ledger')}.>`], storage: StorageType.File });
    }
    const consumer = await connection.jetstream().consumers.get(name);
    this.#following = await consumer.consume({
      callback: (message) => {
        const entry = parseLedgerEntry(message.string());
        if (entry !== undefined) this.options.index.add(entry);
      },
    });
  }
}
