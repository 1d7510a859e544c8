import { status } from '@grpc/grpc-js';

/** Why a call is refused: what becomes its `grpc-status` and `grpc-message`. */
export interface CallFault {
  readonly code: status;
  readonly details: string;
}

/** Compressed-Flag (1 byte) and Message-Length (4 bytes, big endian), of Length-Prefixed-Message in gRPC over HTTP2. */
export const prefixLength = 5;

/**
 * Puts the one message of a unary request together from the bytes of its DATA frames, however they are cut. Keeps at most
 * twice of what came in, and nothing behind the message.
 */
export class UnaryBody {
  private bytes: Buffer | undefined;
  private length = 0;
  private expected: number | undefined;
  /** Why this can be no request whatever follows. */
  fault: CallFault | undefined;

  constructor(private readonly maxBytes: number) {}

  /** Takes in the next bytes; they are kept as they are, so they must not change. */
  push(chunk: Buffer): void {
    if (this.fault !== undefined || chunk.length === 0) return;
    if (this.bytes === undefined) this.bytes = chunk;
    else this.append(this.bytes, chunk);
    this.length += chunk.length;
    if (this.expected === undefined && this.length >= prefixLength) this.readPrefix(this.bytes);
    if (this.expected !== undefined && this.length > this.expected)
      this.fail({ code: status.UNIMPLEMENTED, details: 'a unary method takes one message, and more came' });
  }

  /** The message, once all bytes came in; undefined where they are no request, and `fault` says why. */
  end(): Buffer | undefined {
    if (this.fault === undefined) {
      if (this.length === 0)
        this.fail({ code: status.UNIMPLEMENTED, details: 'a unary method takes one message, and none came' });
      else if (this.length !== this.expected)
        this.fail({ code: status.INTERNAL, details: 'the request ended within its message' });
    }
    return this.bytes?.subarray(prefixLength, this.expected);
  }

  /** Keeps nothing of the request, and takes no more in. */
  fail(fault: CallFault): void {
    this.fault = fault;
    this.bytes = undefined;
  }

  private readPrefix(bytes: Buffer): void {
    const size = bytes.readUInt32BE(1);
    // Compressed requests name their encoding in a header, and are not read here.
    if (bytes[0] !== 0)
      this.fail({
        code: status.INTERNAL,
        details: 'a message is marked as compressed, and the call names no encoding',
      });
    else if (size > this.maxBytes)
      this.fail({
        code: status.RESOURCE_EXHAUSTED,
        details: `the request has ${size} bytes; ${this.maxBytes} are taken in`,
      });
    else this.expected = prefixLength + size;
  }

  /** Small frames must not each keep the buffer that they came in, so what comes later is copied. */
  private append(bytes: Buffer, chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (bytes.length < needed) {
      this.bytes = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * needed, this.expected ?? 0)));
      bytes.copy(this.bytes, 0, 0, this.length);
    }
    this.bytes?.set(chunk, this.length);
  }
}
