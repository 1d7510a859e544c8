import { addEnvoyPolicy, ClientCounters, EnvoyCounters, RemoteBackend } from '@keelson/edge/mixer-client';
import { GrpcServer, type Logger, type TlsIdentity } from '@keelson/edge/service';
import type { AgentWorkload } from '../workload';
import { ownAttributes } from './own-attributes';

export interface MixerClientOptions {
  /** Mixer, as a target of gRPC. */
  address: string;
  /** Shown to Mixer; plaintext without. */
  identity: TlsIdentity | undefined;
  /** The SPIFFE id that Mixer must have. */
  mixerId: string;
  trustDomain: string;
  workload: AgentWorkload;
  log: Logger;
}

/** One Mixer of several that went away is not noticed. */
const transport = { retry: { maxRetry: 3, baseRetryWaitMs: 40, maxRetryWaitMs: 200 } };

/** What is counted of the client, and of the proxy that it serves. */
export interface MixerCounters {
  readonly client: ClientCounters;
  readonly envoy: EnvoyCounters;
}

/** Asks Mixer for the proxy beside it, and tells it what the proxy did. */
export class MixerClient {
  readonly counters: MixerCounters = { client: new ClientCounters(), envoy: new EnvoyCounters() };
  private server: GrpcServer | undefined;
  private backend: RemoteBackend | undefined;

  constructor(private readonly options: MixerClientOptions) {}

  /** Opens the socket on which the proxy asks. */
  async start(path: string): Promise<void> {
    const { address, identity, mixerId, trustDomain, workload, log } = this.options;
    const { client: counters, envoy } = this.counters;
    this.backend = new RemoteBackend({ address, identity, serverId: mixerId, counters, transport, log });
    const inbound = ownAttributes(workload, trustDomain, 'destination');
    const outbound = ownAttributes(workload, trustDomain, 'source');
    this.server = new GrpcServer({ log });
    addEnvoyPolicy(this.server, {
      backend: this.backend,
      local: (direction) => (direction === 'inbound' ? inbound : outbound),
      counters: envoy,
      log,
    });
    await this.server.listenOnSocket(path);
  }

  /** Ends after the proxy: what it told last is passed on. */
  async stop(): Promise<void> {
    await this.server?.stop(0);
    await this.backend?.close();
  }
}
