import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { RegisterRequest, RegisterResponse } from '@keelson/api/keelson/workload/v1/workload';
import {
  GrpcError,
  grpcMethod,
  peerOf,
  type AuthenticatedCall,
  type Logger,
  type PeerIdentity,
} from '@keelson/edge/service';
import { leaseKey, type LeaseContent } from './lease';
import type { LeaseBook } from './lease-book';
import { RevisionConflict, StoreUnavailable, type LeaseStore } from './lease-store';
import { leaseContentOf, registrantOf, type Registrant } from './registration';

/** The methods of keelson.workload.v1.WorkloadService, for servers and clients. */
export const workloadMethods = {
  register: grpcMethod('/keelson.workload.v1.WorkloadService/Register', 'bidi', RegisterRequest, RegisterResponse),
};

export type RegisterCall = ServerDuplexStream<RegisterRequest, RegisterResponse>;

export interface RegisterServiceOptions {
  store: LeaseStore;
  book: LeaseBook;
  trustDomain: string;
  ttlMs: number;
  log: Logger;
  /** A write failed without an answer: renewals may be missing for a reason that is not their agents'. */
  onUnavailable: () => void;
  /** Who is at the other end; by default as its certificate says. */
  peerOf?: (call: AuthenticatedCall) => PeerIdentity | undefined;
}

interface Session {
  registrant: Registrant;
  live: boolean;
  /** Wakes whoever waits inside the session when it ends. */
  end: AbortController;
  key: string;
  content: LeaseContent | undefined;
  revision: number;
}

const retryMs = { first: 200, most: 3_000 };

