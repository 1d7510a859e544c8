import { setTimeout as pause } from 'node:timers/promises';
import { Empty, ErrorCode, NatsError, RequestStrategy, type NatsConnection, type Subscription } from 'nats';
import { readStream } from '@keelson/edge/config-log';
import type { Logger, NatsLink } from '@keelson/edge/service';
import { readNack, readReceipt } from './messages';
import type { ReceiptBook } from './receipt-book';

export interface ReceiptsIntakeOptions {
  link: NatsLink;
  book: ReceiptBook;
  log: Logger;
  signal: AbortSignal;
  onNack?: () => void;
}

/** How long Pilots are given to answer a Galley that asks; they do at once, unless they are busy. */
const answerMs = 2_000;
const askAgainMs = 200;
const week = 7 * 24 * 3600 * 1e9;

/** Feeds a book with what Pilots publish, until the signal. */
export function takeReceipts(options: ReceiptsIntakeOptions): void {
  const { link, book, signal } = options;
  let subscription: Subscription | undefined;
  void link.connection().then(
    (connection) => {
      // The subscription outlives reconnects.
      subscription = connection.subscribe(`${link.subject('receipts')}.>`, {
        callback: (error, message) => {
          if (error) return;
          read(options, () => {
            book.take(readReceipt(message.data), Date.now());
          });
        },
      });
    },
    () => undefined,
  );
  link.onConnect((connection) => {
    void askPilots(options, connection);
  });
  const timer = setInterval(() => {
    book.passTime(Date.now(), link.connectedSince());
  }, 500);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    subscription?.unsubscribe();
  });
  void takeNacks(options);
}

/** Asks all Pilots for all their proxies, instead of waiting until each has told by itself. */
async function askPilots(options: ReceiptsIntakeOptions, connection: NatsConnection): Promise<void> {
  const { link, book, log, signal } = options;
  const end = Date.now() + answerMs;
  try {
    for (let left = answerMs; left > 0; left = end - Date.now()) {
      const answers = await connection.requestMany(link.subject('receipts'), Empty, {
        strategy: RequestStrategy.Timer,
        maxWait: left,
      });
      try {
        for await (const { data } of answers)
          read(options, () => {
            book.take(readReceipt(data), Date.now());
          });
      } catch (error) {
        if (!(error instanceof NatsError) || error.code !== (ErrorCode.NoResponders as string)) throw error;
        await pause(askAgainMs, undefined, { signal });
      }
    }
    book.settle();
  } catch (error) {
    if (!signal.aborted) log.info({ err: error }, 'Pilots cannot be asked for receipts; waiting for them to tell');
  }
}

async function takeNacks(options: ReceiptsIntakeOptions): Promise<void> {
  const { link, book, log, signal, onNack } = options;
  const stream = link.stream('NACKS');
  const messages = readStream({ link, stream, from: 1, log, signal, check: () => makeStream(link, stream) });
  for await (const { data } of messages)
    read(options, () => {
      book.takeNack(readNack(data));
      onNack?.();
    });
}

/** Whoever comes first makes the stream, Pilot or Galley; both with the same settings. */
async function makeStream(link: NatsLink, name: string): Promise<{ last: number }> {
  const manager = await (await link.connection()).jetstreamManager();
  const info = await manager.streams
    .info(name)
    .catch(() => manager.streams.add({ name, subjects: [`${link.subject('nacks')}.>`], max_age: week }));
  return { last: info.state.last_seq };
}

function read(options: ReceiptsIntakeOptions, take: () => void): void {
  try {
    take();
  } catch (error) {
    options.log.warn({ err: error }, 'a message of a Pilot cannot be read');
  }
}
