import type { RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { differenceOf, wholeOf, type SinkHolds } from './difference';
import { encodeMark, revisionCollection } from './mark';
import type { CollectionCut, ResourceStore } from './resource-store';
import { chunksOf, encodeResponse, type Chunk } from './response';

/** A request that ends the stream, with INVALID_ARGUMENT. */
export class InvalidRequestError extends Error {}

/** A response that the sink refused. */
export interface Refusal {
  collection: string;
  revision: string;
  message: string;
}

export interface SourceStreamOptions {
  /** No message is larger, unless one resource is. */
  chunkBytes?: number;
  onRefused?: (refusal: Refusal) => void;
}

/** Chunks stay well under the 4 MiB that gRPC clients accept unless told otherwise. */
const defaultChunkBytes = 2 * 1024 * 1024;

interface Watch {
  incremental: boolean;
  holds: SinkHolds;
  /** Asked and not yet answered on this stream: it is answered even where nothing changed. */
  fresh: boolean;
  /** The cut that was refused, until a later one is acknowledged: it is not sent again. */
  refused?: CollectionCut;
}

interface Sending {
  target: CollectionCut;
  chunks: Chunk[];
  /** The nonce of the chunk that is under way. */
  nonce?: string;
}

interface Mark {
  /** The revision that was answered last, by ACK or NACK. */
  answered?: string;
  nonce?: string;
}

interface Round {
  revision: string;
  sending: Map<string, Sending>;
  /** The mark is still to be sent. */
  markDue: boolean;
}

/**
 * The source's end of one MCP stream: which messages are due, given the sink's requests. A round cuts all watched
 * collections at one revision; the next starts when each message of it was answered. One message a collection is under
 * way at a time, so a slow sink costs at most that.
 */
export class SourceStream {
  private readonly watches = new Map<string, Watch>();
  private mark: Mark | undefined;
  private round: Round | undefined;
  private nonces = 0;

  constructor(
    private readonly store: ResourceStore,
    private readonly options: SourceStreamOptions = {},
  ) {}

  /** Takes in a request. Throws InvalidRequestError if the stream must end. */
  receive(request: RequestResources): void {
    const collection = request.collection ?? '';
    if (collection !== revisionCollection && !this.store.has(collection))
      throw new InvalidRequestError(`unsupported collection ${JSON.stringify(collection)}`);
    const nonce = request.responseNonce ?? '';
    if (nonce === '') this.subscribe(collection, request);
    else this.answered(collection, nonce, request.errorDetail?.message, request.errorDetail !== undefined);
  }

  /** The messages that can be sent now. Call it after `receive` and whenever the store has changed. */
  due(): Buffer[] {
    const messages: Buffer[] = [];
    while (this.store.revision !== undefined) {
      this.round ??= this.startRound(this.store.revision);
      if (!this.round) break;
      this.sendRound(this.round, messages);
      if (this.isUnderWay(this.round)) break;
      this.round = undefined;
    }
    return messages;
  }

  private subscribe(collection: string, request: RequestResources): void {
    if (collection === revisionCollection) {
      // A mark under way loses its nonce, so that a late answer to it counts for nothing.
      this.mark = {};
      return;
    }
    this.watches.set(collection, {
      incremental: request.incremental ?? false,
      holds: { versions: new Map(Object.entries(request.initialResourceVersions ?? {})) },
      fresh: true,
    });
    this.round?.sending.delete(collection);
  }

  private answered(collection: string, nonce: string, message: string | undefined, refused: boolean): void {
    const revision = this.round?.revision ?? '';
    if (collection === revisionCollection) {
      if (this.mark?.nonce !== nonce) return;
      this.mark = { answered: revision };
    } else {
      const sending = this.round?.sending.get(collection);
      const watch = this.watches.get(collection);
      if (!sending || !watch || sending.nonce !== nonce) return;
      sending.nonce = undefined;
      if (refused) {
        sending.chunks = [];
        watch.refused = sending.target;
      } else if (sending.chunks.length === 0) {
        watch.holds = { cut: sending.target };
        watch.refused = undefined;
      }
    }
    if (refused) this.options.onRefused?.({ collection, revision, message: message ?? '' });
  }

  private startRound(revision: string): Round | undefined {
    const sending = new Map<string, Sending>();
    for (const [collection, watch] of this.watches) {
      const target = this.store.cut(collection);
      if (!watch.fresh && (watch.refused === target || ('cut' in watch.holds && watch.holds.cut === target))) continue;
      const chunks = this.chunksFor(collection, watch, target);
      if (chunks.length > 0) sending.set(collection, { target, chunks });
      else watch.holds = { cut: target };
      watch.fresh = false;
    }
    const markDue = this.mark !== undefined && this.mark.answered !== revision;
    return sending.size > 0 || markDue ? { revision, sending, markDue } : undefined;
  }

  private chunksFor(collection: string, watch: Watch, target: CollectionCut): Chunk[] {
    // Only an incremental sink knows that a part is a part: for any other one it would be a deletion of the rest.
    if (!watch.incremental) return [{ resources: wholeOf(target), removed: [] }];
    const { put, removed } = differenceOf(this.store, collection, watch.holds);
    // A sink that refused folds nothing before it hears of the collection again, be it that nothing is to do.
    const owed = watch.fresh || watch.refused !== undefined;
    if (put.length === 0 && removed.length === 0 && !owed) return [];
    return chunksOf(put, removed, this.options.chunkBytes ?? defaultChunkBytes);
  }

  private sendRound(round: Round, messages: Buffer[]): void {
    for (const [collection, sending] of round.sending) {
      const chunk = sending.nonce === undefined ? sending.chunks.shift() : undefined;
      if (!chunk) continue;
      sending.nonce = this.nextNonce();
      messages.push(
        encodeResponse({
          revision: round.revision,
          collection,
          resources: chunk.resources,
          removed: chunk.removed,
          incremental: this.watches.get(collection)?.incremental ?? false,
          nonce: sending.nonce,
        }),
      );
    }
    // A collection asked for since the round began is not part of it, and a mark must not vouch for it.
    const complete = [...round.sending.values()].every(({ chunks }) => chunks.length === 0) && !this.hasFreshWatch();
    if (!round.markDue || !complete || !this.mark) return;
    round.markDue = false;
    this.mark.nonce = this.nextNonce();
    messages.push(
      encodeResponse({
        revision: round.revision,
        collection: revisionCollection,
        resources: [encodeMark(round.revision)],
        removed: [],
        incremental: false,
        nonce: this.mark.nonce,
      }),
    );
  }

  private isUnderWay(round: Round): boolean {
    for (const { nonce, chunks } of round.sending.values()) if (nonce !== undefined || chunks.length > 0) return true;
    return this.mark?.nonce !== undefined;
  }

  private hasFreshWatch(): boolean {
    for (const { fresh } of this.watches.values()) if (fresh) return true;
    return false;
  }

  private nextNonce(): string {
    return String(++this.nonces);
  }
}
