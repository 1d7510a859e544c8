import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';

/** A call's end: who answered, or the code and words of the error. */
export interface GrpcAnswer {
  server?: string;
  code?: status;
  details?: string;
}

export interface GrpcCallOptions {
  /** What the client was made for, by default. */
  target?: string;
  method?: string;
  metadata?: Record<string, string>;
  deadlineMs?: number;
}

/** A gRPC client that finds its servers by xDS, in a process of its own. */
export class XdsClient {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: GrpcAnswer) => void>();
  private last = 0;

  /**
   * @param folder where its bootstrap file is written
   * @param pilotPort where it gets discovery in plaintext
   */
  constructor(
    folder: string,
    pilotPort: number,
    private readonly target: string,
  ) {
    const bootstrap = join(folder, 'grpc-bootstrap.json');
    writeFileSync(
      bootstrap,
      JSON.stringify({
        xds_servers: [
          {
            server_uri: `127.0.0.1:${pilotPort}`,
            channel_creds: [{ type: 'insecure' }],
            server_features: ['xds_v3'],
          },
        ],
        node: {
          id: 'sidecar~127.0.0.1~caller.default~default.svc.cluster.local',
          metadata: { GENERATOR: 'grpc', NAMESPACE: 'default' },
          locality: {},
        },
      }),
    );
    this.child = fork(join(__dirname, 'grpc-client.mjs'), [bootstrap], {
      env: { ...process.env, JEST_WORKER_ID: undefined, NODE_ENV: undefined, GRPC_XDS_BOOTSTRAP: bootstrap },
    });
    this.child.on('message', ({ id, ...answer }: GrpcAnswer & { id: number }) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  call({
    target = this.target,
    method = '/echo.Echo/Call',
    metadata = {},
    deadlineMs = 10_000,
  }: GrpcCallOptions = {}): Promise<GrpcAnswer> {
    const id = ++this.last;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.send({ id, target, method, metadata, deadlineMs });
    });
  }

  /** How often each server answered, and each error came, of so many calls one after the other. */
  async calls(count: number, options: GrpcCallOptions = {}): Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const { server, code, details } = await this.call(options);
      const key = server ?? `${status[code ?? 0]}: ${details ?? ''}`;
      seen[key] = (seen[key] ?? 0) + 1;
    }
    return seen;
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const gone = once(this.child, 'exit');
    this.child.kill();
    await gone;
  }
}
