import { DeliverPolicy, type ConsumerMessages, type JsMsg } from 'nats';
import type { Logger, NatsLink } from '@keelson/edge/service';

/** A message of a stream at its place. */
export interface StreamMessage {
  seq: number;
  data: Uint8Array;
  id: string;
}

export interface StreamReaderOptions {
  link: NatsLink;
  stream: string;
  from: number;
  log: Logger;
  signal?: AbortSignal | undefined;
  /**
   * Looks at the stream after each connection and every second, given the next sequence to be read. What it throws as a
   * StreamEnded ends the reading; anything else is tried again.
   */
  check?: (next: number) => Promise<{ last: number }>;
}

/** Ends the reading of a stream for good. */
export class StreamEnded extends Error {}

const watchMs = 1_000;
const retryMs = 200;

/** Every message of a stream from a sequence on, in order and each once, across broken connections, until the signal. */
export async function* readStream(options: StreamReaderOptions): AsyncGenerator<StreamMessage> {
  const { link, log, signal } = options;
  let next = options.from;
  let said = '';
  const connected = new Gate(link.connectedSince() !== undefined);
  let messages: ConsumerMessages | undefined;
  const restart = (): void => {
    messages?.stop();
    messages = undefined;
  };
  link.onConnect(() => {
    restart();
    connected.open();
  });
  link.onDisconnect(() => {
    restart();
    connected.close();
  });
  const onAbort = (): void => {
    restart();
    connected.open();
  };
  signal?.addEventListener('abort', onAbort, { once: true });

  while (!isAborted(signal)) {
    await connected.opened();
    if (isAborted(signal)) return;
    let watch: NodeJS.Timeout | undefined;
    try {
      const connection = await link.connection();
      await options.check?.(next);
      const consumer = await connection
        .jetstream()
        .consumers.get(options.stream, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: next });
      messages = await consumer.consume({ max_messages: 1_000, idle_heartbeat: watchMs });
      const failed = new Failure();
      watch = watchProgress(options, () => next, restart, failed);
      for await (const message of messages as AsyncIterable<JsMsg>) {
        if (message.seq < next) continue;
        next = message.seq + 1;
        said = '';
        yield { seq: message.seq, data: message.data, id: message.headers?.get('Nats-Msg-Id') ?? '' };
      }
      failed.rethrow();
    } catch (error) {
      if (error instanceof StreamEnded) throw error;
      if (isAborted(signal)) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== said)
        log.warn({ reason, stream: options.stream, next }, 'reading a stream broke off; trying again');
      said = reason;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    } finally {
      clearInterval(watch);
      restart();
    }
  }
}

/** A consumer that the server lost gives no message and no error: the stream's own count tells. */
function watchProgress(
  { check, log, stream }: StreamReaderOptions,
  next: () => number,
  restart: () => void,
  failed: Failure,
): NodeJS.Timeout {
  let before = -1;
  let busy = false;
  return setInterval(() => {
    if (busy || !check) return;
    busy = true;
    const at = next();
    check(at)
      .then(({ last }) => {
        const stuck = last >= at && at === before && at === next();
        before = at;
        if (!stuck) return;
        log.warn({ stream, next: at, last }, 'a stream gave nothing although there is more; reading anew');
        restart();
      })
      .catch((error: unknown) => {
        if (!(error instanceof StreamEnded)) return;
        failed.set(error);
        restart();
      })
      .finally(() => {
        busy = false;
      });
  }, watchMs);
}

class Failure {
  private error: Error | undefined;

  set(error: Error): void {
    this.error = error;
  }

  rethrow(): void {
    if (this.error) throw this.error;
  }
}

/** Lets those who wait through while it is open. */
class Gate {
  private waiting: (() => void)[] = [];

  constructor(private isOpen: boolean) {}

  open(): void {
    this.isOpen = true;
    for (const go of this.waiting.splice(0)) go();
  }

  close(): void {
    this.isOpen = false;
  }

  async opened(): Promise<void> {
    if (!this.isOpen) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/** Read through a function, for the compiler takes a property that was false to stay so. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}
