import { createHash } from 'node:crypto';
import {
  DiscardPolicy,
  NatsError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type SeqMsgRequest,
  type StoredMsg,
  type StreamInfo,
} from 'nats';
import { ProblemError, problemError } from '@keelson/core/problems';
import type { Commit, ConfigLog, LogEntry } from '@keelson/core/config';
import type { Logger, NatsLink } from '@keelson/edge/service';
import { readMessage, writeMessage, type BodyStore } from './commit-body';
import { newEpoch } from './memory-log';
import { ObjectStoreBodies } from './object-store-bodies';
import { readStream, StreamEnded } from './stream-reader';

/** The last message that this replica has read: by it a replica knows its own history again. */
export interface ReadMark {
  epoch: string;
  seq: number;
  id: string;
}

export interface JetStreamLogOptions {
  link: NatsLink;
  log: Logger;
  /** Copies of the stream: 1 on a laptop, 3 in a cluster. */
  replicas?: number;
  /** How far an earlier run of this replica had read. */
  remembered?: ReadMark | undefined;
  /** Where that is kept: named to whoever has to delete it, to begin anew. */
  markFile?: string | undefined;
  /** Why the log cannot be opened yet. */
  onWaiting?: (reason: string) => void;
  /** How long an append is tried before it is `unavailable`. */
  appendMs?: number;
  /** How long one publish may take. */
  publishMs?: number;
}

/** The log that is read is another one than before: what was folded from it must be folded anew, from its start. */
export class LogReplacedError extends StreamEnded {}

/** What became of a commit that was published behind a sequence. */
type Fate = { as: 'written'; seq: number } | { as: 'lost' } | { as: 'absent'; lastSeq: number };

const noCommit: Commit = {
  format: 1,
  id: '',
  epoch: '',
  changes: [],
  author: '',
  reason: 'not a commit',
  source: '',
  time: '',
};

const requestMs = 2_000;
const epochKey = 'keelson-epoch';
const streamNameInUse = 10058;
const streamNotFound = 10059;
const messageNotFound = 10037;

/**
 * The log as a JetStream stream, one message a commit. The epoch stands in the stream's metadata, made with the stream;
 * each commit carries the epoch in which it was written, so that a revision never means two things.
 */
export class JetStreamLog implements ConfigLog {
  private readonly stream: string;
  private readonly subject: string;
  private readonly bodies: BodyStore;
  private currentEpoch = '';
  private mark: ReadMark | undefined;
  private looked = '';

  private constructor(private readonly options: JetStreamLogOptions) {
    this.stream = options.link.stream('CONFIG');
    this.subject = options.link.subject('config.commit');
    this.bodies = new ObjectStoreBodies(options.link, options.link.bucket('BODIES'), options.replicas ?? 1);
    this.mark = options.remembered;
  }

