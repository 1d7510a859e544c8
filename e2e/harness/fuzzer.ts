import { connect, type ClientHttp2Session } from 'node:http2';
import type { TlsMaterial } from '@keelson/edge/service';
import { framed, rawCall } from '@keelson/edge/service/testing';

export interface FuzzReport {
  /** Calls that were made. */
  calls: number;
  messages: number;
  /** How the calls ended, by gRPC status; `late` for those that were ended from here, `none` for those that broke. */
  statuses: Record<string, number>;
}

const patienceMs = 500;
/** Few, since the first that cannot be read ends a call. */
const messagesPerCall = 3;

/**
 * Sends messages to a gRPC method for a time, a call after the other on each of some connections. Messages are bytes as they
 * are, in right frames.
 *
 * @param first begins each call of a streaming method; undefined for a unary one, whose calls have one message
 */
export async function fuzzGrpc(
  address: string,
  { key, chain, roots }: TlsMaterial,
  path: string,
  first: Uint8Array | undefined,
  messages: () => Iterable<Buffer>,
  durationMs: number,
): Promise<FuzzReport> {
  const report: FuzzReport = { calls: 0, messages: 0, statuses: {} };
  const end = Date.now() + durationMs;
  const open = (): ClientHttp2Session => {
    const session = connect(`https://${address}`, {
      key,
      cert: chain,
      ca: roots,
      checkServerIdentity: () => undefined,
    });
    session.on('error', () => undefined);
    return session;
  };
  const connection = async (): Promise<void> => {
    let session = open();
    const waiting: Buffer[] = [];
    while (Date.now() < end) {
      if (session.closed || session.destroyed) session = open();
      while (waiting.length < messagesPerCall) waiting.push(...messages());
      const batch = waiting.splice(0, first === undefined ? 1 : messagesPerCall);
      const status = await call(session, path, first === undefined ? batch : [first, ...batch]);
      report.calls++;
      report.messages += batch.length;
      report.statuses[status] = (report.statuses[status] ?? 0) + 1;
    }
    session.destroy();
  };
  await Promise.all([connection(), connection()]);
  return report;
}

async function call(session: ClientHttp2Session, path: string, batch: readonly Uint8Array[]): Promise<string> {
  const pieces = batch.map((message) => framed(message));
  const { trailers, late } = await rawCall(session, path, { pieces, patienceMs }).catch(() => broken);
  const status = trailers['grpc-status'];
  return typeof status === 'string' ? status : late ? 'late' : 'none';
}

const broken = { trailers: {} as Record<string, unknown>, late: false };
