import { constants, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';

/** What came back on an HTTP/2 stream. */
export interface RawAnswer {
  headers: IncomingHttpHeaders;
  /** The headers of a trailers-only answer count as its trailers too, as gRPC has it. */
  trailers: IncomingHttpHeaders;
  trailersOnly: boolean;
  body: Buffer;
  rstCode: number;
  /** Whether the call was ended from here, because patience was at an end. */
  late: boolean;
}

export interface RawCallOptions {
  headers?: OutgoingHttpHeaders;
  /** What is sent, each in a DATA frame of its own at least. */
  pieces?: readonly Uint8Array[];
  /** Whether the stream is left open behind the pieces. */
  open?: boolean;
  /** After how long the call is cancelled, in milliseconds; it is waited for without an end by default. */
  patienceMs?: number;
}

/** A message with the prefix that gRPC sets before it; the length in it may lie. */
export function framed(message: string | Uint8Array, flag = 0, length = Buffer.byteLength(message)): Buffer {
  const bytes = Buffer.from(message);
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A gRPC call made by hand on an HTTP/2 connection; resolves when its stream is closed. */
export async function rawCall(
  session: ClientHttp2Session,
  path: string,
  { headers, pieces = [], open = false, patienceMs }: RawCallOptions = {},
): Promise<RawAnswer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const answer: RawAnswer = {
    headers: {},
    trailers: {},
    trailersOnly: false,
    body: Buffer.alloc(0),
    rstCode: 0,
    late: false,
  };
  const patience =
    patienceMs === undefined
      ? undefined
      : setTimeout(() => {
          answer.late = true;
          stream.close(constants.NGHTTP2_CANCEL);
        }, patienceMs);
  const closed = new Promise<void>((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('response', (received, flags) => {
      answer.headers = received;
      answer.trailersOnly = (flags & 0x1) !== 0;
      if (answer.trailersOnly) answer.trailers = received;
    });
    stream.on('trailers', (received: IncomingHttpHeaders) => (answer.trailers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      clearTimeout(patience);
      answer.body = Buffer.concat(chunks);
      answer.rstCode = stream.rstCode;
      resolve();
    });
  });
  closed.catch(() => undefined);
  for (const piece of pieces) {
    if (stream.destroyed || stream.closed) break;
    await new Promise<void>((resolve) => {
      stream.write(piece, () => {
        resolve();
      });
    });
  }
  if (!open && !stream.destroyed) stream.end();
  await closed;
  return answer;
}
