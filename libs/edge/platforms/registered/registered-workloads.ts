import type { Workload } from '@keelson/core/mesh';
import type { AuthenticatedCall, Logger, NatsLink, PeerIdentity } from '@keelson/edge/service';
import { KvLeaseStore } from './kv-lease-store';
import { LeaseBook, type Kept, type WorkloadChanges } from './lease-book';
import { MemoryLeaseStore, RevisionConflict, StoreUnavailable, type LeaseFile, type LeaseStore } from './lease-store';
import { RegisterService, workloadMethods, type RegisterCall } from './register-service';

export interface RegisteredWorkloadsOptions {
  /** NATS, whose bucket all Pilots share; without it leases are this Pilot's alone. */
  nats?: NatsLink | undefined;
  /** Where leases are kept over a restart when there is no NATS. */
  file?: LeaseFile | undefined;
  /** Copies of the bucket in a cluster of NATS servers. */
  replicas?: number;
  trustDomain: string;
  /** How long a lease lives without renewal; 30 s by default. */
  ttlMs?: number;
  /** The services that a workload stands behind, as the model has it now. */
  servicesOf: (workload: Workload) => readonly string[];
  log: Logger;
  peerOf?: (call: AuthenticatedCall) => PeerIdentity | undefined;
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** What the registered workloads are like, for people and debug pages. */
export interface WorkloadsReport {
  loaded: boolean;
  leases: number;
  streams: number;
  sequence: number;
  /** Leases that ran out and are kept, because more than half of a service would have ended at once. */
  kept: readonly Kept[];
}

export type WorkloadsListener = (changes: WorkloadChanges, sequence: number) => void;

/** The workloads that agents registered: takes their streams, keeps their leases, and tells of changes of the model. */
export class RegisteredWorkloads {
  /** What a gRPC server is given: `server.addService(workloads.methods, workloads.handlers)`. */
  readonly methods = workloadMethods;
  readonly handlers: { register: (call: RegisterCall) => Promise<void> };
  private readonly store: LeaseStore;
  private readonly book: LeaseBook;
  private readonly service: RegisterService;
  private readonly listeners = new Set<WorkloadsListener>();
  private readonly ttlMs: number;
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private lastTick = 0;
  private judging = false;
  private telling = false;
  private isLoaded = false;
  private keptBefore = '';

  constructor(private readonly options: RegisteredWorkloadsOptions) {
    this.ttlMs = options.ttlMs ?? 30_000;
    this.now = options.now ?? (() => performance.now());
    this.store = options.nats
      ? new KvLeaseStore({
          link: options.nats,
          log: options.log,
          replicas: options.replicas ?? 1,
          timeoutMs: Math.min(5_000, this.ttlMs / 4),
        })
      : new MemoryLeaseStore(options.file);
    this.book = new LeaseBook({ ttlMs: this.ttlMs, now: this.now, servicesOf: options.servicesOf });
    this.service = new RegisterService({
      store: this.store,
      book: this.book,
      trustDomain: options.trustDomain,
      ttlMs: this.ttlMs,
      log: options.log,
      onUnavailable: () => {
        this.interrupted();
      },
      peerOf: options.peerOf,
    });
    this.handlers = this.service.handlers;
  }

  /** Resolves when every lease that is stored was told to the listeners. */
  async start(): Promise<void> {
    await this.store.start({
      put: (key, lease, revision) => {
        this.book.put(key, lease, revision);
        this.tellSoon();
      },
      remove: (key, revision) => {
        this.book.remove(key, revision);
        this.tellSoon();
      },
      connected: () => {
        this.book.connected();
      },
      disconnected: () => {
        this.book.disconnected();
      },
    });
    this.tell();
    this.isLoaded = true;
    this.lastTick = this.now();
    this.timer = setInterval(() => void this.tick(), this.tickMs).unref();
  }

  /** Tells of changes of the model, many at once; a renewal is none. Returns what ends it. */
  onChange(listener: WorkloadsListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get loaded(): boolean {
    return this.isLoaded;
  }

  report(): WorkloadsReport {
    return {
      loaded: this.isLoaded,
      leases: this.book.size,
      streams: this.service.streams,
      sequence: this.book.sequence,
      kept: this.book.kept,
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.store.stop();
  }

  private get tickMs(): number {
    return Math.max(50, this.ttlMs / 10);
  }

  /** Judges leases, but only after the store answered: a store that hangs is as good as none. */
  private async tick(): Promise<void> {
    const late = this.now() - this.lastTick > this.tickMs * 3;
    this.lastTick = this.now();
    // A process that stood still saw no renewals either.
    if (late) this.interrupted();
    if (this.judging || this.book.size === 0) return;
    this.judging = true;
    try {
      const asked = this.now();
      if (!(await this.store.answers()) || this.now() - asked > this.ttlMs / 4) {
        this.interrupted();
        return;
      }
      for (const ending of this.book.judge()) {
        try {
          await this.store.delete(ending.key, ending.revision);
          this.book.endedByJudgement(ending);
          this.options.log.info({ lease: ending.key, uid: ending.lease.uid }, 'a lease ran out');
        } catch (error) {
          if (error instanceof StoreUnavailable) {
            this.interrupted();
            return;
          }
          if (!(error instanceof RevisionConflict)) throw error;
          await this.forgetIfGone(ending.key);
        }
      }
      this.reportKept();
    } catch (error) {
      this.options.log.error({ err: error }, 'leases could not be judged');
    } finally {
      this.judging = false;
    }
  }

  /** A lease that the store itself lost has nothing left to compare with. */
  private async forgetIfGone(key: string): Promise<void> {
    const { lease, revision } = await this.store.read(key);
    if (lease || revision !== 0) return;
    this.book.remove(key, this.book.sequence);
    this.tellSoon();
  }

  private interrupted(): void {
    this.book.interrupted();
  }

  private reportKept(): void {
    const kept = this.book.kept;
    const text = kept.map(({ key }) => key).join();
    if (text !== this.keptBefore && kept.length > 0)
      this.options.log.warn({ kept }, 'leases ran out and are kept: more than half of a service would end at once');
    this.keptBefore = text;
  }

  /** One call for whatever arrives together. */
  private tellSoon(): void {
    if (this.telling || !this.isLoaded) return;
    this.telling = true;
    setImmediate(() => {
      this.telling = false;
      this.tell();
    });
  }

  private tell(): void {
    const changes = this.book.take();
    if (!changes) return;
    for (const listener of this.listeners) listener(changes, this.book.sequence);
  }
}
