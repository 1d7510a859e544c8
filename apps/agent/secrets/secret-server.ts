import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@keelson/api/envoy/service/discovery/v3/discovery';
import { grpcMethod, GrpcServer, type Logger } from '@keelson/edge/service';
import { BadSecretRequest, DeltaStream, StateStream, type SecretStreamEvents } from './secret-streams';
import type { SecretTable } from './secret-table';

const service = '/envoy.service.secret.v3.SecretDiscoveryService';

/** The methods of Envoy's secret discovery service. */
const secretMethods = {
  streamSecrets: grpcMethod(`${service}/StreamSecrets`, 'bidi', DiscoveryRequest, DiscoveryResponse),
  deltaSecrets: grpcMethod(`${service}/DeltaSecrets`, 'bidi', DeltaDiscoveryRequest, DeltaDiscoveryResponse),
};

/** Serves secrets to the Envoy beside it, on a Unix socket that only its owner can open. */
export class SecretServer {
  private readonly server: GrpcServer;

  constructor(
    private readonly table: SecretTable,
    private readonly log: Logger,
  ) {
    this.server = new GrpcServer({ log, maxReceiveBytes: 1024 * 1024 });
    this.server.addService(secretMethods, {
      streamSecrets: (call: ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>) => {
        this.serve(call, (send) => new StateStream(this.table, this.events, send));
      },
      deltaSecrets: (call: ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>) => {
        this.serve(call, (send) => new DeltaStream(this.table, this.events, send));
      },
    });
  }

  /** Opens the socket; one that a dead process left there is replaced. */
  async listen(path: string): Promise<void> {
    await this.server.listenOnSocket(path);
  }

  stop(): Promise<void> {
    return this.server.stop(0);
  }

  private readonly events: SecretStreamEvents = {
    refused: (names, reason) => {
      this.log.error({ secrets: names, reason }, 'Envoy refused a secret');
    },
    waiting: (name) => {
      this.log.info({ secret: name }, 'Envoy asks for a secret that is not known yet; it is answered when it is');
    },
  };

  private serve<Req, Res>(
    call: ServerDuplexStream<Req, Res>,
    open: (send: (response: Res) => void) => { receive(request: Req): void; close(): void },
  ): void {
    const stream = open((response) => call.write(response));
    call.on('data', (request: Req) => {
      try {
        stream.receive(request);
      } catch (error) {
        if (!(error instanceof BadSecretRequest)) throw error;
        call.emit('error', { code: status.INVALID_ARGUMENT, details: error.message });
      }
    });
    call.on('error', () => {
      stream.close();
    });
    call.on('cancelled', () => {
      stream.close();
    });
    call.on('end', () => {
      stream.close();
      call.end();
    });
  }
}
