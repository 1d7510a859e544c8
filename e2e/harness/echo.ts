import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the application of a workload answers: who it is and what it was asked. */
export interface Echo {
  workload: string;
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
}

/**
 * The application of a workload, inside the test process: answers with what it was asked, `/status/503` with that status,
 * `/delay/200` after that many milliseconds, or as the scenario tells it by `behave`.
 */
export class EchoApplication {
  /** Every request that came, in order. */
  readonly requests: Echo[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private behaviour: ((echo: Echo, response: ServerResponse) => boolean) | undefined;

  constructor(private readonly workload: string) {
    // Idle connections are the proxy's to close: a server that closes them races with the next request.
    this.server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.answer(request, response);
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.sockets.size;
  }

  /** Answers requests another way; `false` leaves one to the echo. */
  behave(behaviour: ((echo: Echo, response: ServerResponse) => boolean) | undefined): void {
    this.behaviour = behaviour;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const echo: Echo = {
      workload: this.workload,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
    };
    request.resume();
    this.requests.push(echo);
    if (this.behaviour?.(echo, response) === true) return;
    const [, verb, value] = echo.path.split('/');
    const send = (): void => {
      response.writeHead(verb === 'status' ? Number(value) : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(echo));
    };
    if (verb === 'delay') setTimeout(send, Number(value));
    else send();
  }
}
