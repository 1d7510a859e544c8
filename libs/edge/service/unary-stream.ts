import { Metadata, status } from '@grpc/grpc-js';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type UnaryCall } from './grpc-method';
import { parseGrpcTimeout, percentEncoded } from './grpc-wire';
import { authContextOf } from './peer';
import { prefixLength, UnaryBody, type CallFault } from './unary-body';
import { type BodyWatch, type IncomingBody } from './unary-body-watch';

/** A unary method as it is served. */
export interface UnaryMethod {
  /** The largest request, in bytes. */
  readonly maxBytes: number;
  readonly decode: (bytes: Buffer) => unknown;
  readonly handle: (request: unknown, call: UnaryCall) => unknown;
  readonly encode: (response: unknown) => Buffer;
  /** What is told to the caller of what `handle` or `encode` threw. */
  readonly failed: (error: unknown) => CallFault;
}

const headersOfAnswer = { ':status': 200, 'content-type': 'application/grpc+proto' };
const trailersOfSuccess = { 'grpc-status': '0' };
const followedByTrailers = { waitForTrailers: true };
const lastOfStream = { endStream: true };
/** The longest timer; a call may have more time than that, and then it has no end. */
const longestTimerMs = 0x7fff_ffff;

/**
 * Answers a stream as a call of this method. False, with the stream untouched, for all that is not plain: not gRPC, compressed,
 * or with a time limit that is none.
 */
export function answerUnary(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod,
  bodies: BodyWatch,
): boolean {
  const type = headers['content-type'];
  if (type !== 'application/grpc' && type !== 'application/grpc+proto') return false;
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  const timeout = headers['grpc-timeout'];
  const timeoutMs = typeof timeout === 'string' ? parseGrpcTimeout(timeout) : undefined;
  if (timeout !== undefined && timeoutMs === undefined) return false;
  new UnaryStream(stream, headers, method, bodies).start(timeoutMs);
  return true;
}

/** One unary call on its HTTP/2 stream, by the rules of gRPC over HTTP2. */
class UnaryStream implements UnaryCall, IncomingBody {
  private readonly body: UnaryBody;
  private timer: NodeJS.Timeout | undefined;
  private answered = false;
  private metadataRead: Metadata | undefined;

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly method: UnaryMethod,
    private readonly bodies: BodyWatch,
  ) {
    this.body = new UnaryBody(method.maxBytes);
  }

  start(timeoutMs: number | undefined): void {
    const { stream, body } = this;
    // A reset is an error of the stream; there is nobody left to tell.
    stream.on('error', ignore);
    stream.on('data', (chunk: Buffer) => {
      body.push(chunk);
      if (body.fault !== undefined) this.refuse(body.fault);
    });
    stream.on('end', () => {
      this.run();
    });
    this.bodies.add(this);
    if (timeoutMs !== undefined && timeoutMs <= longestTimerMs) this.limit(timeoutMs);
  }

  get settled(): boolean {
    return this.answered || this.cancelled;
  }

  giveUp(fault: CallFault): void {
    this.body.fail(fault);
    this.refuse(fault);
  }

  get cancelled(): boolean {
    return this.stream.closed || this.stream.destroyed;
  }

  get metadata(): Metadata {
    if (this.metadataRead === undefined) {
      this.metadataRead = Metadata.fromHttp2Headers(this.headers);
      for (const name of ['grpc-timeout', 'grpc-encoding', 'grpc-accept-encoding', 'te', 'content-type'])
        this.metadataRead.remove(name);
    }
    return this.metadataRead;
  }

  getAuthContext(): ReturnType<UnaryCall['getAuthContext']> {
    return authContextOf(this.stream.session);
  }

  private limit(timeoutMs: number): void {
    this.timer = setTimeout(() => {
      this.giveUp({ code: status.DEADLINE_EXCEEDED, details: 'the deadline of the call has passed' });
    }, Math.ceil(timeoutMs));
    this.stream.on('close', () => {
      clearTimeout(this.timer);
    });
  }

  private run(): void {
    this.bodies.remove(this);
    // The readable side of a stream that is reset ends too.
    if (this.settled) return;
    const bytes = this.body.end();
    if (bytes === undefined) {
      this.refuse(this.body.fault as CallFault);
      return;
    }
    let request: unknown;
    try {
      request = this.method.decode(bytes);
    } catch {
      this.refuse({ code: status.INTERNAL, details: 'the request cannot be decoded' });
      return;
    }
    // What is answered at once costs no promise.
    try {
      const response = this.method.handle(request, this);
      if (response instanceof Promise)
        response
          .then((value: unknown) => {
            this.answer(this.method.encode(value));
          })
          .catch((error: unknown) => {
            this.refuse(this.method.failed(error));
          });
      else this.answer(this.method.encode(response));
    } catch (error) {
      this.refuse(this.method.failed(error));
    }
  }

  private answer(message: Buffer): void {
    if (!this.close()) return;
    const { stream } = this;
    const framed = Buffer.allocUnsafe(prefixLength + message.length);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, prefixLength);
    stream.respond(headersOfAnswer, followedByTrailers);
    stream.on('wantTrailers', sendSuccess);
    stream.end(framed);
  }

  /** Answers with headers only, and takes no more of the request in. */
  private refuse({ code, details }: CallFault): void {
    if (!this.close()) return;
    const { stream } = this;
    const fault = { ...headersOfAnswer, 'grpc-status': String(code), 'grpc-message': percentEncoded(details) };
    if (!stream.readableEnded)
      stream.on('finish', () => {
        // Tells the peer to stop sending; RFC 9113, 8.1.
        stream.close(constants.NGHTTP2_NO_ERROR);
      });
    stream.respond(fault, lastOfStream);
  }

  /** Whether there is still somebody to answer, for the first who asks. */
  private close(): boolean {
    if (this.settled) return false;
    this.answered = true;
    this.bodies.remove(this);
    clearTimeout(this.timer);
    return true;
  }
}

function ignore(): void {
  // Nothing to do.
}

function sendSuccess(this: ServerHttp2Stream): void {
  if (!this.closed && !this.destroyed) this.sendTrailers(trailersOfSuccess);
}
