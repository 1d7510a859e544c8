import { decodeLease, encodeLease, sameContent, type Lease, type LeaseContent } from './lease';

/** What a store tells of its keys, in its own order. */
export interface LeaseEvents {
  put(key: string, lease: Lease, revision: number): void;
  remove(key: string, revision: number): void;
  /** Everything that was there has been told, and whatever comes will be. */
  connected(): void;
  disconnected(): void;
}

/** The revision that a write expected is not the newest one. */
export class RevisionConflict extends Error {}

/** The store cannot be reached, or did not answer: it is not known whether the write was made. */
export class StoreUnavailable extends Error {}

/** Where leases are kept: a NATS bucket that all replicas share, or the memory of one. */
export interface LeaseStore {
  /** Resolves when everything that is stored was told. */
  start(events: LeaseEvents): Promise<void>;
  /** The newest revision of a key, that of a deletion included; 0 where it never was. */
  read(key: string): Promise<{ lease: Lease | undefined; revision: number }>;
  /** Writes where the newest revision is the expected one; throws RevisionConflict or StoreUnavailable. */
  write(key: string, content: LeaseContent, expected: number): Promise<number>;
  /** Deletes where the newest revision is the expected one; throws RevisionConflict or StoreUnavailable. */
  delete(key: string, expected: number): Promise<void>;
  /** Whether the store takes writes just now, asked of itself. */
  answers(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Where a memory store keeps its leases over a restart. */
export interface LeaseFile {
  read(): string | undefined;
  write(text: string): void;
}

/**
 * Leases of a replica that has no NATS. With a file they outlive the process: a Pilot that starts again knows its workloads
 * before their agents are back, and tells no proxy of an empty service.
 */
export class MemoryLeaseStore implements LeaseStore {
  private readonly leases = new Map<string, { lease: Lease; revision: number }>();
  private revision = 0;
  private events: LeaseEvents | undefined;

  constructor(private readonly file?: LeaseFile) {}

  start(events: LeaseEvents): Promise<void> {
    for (const [key, lease] of this.load()) {
      this.leases.set(key, { lease, revision: ++this.revision });
      events.put(key, lease, this.revision);
    }
    this.events = events;
    events.connected();
    return Promise.resolve();
  }

  read(key: string): Promise<{ lease: Lease | undefined; revision: number }> {
    return Promise.resolve(this.leases.get(key) ?? { lease: undefined, revision: 0 });
  }

  write(key: string, content: LeaseContent, expected: number): Promise<number> {
    const before = this.leases.get(key);
    if ((before?.revision ?? 0) !== expected) return Promise.reject(new RevisionConflict(key));
    const lease = decodeLease(encodeLease(content, Date.now()));
    if (!lease) return Promise.reject(new Error(`the lease ${key} cannot be stored`));
    const revision = ++this.revision;
    this.leases.set(key, { lease, revision });
    this.events?.put(key, lease, revision);
    if (!before || !sameContent(before.lease, lease)) this.save();
    return Promise.resolve(revision);
  }

  delete(key: string, expected: number): Promise<void> {
    if (this.leases.get(key)?.revision !== expected) return Promise.reject(new RevisionConflict(key));
    this.leases.delete(key);
    this.events?.remove(key, ++this.revision);
    this.save();
    return Promise.resolve();
  }

  answers(): Promise<boolean> {
    return Promise.resolve(true);
  }

  stop(): Promise<void> {
    this.events = undefined;
    return Promise.resolve();
  }

  private load(): [string, Lease][] {
    const text = this.file?.read();
    if (text === undefined) return [];
    return text.split('\n').flatMap((line): [string, Lease][] => {
      const space = line.indexOf(' ');
      const lease = decodeLease(line.slice(space + 1));
      return lease ? [[line.slice(0, space), lease]] : [];
    });
  }

  private save(): void {
    this.file?.write([...this.leases].map(([key, { lease }]) => `${key} ${JSON.stringify(lease)}\n`).join(''));
  }
}
