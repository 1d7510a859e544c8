/** Types of frames (RFC 9113, section 6). */
export const frameTypes = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;
export const frameHeader = 9;
export const endStream = 1;
export const acknowledged = 1;

const endHeaders = 4;
/** No peer may refuse frames of this size. */
const largestFrame = 16_384;

/** A frame as it goes over the wire. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeader + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeader);
  return bytes;
}

/** The frames of one gRPC message, its stream left open: made once, copied and numbered for each call. */
export interface RequestFrames {
  readonly bytes: Buffer;
  /** What it takes of the peer's window for data. */
  readonly dataLength: number;
  /** Where the stream's number stands. */
  readonly streamAt: readonly number[];
}

/** Frames the data of a call; the last one ends the client's side. */
export function dataFrames(message: Uint8Array): RequestFrames {
  const data = Buffer.allocUnsafe(5 + message.length);
  data[0] = 0;
  data.writeUInt32BE(message.length, 1);
  data.set(message, 5);
  const frames: Buffer[] = [];
  const streamAt: number[] = [];
  let length = 0;
  for (let at = 0; at < data.length; at += largestFrame) {
    const part = data.subarray(at, at + largestFrame);
    const last = at + part.length === data.length;
    streamAt.push(length + 5);
    frames.push(frame(frameTypes.DATA, last ? endStream : 0, 0, part));
    length += frameHeader + part.length;
  }
  return { bytes: Buffer.concat(frames), dataLength: data.length, streamAt };
}

/**
 * The headers of a call as clients of gRPC send them, in the form of HPACK (RFC 7541): the first call of a connection puts
 * what does not change into the peer's table, those behind it are some bytes of indices into it.
 */
export function headerFrames(method: string, authority: string): { first: Buffer; next: Buffer } {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
  // Indices of the static table: ":method: POST" 3, ":scheme: http" 6; names ":path" 4, ":authority" 1, "content-type" 31,
  // "user-agent" 58.
  const plain = [0x80 | 3, 0x80 | 6];
  const indexed = [
    Buffer.concat([Buffer.of(0x40 | 4), text(method)]),
    Buffer.concat([Buffer.of(0x40 | 1), text(authority)]),
    Buffer.concat([Buffer.of(0x40 | 31), text('application/grpc')]),
    Buffer.concat([Buffer.of(0x40 | 58), text('keelson-bench')]),
    Buffer.concat([Buffer.of(0x40), text('te'), text('trailers')]),
  ];
  // The table of what was put there begins at 62 with the newest.
  const references = indexed.map((_, i) => 0x80 | (61 + indexed.length - i));
  return {
    first: frame(frameTypes.HEADERS, endHeaders, 0, Buffer.concat([Buffer.from(plain), ...indexed])),
    next: frame(frameTypes.HEADERS, endHeaders, 0, Buffer.from([...plain, ...references])),
  };
}
