import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A `StreamAccessLogsMessage` whose entries are still bytes, so that one that is malformed spoils no other. */
export interface LogFrames {
  /** The name of the log, which only the first message of a stream tells. */
  readonly logName: string | undefined;
  readonly http: readonly Uint8Array[];
  readonly tcp: readonly Uint8Array[];
}

/** Field numbers of `envoy.service.accesslog.v3.StreamAccessLogsMessage` and what it holds. */
const message = { IDENTIFIER: 1, HTTP_LOGS: 2, TCP_LOGS: 3 } as const;
const identifier = { LOG_NAME: 2 } as const;
const logs = { LOG_ENTRY: 1 } as const;

/** Takes a message apart. Throws an Error for what is not protobuf. */
export function readLogFrames(bytes: Uint8Array): LogFrames {
  let logName: string | undefined;
  const http: Uint8Array[] = [];
  const tcp: Uint8Array[] = [];
  eachBytes(bytes, (field, part) => {
    if (field === message.HTTP_LOGS) eachBytes(part, (inner, entry) => inner === logs.LOG_ENTRY && http.push(entry));
    else if (field === message.TCP_LOGS) eachBytes(part, (inner, entry) => inner === logs.LOG_ENTRY && tcp.push(entry));
    else if (field === message.IDENTIFIER)
      eachBytes(part, (inner, name) => {
        if (inner === identifier.LOG_NAME) logName = Buffer.from(name).toString();
      });
  });
  return { logName, http, tcp };
}

function eachBytes(bytes: Uint8Array, take: (field: number, part: Uint8Array) => unknown): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) take(field, reader.bytes());
    else reader.skip(wireType, field);
  }
}
