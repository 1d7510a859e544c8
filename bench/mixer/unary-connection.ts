import { connect, type Socket } from 'node:net';
import {
  acknowledged,
  endStream,
  frame,
  frameHeader,
  frameTypes,
  headerFrames,
  type RequestFrames,
} from './request-frames';

/** How a call ended: with a message of so many bytes, or with none, which is a failure. */
export type Done = (messageLength: number | undefined) => void;

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const initialWindow = 65_535;
const largestWindow = 0x7fff_ffff;
const settings = { HEADER_TABLE_SIZE: 1, INITIAL_WINDOW_SIZE: 4 } as const;
/** The number of streams that a client has on one connection. */
const lastStream = 0x7fff_fffd;

/**
 * A connection for unary calls of one gRPC method in plaintext, that costs next to nothing beside the server: requests are
 * framed before, of answers only the frames are read. It knows as much of HTTP/2 (RFC 9113) as that takes.
 */
export class UnaryConnection {
  readonly #socket: Socket;
  readonly #headers: { first: Buffer; next: Buffer };
  readonly #calls = new Map<number, { done: Done; received: number }>();
  #waiting: { request: RequestFrames; done: Done }[] = [];
  #nextStream = 1;
  /** What the server still takes of data. */
  #window = initialWindow;
  #streamWindow = initialWindow;
  #unacknowledged = 0;
  #rest: Buffer | undefined;
  #opened: (() => void) | undefined;

  private constructor(
    port: number,
    method: string,
    readonly failed: (error: Error) => void,
  ) {
    this.#headers = headerFrames(method, `127.0.0.1:${port}`);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => {
      this.#socket.cork();
      try {
        this.#read(chunk);
      } catch (error) {
        this.#fail(error as Error);
      }
      this.#socket.uncork();
    });
    this.#socket.on('error', failed);
    this.#socket.on('close', () => {
      if (this.#calls.size > 0) failed(new Error('the server closed the connection'));
    });
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(settings.INITIAL_WINDOW_SIZE);
    setting.writeUInt32BE(largestWindow, 2);
    this.#socket.write(preface);
    this.#socket.write(frame(frameTypes.SETTINGS, 0, 0, setting));
    this.#openWindow(largestWindow - initialWindow);
  }

  /** Resolves when the server has told its settings. What breaks later is told to `failed`. */
  static open(port: number, method: string, failed: (error: Error) => void): Promise<UnaryConnection> {
    return new Promise((resolve, reject) => {
      const connection = new UnaryConnection(port, method, (error) => {
        reject(error);
        failed(error);
      });
      connection.#opened = () => {
        resolve(connection);
      };
    });
  }

  call(request: RequestFrames, done: Done): void {
    if (request.dataLength > this.#streamWindow)
      throw new Error(`a request of ${request.dataLength} bytes does not fit into the server's window for a stream`);
    if (this.#waiting.length > 0 || request.dataLength > this.#window) this.#waiting.push({ request, done });
    else this.#send(request, done);
  }

  close(): void {
    this.#calls.clear();
    this.#socket.destroy();
  }

  #send({ bytes, dataLength, streamAt }: RequestFrames, done: Done): void {
    const stream = this.#nextStream;
    if (stream > lastStream) throw new Error('the connection has no streams left');
    this.#nextStream += 2;
    this.#window -= dataLength;
    this.#calls.set(stream, { done, received: 0 });
    const headers = stream === 1 ? this.#headers.first : this.#headers.next;
    // A copy: the socket may keep it for longer than until the same request is sent again.
    const all = Buffer.allocUnsafe(headers.length + bytes.length);
    all.set(headers);
    all.set(bytes, headers.length);
    all.writeUInt32BE(stream, 5);
    for (const at of streamAt) all.writeUInt32BE(stream, headers.length + at);
    this.#socket.write(all);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + frameHeader <= bytes.length) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + frameHeader + length;
      if (end > bytes.length) break;
      this.#take(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5), bytes, at + frameHeader, length);
      at = end;
    }
    this.#rest = at === bytes.length ? undefined : bytes.subarray(at);
  }

  #take(type: number, flags: number, stream: number, bytes: Buffer, at: number, length: number): void {
    switch (type) {
      case frameTypes.DATA: {
        this.#unacknowledged += length;
        if (this.#unacknowledged > largestWindow >> 1) {
          this.#openWindow(this.#unacknowledged);
          this.#unacknowledged = 0;
        }
        const call = this.#calls.get(stream);
        if (call !== undefined) call.received += length;
        if ((flags & endStream) !== 0) this.#end(stream);
        break;
      }
      case frameTypes.HEADERS:
        if ((flags & endStream) !== 0) this.#end(stream);
        break;
      case frameTypes.RST_STREAM: {
        const call = this.#calls.get(stream);
        if (call !== undefined) call.received = 0;
        this.#end(stream);
        break;
      }
      case frameTypes.SETTINGS:
        if ((flags & acknowledged) === 0) this.#settle(bytes.subarray(at, at + length));
        break;
      case frameTypes.PING:
        if ((flags & acknowledged) === 0)
          this.#socket.write(frame(type, acknowledged, 0, bytes.subarray(at, at + length)));
        break;
      case frameTypes.WINDOW_UPDATE:
        if (stream === 0) this.#widen(bytes.readUInt32BE(at));
        break;
      case frameTypes.GOAWAY:
        throw new Error(
          `the server gives the connection up, for reason ${bytes.readUInt32BE(at + 4)} (RFC 9113, section 7)`,
        );
    }
  }

  /** A message has a head of five bytes, which an answer without one lacks. */
  #end(stream: number): void {
    const call = this.#calls.get(stream);
    if (call === undefined) return;
    this.#calls.delete(stream);
    call.done(call.received < 5 ? undefined : call.received - 5);
  }

  #settle(told: Buffer): void {
    for (let at = 0; at + 6 <= told.length; at += 6) {
      const value = told.readUInt32BE(at + 2);
      const setting = told.readUInt16BE(at);
      if (setting === settings.INITIAL_WINDOW_SIZE) this.#streamWindow = value;
      // The table of headers would be another one than the indices of later calls speak of.
      if (setting === settings.HEADER_TABLE_SIZE && value < 4096)
        throw new Error(`the server keeps a table of headers of ${value} bytes only`);
    }
    this.#socket.write(frame(frameTypes.SETTINGS, acknowledged, 0, Buffer.alloc(0)));
    this.#opened?.();
    this.#opened = undefined;
  }

  #widen(by: number): void {
    this.#window += by;
    const waiting = this.#waiting;
    let sent = 0;
    for (const { request, done } of waiting) {
      if (request.dataLength > this.#window) break;
      this.#send(request, done);
      sent++;
    }
    if (sent > 0) this.#waiting = waiting.slice(sent);
  }

  #openWindow(by: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(by);
    this.#socket.write(frame(frameTypes.WINDOW_UPDATE, 0, 0, payload));
  }

  #fail(error: Error): void {
    this.#socket.destroy();
    this.failed(error);
  }
}
