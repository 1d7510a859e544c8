import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { chmodSync, rmSync } from 'node:fs';
import { ProblemError } from '@keelson/core/problems';
import { FatalError } from './fatal-error';
import { serverCredentials } from './grpc-credentials';
import { type GrpcMethod, type MethodKind, type ServiceHandlers } from './grpc-method';
import { type ServerListenOptions } from './http-server';
import { listenError } from './listen-error';
import { type Logger } from './log';
import { grpcStatusOf } from './status-codes';
import { offerStreams } from './stream-offer';
import { type CallFault } from './unary-body';
import { BodyWatch, OthersBody } from './unary-body-watch';
import { answerUnary, type UnaryMethod } from './unary-stream';

export interface GrpcServerOptions {
  log: Logger;
  /** The largest message that is taken in; 4 MiB by default, xDS uses 64 MiB. */
  maxReceiveBytes?: number;
  /** How many calls a connection may have open at one time; more wait at the client. No limit by default. */
  maxStreams?: number;
  /** How long the request of a unary call may take to come in, in milliseconds; ten seconds by default. */
  bodyMs?: number;
  /** How many such requests may be coming in at one time, on all connections; no limit by default. */
  maxBodies?: number;
  /** How often an idle connection is probed. */
  keepaliveMs?: number;
}

/** What a handler throws to answer with a status of its own choice. */
export class GrpcError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
  }
}

type AnyMethod = GrpcMethod<MethodKind, never, never>;
type AnyCall = ServerUnaryCall<unknown, unknown> &
  ServerReadableStream<unknown, unknown> &
  ServerWritableStream<unknown, unknown> &
  ServerDuplexStream<unknown, unknown>;
type AnyHandler = (first: unknown, call?: unknown) => unknown;

/**
 * A gRPC server whose handlers cannot take the process down, and whose certificate is swapped on renewal. Connections and
 * streams are grpc-js's. Plain unary calls, which are most, are answered on their HTTP/2 stream: that costs about half the CPU.
 */
export class GrpcServer {
  readonly #server: Server;
  readonly #log: Logger;
  readonly #maxReceiveBytes: number;
  readonly #unary = new Map<string, UnaryMethod>();
  readonly #streaming = new Set<string>();
  #endings: (() => void)[] = [];

  constructor(options: GrpcServerOptions) {
    this.#log = options.log;
    this.#maxReceiveBytes = options.maxReceiveBytes ?? 4 * 1024 * 1024;
    this.#server = new Server({
      'grpc.max_receive_message_length': this.#maxReceiveBytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': options.maxStreams ?? 0x7fffffff,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.keepalive_permit_without_calls': 1,
    });
    const bodies = new BodyWatch({ bodyMs: options.bodyMs ?? 10_000, maxBodies: options.maxBodies ?? Infinity });
    const offered = offerStreams(this.#server, (stream, headers) => {
      const path = headers[':path'] ?? '';
      const method = this.#unary.get(path);
      if (method !== undefined && answerUnary(stream, headers, method, bodies)) return true;
      // Also what grpc-js collects of a request, or leaves unread where it refuses a call, must come to an end.
      if (!this.#streaming.has(path)) bodies.add(new OthersBody(stream));
      return false;
    });
    if (!offered) this.#log.warn('unary calls go through grpc-js, at twice the cost: its insides have changed');
  }

  /** Adds a service: methods made by `grpcMethod`, and a handler for each. */
  addService<S extends object>(methods: S, handlers: ServiceHandlers<S>): void {
    const implementation: Record<string, unknown> = {};
    for (const [name, method] of Object.entries(methods) as [string, AnyMethod][]) {
      const handler = (handlers as unknown as Record<string, AnyHandler>)[name] as AnyHandler;
      // What is not plain of a unary method, such as compressed requests, is grpc-js's too.
      implementation[name] = this.#guard(method, handler);
      if (method.kind === 'unary') this.#unary.set(method.path, this.#served(method, handler));
      else this.#streaming.add(method.path);
    }
    this.#server.addService(methods as unknown as ServiceDefinition, implementation as UntypedServiceImplementation);
  }

  #served(method: AnyMethod, handler: AnyHandler): UnaryMethod {
    return {
      maxBytes: this.#maxReceiveBytes,
      decode: method.requestDeserialize,
      handle: handler,
      encode: method.responseSerialize as (response: unknown) => Buffer,
      failed: (error) => this.#statusOf(error, method.path),
    };
  }

  #guard(method: AnyMethod, handler: AnyHandler): (call: AnyCall, answer?: sendUnaryData<unknown>) => void {
    const failed = (error: unknown): CallFault => this.#statusOf(error, method.path);
    const run = async (...given: Parameters<AnyHandler>): Promise<unknown> => await handler(...given);
    switch (method.kind) {
      case 'unary':
      case 'client-stream':
        return (call, answer) => {
          const given: Parameters<AnyHandler> = method.kind === 'unary' ? [call.request, call] : [call];
          // What is answered at once costs no promise.
          try {
            const response = handler(...given);
            if (!(response instanceof Promise)) answer?.(null, response);
            else
              response.then(
                (value: unknown) => answer?.(null, value),
                (error: unknown) => answer?.(failed(error)),
              );
          } catch (error) {
            answer?.(failed(error));
          }
        };
      case 'server-stream':
      case 'bidi':
        return (call) => {
          run(call).catch((error: unknown) => {
            call.emit('error', failed(error));
          });
        };
    }
  }

  #statusOf(error: unknown, path: string): CallFault {
    if (error instanceof ProblemError) return { code: grpcStatusOf(error.code), details: error.message };
    if (error instanceof GrpcError) return { code: error.code, details: error.message };
    this.#log.error({ err: error, path }, 'a call failed');
    return { code: status.INTERNAL, details: 'internal error; the log says more' };
  }

  /** Opens a port and tells which it is (when 0 was asked for, any free one). Can be called for several. */
  async listen(options: ServerListenOptions): Promise<number> {
    await options.tls?.ready();
    const { credentials, stop } = serverCredentials(options.tls, options.clientCert ?? 'none');
    this.#endings.push(stop);
    const host = options.host.includes(':') ? `[${options.host}]` : options.host;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`${host}:${options.port}`, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(listenError(error, options));
      });
    });
  }

  /** Opens a Unix socket that only its owner can use; one that a dead process left there is replaced. */
  async listenOnSocket(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(new FatalError(`the socket ${path} cannot be opened: ${error.message}`));
      });
    });
    chmodSync(path, 0o600);
  }

  /** Lets running unary calls end within the given time, then cuts what is left: streams do not end by themselves. */
  async stop(graceMs = 1_000): Promise<void> {
    for (const end of this.#endings) end();
    this.#endings = [];
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }
}
