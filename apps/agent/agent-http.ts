import { listenError, type Health, type Logger } from '@keelson/edge/service';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AgentHttpOptions {
  host: string;
  metricsPort: number;
  readinessPort: number;
  health: Health;
  /** The merged metrics. */
  metrics: () => Promise<string>;
  /** Somebody on this machine asked the agent to end. */
  onQuit: () => void;
  log: Logger;
}

interface Answer {
  status: number;
  body: string;
  type?: string;
}

const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 };
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** The agent's two ports: merged metrics and health, and readiness by itself for load balancers. */
export class AgentHttp {
  private readonly servers: Server[] = [];

  constructor(private readonly options: AgentHttpOptions) {}

  /** Opens both ports; gives those that were opened where 0 was asked for. */
  async listen(): Promise<{ metricsPort: number; readinessPort: number }> {
    const { metricsPort, readinessPort } = this.options;
    return {
      metricsPort: await this.open(metricsPort, '--metrics-port', (request) => this.answer(request)),
      readinessPort: await this.open(readinessPort, '--readiness-port', (request) =>
        request.url === '/healthz/ready' ? this.readiness() : notFound,
      ),
    };
  }

  stop(): void {
    for (const server of this.servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async open(
    port: number,
    flag: string,
    answer: (request: IncomingMessage) => Answer | Promise<Answer>,
  ): Promise<number> {
    const { host, log } = this.options;
    const server = createServer(limits, (request, response) => {
      void this.handle(request, response, answer);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(listenError(error, { host, port, flag }));
      });
      server.listen(port, host, resolve);
    });
    server.on('error', (error) => {
      log.error({ err: error }, 'an HTTP server reports an error');
    });
    this.servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  private async handle(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (request: IncomingMessage) => Answer | Promise<Answer>,
  ): Promise<void> {
    request.resume();
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    let result: Answer;
    try {
      result = await answer(request);
    } catch (error) {
      this.options.log.error({ err: error, url: request.url }, 'a request failed');
      result = { status: 500, body: 'internal error; the log says more\n' };
    }
    response.writeHead(result.status, { 'content-type': result.type ?? 'text/plain; charset=utf-8' });
    response.end(result.body);
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '/').split('?', 1)[0];
    switch (path) {
      case '/stats/prometheus':
      case '/metrics':
        return { status: 200, body: await this.options.metrics(), type: metricsType };
      case '/healthz':
        return { status: 200, body: 'ok\n' };
      case '/healthz/ready':
        return this.readiness();
      case '/quitquitquit':
        return this.quit(request);
      default:
        return notFound;
    }
  }

  private readiness(): Answer {
    const { health } = this.options;
    return {
      status: health.ready() ? 200 : 503,
      body: `${JSON.stringify(health.report())}\n`,
      type: 'application/json',
    };
  }

  /** Only a program on this machine, and no page in a browser, may end the agent. */
  private quit(request: IncomingMessage): Answer {
    if (request.method !== 'POST') return { status: 405, body: 'POST ends the agent\n' };
    const from = request.socket.remoteAddress ?? '';
    const local = from === '::1' || /^(::ffff:)?127\./.test(from);
    if (!local || request.headers.origin !== undefined) return { status: 403, body: 'only from this machine\n' };
    this.options.onQuit();
    return { status: 200, body: 'stopping\n' };
  }
}

const notFound: Answer = { status: 404, body: 'there is nothing here\n' };
