import {
  type Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';

/** How a message becomes bytes and back, as ts-proto's generated objects do it. */
export interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array } | Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** Bytes as they are: for messages that are encoded once and sent many times. */
export const rawCodec: MessageCodec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export type MethodKind = 'unary' | 'client-stream' | 'server-stream' | 'bidi';

/** One gRPC method: its path, its kind, its codecs. */
export interface GrpcMethod<K extends MethodKind, Req, Res> extends MethodDefinition<Req, Res> {
  kind: K;
}

/** What a unary handler can ask of its call. `cancelled` tells that nobody waits for the answer any more. */
export interface UnaryCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getAuthContext(): ReturnType<ServerUnaryCall<never, never>['getAuthContext']>;
}

/** Handlers answer unary calls by returning, and streams by the call that grpc-js hands out. */
export interface GrpcHandlers<Req, Res> {
  unary: (request: Req, call: UnaryCall) => Res | Promise<Res>;
  'client-stream': (call: ServerReadableStream<Req, Res>) => Promise<Res>;
  'server-stream': (call: ServerWritableStream<Req, Res>) => void | Promise<void>;
  bidi: (call: ServerDuplexStream<Req, Res>) => void | Promise<void>;
}

/** The handlers that a service definition asks for. */
export type ServiceHandlers<S> = {
  [N in keyof S]: S[N] extends GrpcMethod<infer K, infer Req, infer Res> ? GrpcHandlers<Req, Res>[K] : never;
};

/** Defines a method for servers and clients alike: `grpcMethod('/pkg.Service/Method', 'unary', Request, Response)`. */
export function grpcMethod<K extends MethodKind, Req, Res>(
  path: string,
  kind: K,
  request: MessageCodec<Req>,
  response: MessageCodec<Res>,
): GrpcMethod<K, Req, Res> {
  return {
    path,
    kind,
    requestStream: kind === 'client-stream' || kind === 'bidi',
    responseStream: kind === 'server-stream' || kind === 'bidi',
    requestSerialize: (message) => bytesOf(request.encode(message)),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (message) => bytesOf(response.encode(message)),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}

function bytesOf(encoded: { finish(): Uint8Array } | Uint8Array): Buffer {
  const bytes = encoded instanceof Uint8Array ? encoded : encoded.finish();
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
