import { problemError, ProblemError, type Problem } from '@keelson/core/problems';
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type Logger } from './log';
import { isLoopback } from './loopback';
import { peerOfSocket, type PeerIdentity } from './peer';
import { httpStatusOf } from './status-codes';

/** A request as handlers see it. */
export interface HttpRequest {
  method: string;
  path: string;
  /** What the pattern's `:names` stood for, decoded; `*` is the rest of the path. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The whole body; refuses with `too-large` past the limit. */
  body(): Promise<Buffer>;
  /** The caller, if it showed a certificate that was verified. */
  peer: PeerIdentity | undefined;
  /** Whether the caller is on this machine. */
  local: boolean;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
}

/** A response: text and bytes as they are, anything else as JSON. */
export interface HttpResponse {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

interface Route {
  method: string;
  parts: string[];
  handler: HttpHandler;
}

const defaultBodyLimit = 10 * 1024 * 1024;
/** How much of a refused body is read and dropped, so that the caller can read the refusal. */
const drainLimit = 64 * 1024 * 1024;

/** Finds the handler of a request by its method and path, and turns errors into answers. */
export class HttpRouter {
  readonly #routes: Route[] = [];

  constructor(
    readonly log: Logger,
    readonly bodyLimit = defaultBodyLimit,
  ) {}

  /** Adds a route. `:name` stands for one part of the path, a last `*` for the rest. */
  route(method: string, pattern: string, handler: HttpHandler): void {
    this.#routes.push({ method, parts: pattern.split('/').slice(1), handler });
  }

  /** Answers one request; never throws. */
  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    // A caller that goes away breaks its own socket only.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    let response: HttpResponse;
    try {
      response = await this.#dispatch(incoming, outgoing);
    } catch (error) {
      response = this.#refusal(error, incoming);
    }
    try {
      send(incoming, outgoing, response);
    } catch (error) {
      this.log.error({ err: error }, 'an answer could not be sent');
      outgoing.destroy();
    }
  }

  async #dispatch(incoming: IncomingMessage, outgoing: ServerResponse): Promise<HttpResponse> {
    const { path, query } = target(incoming.url ?? '/');
    const method = incoming.method ?? 'GET';
    const parts = path.split('/').slice(1);
    const fitting = this.#routes.flatMap((route) => {
      const params = match(route.parts, parts);
      return params === undefined ? [] : [{ route, params }];
    });
    if (fitting.length === 0) throw problemError('not-found', `there is nothing at ${path}`);
    const found = fitting.find(({ route }) => route.method === method || (route.method === 'GET' && method === 'HEAD'));
    if (found === undefined) {
      const allow = [...new Set(fitting.map(({ route }) => route.method))].join(', ');
      return { ...errorBody(405, 'not-supported', `${method} is not served here; ${allow} is`), headers: { allow } };
    }
    const gone = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) gone.abort();
    });
    return found.route.handler({
      method,
      path,
      params: found.params,
      query,
      headers: incoming.headers,
      body: () => readBody(incoming, this.bodyLimit),
      peer: incoming.socket instanceof TLSSocket ? peerOfSocket(incoming.socket) : undefined,
      local: isLoopback(incoming.socket.remoteAddress ?? ''),
      signal: gone.signal,
    });
  }

  #refusal(error: unknown, incoming: IncomingMessage): HttpResponse {
    if (error instanceof ProblemError) {
      return { status: httpStatusOf(error.code), body: { error: { code: error.code, problems: error.problems } } };
    }
    this.log.error({ err: error, method: incoming.method, url: incoming.url }, 'a request failed');
    return errorBody(500, 'internal', 'internal error; the log says more');
  }
}

function errorBody(status: number, code: string, message: string): HttpResponse {
  return {
    status,
    body: { error: { code, problems: [{ code, message }] satisfies (Omit<Problem, 'code'> & { code: string })[] } },
  };
}

function target(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  return { path: path.startsWith('/') ? path : '/', query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
}

function match(pattern: string[], parts: string[]): Record<string, string> | undefined {
  const rest = pattern.at(-1) === '*';
  if (rest ? parts.length < pattern.length : parts.length !== pattern.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, name] of pattern.entries()) {
    if (rest && at === pattern.length - 1) {
      params['*'] = parts.slice(at).join('/');
      break;
    }
    const part = parts[at] ?? '';
    if (!name.startsWith(':')) {
      if (part !== name) return undefined;
      continue;
    }
    if (part === '') return undefined;
    try {
      params[name.slice(1)] = decodeURIComponent(part);
    } catch {
      throw problemError('malformed', `the path part ${JSON.stringify(part)} is not percent-encoded text`);
    }
  }
  return params;
}

async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): ProblemError => problemError('too-large', `the body is larger than ${limit} bytes`);
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) {
        incoming.off('data', onData);
        reject(tooLarge());
      } else chunks.push(chunk);
    };
    incoming.on('data', onData);
    incoming.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
    const broken = (): void => {
      reject(problemError('malformed', 'the body ended early'));
    };
    incoming.on('error', broken);
    incoming.on('close', broken);
  });
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, response: HttpResponse): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const { body } = response;
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const bytes = body === undefined ? '' : raw ? body : `${JSON.stringify(body)}\n`;
  const type = raw ? 'text/plain; charset=utf-8' : 'application/json';
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...response.headers,
  };
  const answer = (): void => {
    if (outgoing.destroyed || outgoing.headersSent) return;
    outgoing.writeHead(response.status, { ...headers, 'content-length': String(Buffer.byteLength(bytes)) });
    outgoing.end(incoming.method === 'HEAD' ? undefined : bytes);
  };
  if (incoming.readableEnded || incoming.complete) {
    answer();
    return;
  }
  // A caller in the middle of a body would take the end of the connection for a failure and never read why: what the handler
  // did not read is dropped first, within bounds.
  headers.connection = 'close';
  let dropped = 0;
  incoming.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > drainLimit) answer();
  });
  incoming.once('end', answer);
  incoming.once('close', answer);
  incoming.resume();
}