/** The server side of registration: one stream for each agent, whose messages become writes to the store. */
export class RegisterService {
  /** The newest stream of each lease; an older one has nothing to say any more. */
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly options: RegisterServiceOptions) {}

  readonly handlers = { register: (call: RegisterCall): Promise<void> => this.register(call) };

  get streams(): number {
    return this.sessions.size;
  }

  private async register(call: RegisterCall): Promise<void> {
    const session = this.sessionOf(call);
    call.on('cancelled', () => {
      session.live = false;
      session.end.abort();
    });
    try {
      await this.takeAll(session, call);
      call.end();
    } catch (error) {
      // A broken stream is what the lease is for: it is renewed on another one, or runs out.
      if (session.live) throw error;
    } finally {
      session.live = false;
      session.end.abort();
      if (this.sessions.get(session.key) === session) this.sessions.delete(session.key);
    }
  }

  /**
   * Takes the messages one after another, until the agent ends the stream or it breaks. Not by iterating over the call:
   * leaving such a loop destroys the call before its status is sent.
   */
  private takeAll(session: Session, call: RegisterCall): Promise<void> {
    return new Promise((resolve, reject) => {
      let running = Promise.resolve();
      session.end.signal.addEventListener('abort', () => {
        resolve();
      });
      call.on('error', reject);
      call.on('data', (request: RegisterRequest) => {
        call.pause();
        running = this.take(session, request, call).then((ended) => {
          if (ended) resolve();
          else call.resume();
        });
        running.catch(reject);
      });
      call.on('end', () => {
        running.then(resolve, reject);
      });
    });
  }

  private sessionOf(call: RegisterCall): Session {
    const peer = (this.options.peerOf ?? peerOf)(call);
    if (!peer) throw new GrpcError(status.UNAUTHENTICATED, 'registration needs a client certificate');
    const registrants = peer.spiffeIds.flatMap((id) => registrantOf(id, this.options.trustDomain) ?? []);
    const [registrant] = registrants;
    if (!registrant || registrants.length !== 1)
      throw new GrpcError(
        status.PERMISSION_DENIED,
        `the certificate names no workload of the trust domain ${this.options.trustDomain}`,
      );
    return { registrant, live: true, end: new AbortController(), key: '', content: undefined, revision: 0 };
  }

  /** Handles one message; true ends the stream. */
  private async take(session: Session, request: RegisterRequest, call: RegisterCall): Promise<boolean> {
    this.refuseIfSuperseded(session);
    switch (request.kind?.$case) {
      case 'workload': {
        const content = leaseContentOf(request.kind.value, session.registrant);
        const key = leaseKey(content.namespace, content.uid);
        if (session.key !== '' && session.key !== key)
          throw new GrpcError(status.INVALID_ARGUMENT, 'workload.uid cannot change on a stream');
        session.key = key;
        session.content = content;
        this.supersede(session);
        await this.untilStored(session, content);
        break;
      }
      case 'renewal':
        if (!session.content) throw new GrpcError(status.FAILED_PRECONDITION, 'the first message must be a workload');
        // What cannot be stored now is not answered; the agent renews again, here or at another Pilot.
        if (!(await this.tryStore(session, session.content))) return false;
        break;
      case 'deregistration':
        if (session.content) await this.deregister(session);
        break;
      default:
        throw new GrpcError(status.INVALID_ARGUMENT, 'a message must hold a workload, a renewal or a deregistration');
    }
    if (session.live) call.write({ ttlMs: this.options.ttlMs, lease: session.key });
    return request.kind.$case === 'deregistration';
  }

  private refuseIfSuperseded(session: Session): void {
    if (session.key !== '' && this.sessions.get(session.key) !== session)
      throw new GrpcError(status.ABORTED, 'the workload registered on another stream');
  }

  private supersede(session: Session): void {
    const older = this.sessions.get(session.key);
    this.sessions.set(session.key, session);
    if (!older || older === session) return;
    // Another account must not end this stream: whether it may have the lease is decided before it takes over.
    if (older.registrant.serviceAccount !== session.registrant.serviceAccount) {
      this.sessions.set(session.key, older);
      throw this.denied(session, older.registrant.serviceAccount);
    }
  }

  private async untilStored(session: Session, content: LeaseContent): Promise<void> {
    let wait = retryMs.first;
    while (session.live && this.sessions.get(session.key) === session) {
      if (await this.tryStore(session, content)) return;
      await pause(wait, session.end.signal);
      wait = Math.min(wait * 2, retryMs.most);
    }
  }

  /** Writes the lease on top of what is there; false where the store does not answer. */
  private async tryStore(session: Session, content: LeaseContent): Promise<boolean> {
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        if (session.revision === 0 || attempt > 0) session.revision = await this.claim(session);
        try {
          session.revision = await this.options.store.write(session.key, content, session.revision);
          return true;
        } catch (error) {
          if (!(error instanceof RevisionConflict)) throw error;
        }
        this.refuseIfSuperseded(session);
      }
      return false;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.options.log.debug({ lease: session.key, reason: error.message }, 'a lease cannot be written');
      this.options.onUnavailable();
      return false;
    }
  }

  /** The revision to write upon; another account's lease is taken over only when it ran out. */
  private async claim(session: Session): Promise<number> {
    const { lease, revision } = await this.options.store.read(session.key);
    if (lease && lease.serviceAccount !== session.registrant.serviceAccount && !this.options.book.isOver(session.key))
      throw this.denied(session, lease.serviceAccount);
    return revision;
  }

  private async deregister(session: Session): Promise<void> {
    try {
      await this.options.store.delete(session.key, session.revision);
    } catch (error) {
      // Written meanwhile by another stream of the same workload, or not reachable: then the lease runs out by itself.
      if (!(error instanceof RevisionConflict) && !(error instanceof StoreUnavailable)) throw error;
      this.options.log.info({ lease: session.key, reason: error.message }, 'a lease could not be ended at once');
    }
  }

  private denied(session: Session, holder: string): GrpcError {
    const { namespace, serviceAccount } = session.registrant;
    return new GrpcError(
      status.PERMISSION_DENIED,
      `the uid is registered by service account ${namespace}/${holder}, and the certificate is of ${namespace}/${serviceAccount}`,
    );
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
