import { type Server, type ServerCredentials } from '@grpc/grpc-js';
import { type EventEmitter } from 'node:events';
import { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

/** Answers a stream, or leaves it untouched and says false. */
export type StreamTaker = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** grpc-js has no public way to its HTTP/2 server; this is where it makes one for each address that it is bound to. */
interface ServerParts {
  createHttp2Server?: (credentials: ServerCredentials) => EventEmitter;
}

/**
 * Offers each stream that comes in on any address of a grpc-js server to `take` first; what it leaves goes to grpc-js, on the
 * same connection. False, with the server as it was, where grpc-js is not built as this needs it.
 */
export function offerStreams(server: Server, take: StreamTaker): boolean {
  const parts = server as unknown as ServerParts;
  const create = parts.createHttp2Server?.bind(server);
  if (create === undefined) return false;
  parts.createHttp2Server = (credentials) => {
    const http2Server = create(credentials);
    const others = http2Server.listeners('stream');
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
      if (take(stream, headers)) return;
      for (const listener of others) Reflect.apply(listener, http2Server, [stream, headers, ...rest]);
    });
    return http2Server;
  };
  return true;
}
