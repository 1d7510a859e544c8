import { createServer, type IncomingMessage } from 'node:http';

/** What a handler answers. A string is HTML, anything else is sent as JSON. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

export type Handler = (path: string, request: IncomingMessage) => Answer | undefined | Promise<Answer | undefined>;

/** Serves HTTP on $HOST:$PORT until SIGTERM; `/health` answers by itself, what `handle` does not know is 404. */
export function serve(name: string, defaultPort: number, handle: Handler): void {
  // Idle connections are the caller's to close: a server that closes them races with the next request.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const path = new URL(request.url ?? '/', 'http://service').pathname;
    const known = path === '/health' ? { body: { service: name, status: 'healthy' } } : handle(path, request);
    Promise.resolve(known)
      .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }))
      .then((answer: Answer = { status: 404, body: { error: `${name} has no ${path}` } }) => {
        const isPage = typeof answer.body === 'string';
        response.writeHead(answer.status ?? 200, {
          'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json',
          ...answer.headers,
        });
        response.end(isPage ? answer.body : JSON.stringify(answer.body));
      })
      .catch(() => response.destroy());
  });
  const host = process.env.HOST ?? '127.0.0.1';
  const port = Number(process.env.PORT ?? defaultPort);
  server.on('error', (error) => {
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  });
  server.listen(port, host, () => {
    console.log(`${name} listens on ${host}:${port}`);
  });
  const stop = (): void => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
