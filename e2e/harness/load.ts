import { Agent, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { request } from 'node:http';

export interface LoadOptions {
  /** Requests a second, sent whether earlier ones were answered or not. */
  rate: number;
  connections?: number;
  headers?: Record<string, string>;
  timeoutMs?: number;
}

export interface LoadReport {
  sent: number;
  /** Answers by status. */
  statuses: Record<number, number>;
  /** Requests without an answer, by reason. */
  errors: Record<string, number>;
  /** The first of the answers that were not 200, for the reader of a failure. */
  samples: string[];
  /** Connections that the other side closed while the load ran. */
  closedByPeer: number;
  /** Requests that were not answered with 200. */
  failed: number;
}

/** Sends requests at a steady rate until it is told to stop. */
export class Load {
  private readonly agent: Agent;
  private readonly statuses: Record<number, number> = {};
  private readonly errors: Record<string, number> = {};
  private readonly samples: string[] = [];
  private readonly sockets = new WeakSet<Socket>();
  private readonly pending = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private readonly started = performance.now();
  private sent = 0;
  private closedByPeer = 0;
  private stopping = false;

  constructor(
    private readonly url: string,
    private readonly options: LoadOptions,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: options.connections ?? 16, scheduling: 'fifo' });
    this.timer = setInterval(() => {
      const due = ((performance.now() - this.started) / 1000) * this.options.rate;
      while (this.sent < due) this.send();
    }, 5);
  }

  /** What has come of it so far. */
  get report(): LoadReport {
    const answered = Object.values(this.statuses).reduce((sum, count) => sum + count, 0);
    const errors = Object.values(this.errors).reduce((sum, count) => sum + count, 0);
    return {
      sent: this.sent,
      statuses: { ...this.statuses },
      errors: { ...this.errors },
      samples: [...this.samples],
      closedByPeer: this.closedByPeer,
      failed: answered + errors - (this.statuses[200] ?? 0),
    };
  }

  /** Sends no more, waits for what is under way, and reports. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.timer);
    await Promise.all(this.pending);
    this.stopping = true;
    this.agent.destroy();
    return this.report;
  }

  private send(): void {
    this.sent++;
    const { headers = {}, timeoutMs = 10_000 } = this.options;
    const done = new Promise<void>((resolve) => {
      const call = request(this.url, { agent: this.agent, headers, timeout: timeoutMs });
      call.on('socket', (socket) => {
        this.watch(socket);
      });
      call.on('timeout', () => call.destroy(new Error('timeout')));
      call.on('error', (error: NodeJS.ErrnoException) => {
        this.fail(call, error);
        resolve();
      });
      call.on('response', (response) => {
        const status = response.statusCode ?? 0;
        this.statuses[status] = (this.statuses[status] ?? 0) + 1;
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('close', () => {
          if (status !== 200 && this.samples.length < 5)
            this.samples.push(`${this.at()} HTTP ${status} ${text.slice(0, 200)} ${JSON.stringify(response.headers)}`);
          resolve();
        });
      });
      call.end();
    });
    this.pending.add(done);
    void done.then(() => this.pending.delete(done));
  }

  private fail(call: ClientRequest, error: NodeJS.ErrnoException): void {
    const reason = error.code ?? error.message;
    this.errors[reason] = (this.errors[reason] ?? 0) + 1;
    if (this.samples.length < 5)
      this.samples.push(`${this.at()} ${reason}${call.reusedSocket ? ' (reused connection)' : ''}`);
  }

  private watch(socket: Socket): void {
    if (this.sockets.has(socket)) return;
    this.sockets.add(socket);
    socket.on('close', () => {
      if (!this.stopping) this.closedByPeer++;
    });
  }

  private at(): string {
    return `at ${((performance.now() - this.started) / 1000).toFixed(1)} s:`;
  }
}

/** Sends `count` requests, `parallel` at a time, and counts the answers by what `key` makes of them. */
export async function burst<T extends string | number>(
  count: number,
  parallel: number,
  call: (agent: Agent, i: number) => Promise<T>,
): Promise<Map<T, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const counts = new Map<T, number>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const key = await call(agent, next++);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, worker));
  } finally {
    agent.destroy();
  }
  return counts;
}
