import { Server, ServerCredentials, status, type ServiceDefinition } from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;
const codec = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/**
 * A gRPC server of the service `echo` that tells its name; `x-fail: n` lets its first n calls with that value fail,
 * `/echo.Echo/Slow` takes a second.
 */
export class GrpcEcho {
  private readonly server = new Server();
  private failures = 0;
  port = 0;

  constructor(readonly name: string) {
    const unary = (path: string) => ({ path, requestStream: false, responseStream: false, ...codec });
    const methods: ServiceDefinition = { call: unary('/echo.Echo/Call'), slow: unary('/echo.Echo/Slow') };
    this.server.addService(methods, {
      call: (
        request: { metadata: { get(key: string): unknown[] } },
        answer: (error: object | null, body?: Buffer) => void,
      ) => {
        if (this.failures++ < Number(request.metadata.get('x-fail')[0] ?? 0)) answer({ code: status.UNAVAILABLE });
        else {
          this.failures = 0;
          answer(null, Buffer.from(name));
        }
      },
      slow: (_: unknown, answer: (error: null, body: Buffer) => void) => {
        setTimeout(answer, 1000, null, Buffer.from(name));
      },
    });
  }

  async start(): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    return this;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  /** It as a workload of the mesh, whose version is its name. */
  get entry(): string {
    return `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${this.name} }
spec: { address: 127.0.0.1, ports: { grpc: ${this.port} }, labels: { app: echo, version: ${this.name} } }
`;
  }
}
