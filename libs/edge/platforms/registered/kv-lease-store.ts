import type { Logger, NatsLink } from '@keelson/edge/service';
import {
  headers as natsHeaders,
  NatsError,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
  type KV,
  type KvEntry,
  type QueuedIterator,
  type StreamUpdateConfig,
} from 'nats';
import { decodeLease, encodeLease, type Lease, type LeaseContent } from './lease';
import { RevisionConflict, StoreUnavailable, type LeaseEvents, type LeaseStore } from './lease-store';

const wrongLastSequence = 10071;
/** How long the mark of a deletion stays: who was away for longer finds the key unknown, and judges the lease itself. */
const markLife = '1h';
const retryMs = 500;

export interface KvLeaseStoreOptions {
  link: NatsLink;
  log: Logger;
  /** Copies that a cluster of NATS servers keeps. */
  replicas: number;
  /** How long NATS may take to answer. */
  timeoutMs: number;
}

/**
 * Leases in a NATS bucket. Each time that NATS comes back the bucket is read anew, so nothing that happened in between is
 * missed; a key that is then neither there nor marked as deleted is unknown, not gone, and stays until it is judged.
 */
export class KvLeaseStore implements LeaseStore {
  private readonly bucketName: string;
  private bucket: KV | undefined;
  private stream: JetStreamClient | undefined;
  private watching: QueuedIterator<KvEntry> | undefined;
  private attempt = 0;
  private stopped = false;

  constructor(private readonly options: KvLeaseStoreOptions) {
    this.bucketName = options.link.bucket('WORKLOADS');
  }

  async start(events: LeaseEvents): Promise<void> {
    const { link } = this.options;
    await new Promise<void>((resolve) => {
      const open = (): void => {
        if (this.stopped) return;
        this.attempt += 1;
        void this.open(this.attempt, events, resolve);
      };
      link.onDisconnect(() => {
        this.attempt += 1;
        this.bucket = undefined;
        events.disconnected();
      });
      link.onConnect(open);
    });
  }

  async read(key: string): Promise<{ lease: Lease | undefined; revision: number }> {
    const entry = await this.ask((bucket) => bucket.get(key));
    if (!entry) return { lease: undefined, revision: 0 };
    return { lease: entry.operation === 'PUT' ? decodeLease(entry.string()) : undefined, revision: entry.revision };
  }

  write(key: string, content: LeaseContent, expected: number): Promise<number> {
    return this.ask((bucket) => bucket.put(key, encodeLease(content, Date.now()), { previousSeq: expected }), key);
  }

  delete(key: string, expected: number): Promise<void> {
    return this.ask(async () => {
      const headers = natsHeaders();
      headers.set('KV-Operation', 'DEL');
      headers.set('Nats-Expected-Last-Subject-Sequence', String(expected));
      headers.set('Nats-TTL', markLife);
      await this.stream?.publish(`$KV.${this.bucketName}.${key}`, undefined, { headers });
    }, key);
  }

  async answers(): Promise<boolean> {
    try {
      await this.ask((bucket) => bucket.status());
      return true;
    } catch {
      return false;
    }
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.attempt += 1;
    this.watching?.stop();
    return Promise.resolve();
  }

  /** Opens the bucket and reads it, again and again until it works or another attempt takes over. */
  private async open(attempt: number, events: LeaseEvents, onLoaded: () => void): Promise<void> {
    while (attempt === this.attempt) {
      try {
        const connection = await this.options.link.connection();
        const stream = connection.jetstream({ timeout: this.options.timeoutMs });
        const bucket = await stream.views.kv(this.bucketName, {
          history: 1,
          storage: StorageType.File,
          replicas: this.options.replicas,
        });
        await allowMarksToEnd(await connection.jetstreamManager({ timeout: this.options.timeoutMs }), this.bucketName);
        if (attempt !== this.attempt) return;
        this.stream = stream;
        this.bucket = bucket;
        await this.watch(attempt, bucket, events, onLoaded);
        if (attempt !== this.attempt) return;
        this.options.log.warn({ bucket: this.bucketName }, 'the watch of the workloads ended; it is begun again');
      } catch (error) {
        if (attempt !== this.attempt) return;
        this.options.log.warn({ bucket: this.bucketName, reason: String(error) }, 'the workloads cannot be read yet');
      }
      events.disconnected();
      this.bucket = undefined;
      await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
    }
  }

  /** Follows the bucket until the watch ends. */
  private async watch(attempt: number, bucket: KV, events: LeaseEvents, onLoaded: () => void): Promise<void> {
    this.watching?.stop();
    const iterator = await bucket.watch({
      // Called in the order of the entries: after the last one that was there when the watch began.
      initializedFn: () => {
        if (attempt !== this.attempt) return;
        events.connected();
        onLoaded();
      },
    });
    if (attempt !== this.attempt) {
      iterator.stop();
      return;
    }
    this.watching = iterator;
    for await (const entry of iterator) {
      if (attempt !== this.attempt) return;
      this.fold(entry, events);
    }
  }

  private fold(entry: KvEntry, events: LeaseEvents): void {
    if (entry.operation !== 'PUT') {
      events.remove(entry.key, entry.revision);
      return;
    }
    const lease = decodeLease(entry.string());
    if (lease) events.put(entry.key, lease, entry.revision);
    else this.options.log.error({ key: entry.key }, 'a lease of another format is left alone');
  }

  private async ask<T>(question: (bucket: KV) => Promise<T>, key = ''): Promise<T> {
    const { bucket } = this;
    if (!bucket) throw new StoreUnavailable('there is no connection to NATS');
    try {
      return await question(bucket);
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.err_code === wrongLastSequence)
        throw new RevisionConflict(key);
      throw new StoreUnavailable(String(error));
    }
  }
}

/**
 * Lets single messages have a life of their own, which only marks of deletion are given: leases have none, since watchers
 * hear nothing of what the server takes away by itself.
 */
async function allowMarksToEnd(manager: JetStreamManager, bucket: string): Promise<void> {
  const name = `KV_${bucket}`;
  const { config } = await manager.streams.info(name);
  // The client's types are older than this setting of the server.
  const setting: Partial<StreamUpdateConfig> & { allow_msg_ttl?: boolean } = { allow_msg_ttl: true };
  if ((config as typeof setting).allow_msg_ttl !== true) await manager.streams.update(name, setting);
}