  /** Connects to the log, making it if there never was one. Waits for NATS, and for a log that is gone, as long as it takes. */
  static async open(options: JetStreamLogOptions, signal?: AbortSignal): Promise<JetStreamLog> {
    const log = new JetStreamLog(options);
    for (let said = ''; ; ) {
      try {
        log.currentEpoch = await log.settleEpoch('make');
        return log;
      } catch (error) {
        signal?.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== said) {
          options.log.warn({ reason, stream: log.stream }, 'the log cannot be opened yet');
          options.onWaiting?.(reason);
        }
        said = reason;
        await pause(250);
      }
    }
  }

  get epoch(): string {
    return this.currentEpoch;
  }

  /** How far the log was read. */
  get readMark(): ReadMark | undefined {
    return this.mark;
  }

  async last(): Promise<number> {
    const manager = await this.manager();
    try {
      return (await manager.streams.getMessage(this.stream, { last_by_subj: this.subject })).seq;
    } catch (error) {
      if (apiErrorOf(error) === messageNotFound) return 0;
      throw error;
    }
  }

  async append(commit: Commit, expectedSeq: number): Promise<number> {
    const deadline = Date.now() + (this.options.appendMs ?? 15_000);
    let reason = 'NATS does not answer';
    let sent = false;
    let expected = expectedSeq;
    while (Date.now() < deadline) {
      if (commit.epoch !== this.epoch) throw problemError('conflict', `the log is in epoch ${this.epoch} now`);
      if (this.options.link.connectedSince() === undefined) {
        await pause(20);
        continue;
      }
      try {
        const data = await writeMessage(commit, this.bodies);
        const connection = await this.options.link.connection();
        sent = true;
        const ack = await connection.jetstream().publish(this.subject, data, {
          msgID: commit.id,
          timeout: this.options.publishMs ?? 2_000,
          expect: { streamName: this.stream, lastSequence: expected },
        });
        return ack.seq;
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        reason = error instanceof Error ? error.message : String(error);
      }
      // Whatever the answer was, or if none came: the message may be in the log. Only the log knows.
      const fate = await this.fateOf(commit.id, expectedSeq).catch(() => undefined);
      if (fate?.as === 'written') return fate.seq;
      if (fate?.as === 'lost') throw problemError('conflict', `the log is no longer at ${expectedSeq}`);
      // Sequences behind the newest message may have been used by messages that are gone.
      if (fate) expected = Math.max(expectedSeq, fate.lastSeq);
      await pause(50);
    }
    const known = sent
      ? 'it may have been written; the same request with the same Idempotency-Key tells'
      : 'not written';
    throw problemError('unavailable', `the log could not be reached (${reason}): ${known}`);
  }

  async *read(fromSeq: number, signal?: AbortSignal): AsyncGenerator<LogEntry> {
    const { link, log } = this.options;
    const messages = readStream({
      link,
      stream: this.stream,
      from: fromSeq,
      log,
      signal,
      check: (next) => this.check(next),
    });
    for await (const { seq, data, id } of messages) {
      const commit = await this.readCommit(seq, data, signal);
      this.mark = { epoch: this.epoch, seq, id };
      yield { seq, commit };
    }
  }

  /** A message that is no commit counts as one without changes: whoever wrote it, it must not stop the log. */
  private async readCommit(seq: number, data: Uint8Array, signal?: AbortSignal): Promise<Commit> {
    for (let said = ''; ; ) {
      try {
        return await readMessage(data, this.bodies);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (error instanceof ProblemError && error.code !== 'not-supported') {
          this.options.log.error({ seq, reason }, 'a message in the log is no commit; it is left out');
          return { ...noCommit };
        }
        // A newer format or a body that cannot be had yet: going on without it would be another history.
        if (reason !== said) this.options.log.error({ seq, reason }, 'a commit cannot be read; waiting for it');
        said = reason;
        await pause(500);
        signal?.throwIfAborted();
      }
    }
  }

  private async fateOf(id: string, expectedSeq: number): Promise<Fate> {
    const manager = await this.manager();
    const { state } = await this.streamInfo(manager);
    let fate: Fate = { as: 'absent', lastSeq: state.last_seq };
    for (let next = expectedSeq + 1; ; ) {
      const message = await this.messageFrom(manager, next);
      if (!message) return fate;
      if (message.header.get('Nats-Msg-Id') === id) return { as: 'written', seq: message.seq };
      fate = { as: 'lost' };
      next = message.seq + 1;
    }
  }

  /** The first message at or behind a sequence, from the stream's leader. */
  private async messageFrom(manager: JetStreamManager, seq: number): Promise<StoredMsg | undefined> {
    const query: SeqMsgRequest & { next_by_subj: string } = { seq, next_by_subj: this.subject };
    try {
      return await manager.streams.getMessage(this.stream, query);
    } catch (error) {
      if (apiErrorOf(error) === messageNotFound) return undefined;
      throw error;
    }
  }

  private async check(next: number): Promise<{ last: number }> {
    const before = this.currentEpoch;
    const now = await this.settleEpoch('find');
    if (now !== before) {
      this.currentEpoch = now;
      throw new LogReplacedError(`the log is in epoch ${now}, no longer in ${before}`);
    }
    const { state } = await this.streamInfo(await this.manager());
    return { last: Math.max(state.last_seq, next - 1) };
  }

  /**
   * The epoch of the stream; a history other than the one that was read is a new one. Only at the start is a missing
   * stream made, and only by a replica that never read one: one that goes away later is a loss, and an empty log in its
   * place would be taken for the truth.
   */
  private async settleEpoch(missing: 'make' | 'find'): Promise<string> {
    const manager = await this.manager();
    const info = await this.streamInfo(manager).catch((error: unknown) => {
      if (apiErrorOf(error) !== streamNotFound) throw error;
      if (missing === 'find') throw new Error(`the stream ${this.stream} is gone`);
      if (!this.mark) return this.makeStream(manager);
      throw new Error(this.lossOf(this.mark));
    });
    const epoch = info.config.metadata?.[epochKey];
    if (epoch === undefined) return this.renewEpoch(manager, info, 'the stream has no epoch');
    const { mark } = this;
    if (mark?.epoch !== epoch) return epoch;
    // Each look costs that message, so it is taken once a connection, and when the stream became shorter.
    const looked = `${info.created} ${this.options.link.connectedSince() ?? 0}`;
    if (looked === this.looked && info.state.last_seq >= mark.seq) return epoch;
    this.looked = looked;
    const message = await this.messageFrom(manager, mark.seq);
    const same =
      message === undefined
        ? info.state.last_seq >= mark.seq
        : message.seq > mark.seq || message.header.get('Nats-Msg-Id') === mark.id;
    if (same) return epoch;
    this.mark = undefined;
    return this.renewEpoch(manager, info, `what stands at ${mark.seq} is not what was read there`);
  }

  private lossOf({ epoch, seq }: ReadMark): string {
    const anew = `delete ${this.options.markFile ?? 'what it remembers'} and start it again to begin with an empty log`;
    return `the stream ${this.stream} is gone, and this replica has read it up to ${epoch}-${seq}: restore it, or ${anew}`;
  }

  /** Replicas that find the same stream choose the same epoch, whoever writes it first. */
  private async renewEpoch(manager: JetStreamManager, info: StreamInfo, reason: string): Promise<string> {
    const before = info.config.metadata?.[epochKey] ?? '';
    const epoch = nextEpoch(before, info);
    this.options.log.error({ stream: this.stream, before, epoch, reason }, 'the log was restored: a new epoch begins');
    const metadata = { ...info.config.metadata, [epochKey]: epoch };
    const updated = await manager.streams.update(this.stream, { ...info.config, metadata });
    return updated.config.metadata?.[epochKey] ?? epoch;
  }

  private async makeStream(manager: JetStreamManager): Promise<StreamInfo> {
    try {
      return await manager.streams.add({
        name: this.stream,
        subjects: [this.subject],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.New,
        max_age: 0,
        max_msgs: -1,
        max_bytes: -1,
        allow_rollup_hdrs: false,
        num_replicas: this.options.replicas ?? 1,
        metadata: { [epochKey]: newEpoch() },
      });
    } catch (error) {
      // Another replica was faster, with an epoch of its own.
      if (apiErrorOf(error) === streamNameInUse) return this.streamInfo(manager);
      throw error;
    }
  }

  private async manager(): Promise<JetStreamManager> {
    const connection = await this.options.link.connection();
    return connection.jetstreamManager({ timeout: requestMs, checkAPI: false });
  }

  private streamInfo(manager: JetStreamManager): Promise<StreamInfo> {
    return manager.streams.info(this.stream);
  }
}

function nextEpoch(before: string, { created, state }: StreamInfo): string {
  return createHash('sha256').update(`${before} ${created} ${state.last_seq}`).digest('hex').slice(0, 8);
}

function apiErrorOf(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
