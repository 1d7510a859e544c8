import {
  Client,
  Metadata,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { type GrpcMethod } from './grpc-method';

export interface CallOptions {
  metadata?: Record<string, string>;
  timeoutMs?: number;
}

/** A channel to one server, which reconnects by itself, and the calls on it. */
export class GrpcClient {
  readonly #client: Client;

  constructor(
    address: string,
    credentials: ChannelCredentials,
    options: { maxReceiveBytes?: number; keepaliveMs?: number } = {},
  ) {
    this.#client = new Client(address, credentials, {
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? 64 * 1024 * 1024,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.min_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 5_000,
      // A connection shared with another client would keep showing that one's certificate.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Calls a unary method. Rejects with the server's status. */
  unary<Req, Res>(method: GrpcMethod<'unary', Req, Res>, request: Req, options: CallOptions = {}): Promise<Res> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(options.metadata),
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (error: ServiceError | null, response?: Res) => {
          if (error === null) resolve(response as Res);
          else reject(error);
        },
      );
    });
  }

  /** Opens a stream in both directions. */
  bidi<Req, Res>(method: GrpcMethod<'bidi', Req, Res>, options: CallOptions = {}): ClientDuplexStream<Req, Res> {
    const deadline = options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs;
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(options.metadata),
      { deadline },
    );
  }

  /** Opens a stream of answers to one request. */
  serverStream<Req, Res>(method: GrpcMethod<'server-stream', Req, Res>, request: Req): ClientReadableStream<Res> {
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      { deadline: Infinity },
    );
  }

  close(): void {
    this.#client.close();
  }
}

function metadataOf(entries: Record<string, string> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}
