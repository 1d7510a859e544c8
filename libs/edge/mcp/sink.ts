import { status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import {
  BackOff,
  channelCredentials,
  GrpcClient,
  type Health,
  type Logger,
  type TlsIdentity,
} from '@keelson/edge/service';
import { Resources, type SinkNode } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { revisionCollection } from './mark';
import type { Round } from './round';
import { SinkHoldings } from './sink-holdings';
import { SinkSession, type SinkLimits } from './sink-session';
import { encodeRequest, maxMessageBytes, resourceSource } from './wire';

export interface McpSinkOptions {
  /** `host:port`, with or without `mcp://`. */
  address: string;
  /** Shown to the source, whose name is checked against its roots; plaintext without. */
  identity?: TlsIdentity | undefined;
  /** The source's SPIFFE id, if that is to be checked instead of its name. */
  serverId?: string;
  collections: readonly string[];
  sinkNode: SinkNode;
  /** The type that each collection's bodies must have, `type.googleapis.com/…`. */
  typeUrls?: Readonly<Record<string, string>>;
  limits?: SinkLimits;
  /** Called with each round; what it throws is sent as a NACK, and the changes come again with the next round. */
  onRound: (round: Round) => void;
  log: Logger;
  health?: Health | undefined;
  signal: AbortSignal;
  backOff?: BackOff;
}

/**
 * Follows an MCP source until the signal, trying again for ever. What was folded stays while there is no connection: a
 * round only ever says what a source said. `health` has the component `mcp`, ready with the first complete round.
 */
export function connectMcpSink(options: McpSinkOptions): void {
  void new SinkConnection(options).run();
}

type Call = ClientDuplexStream<Uint8Array, Uint8Array>;

class SinkConnection {
  private readonly holdings = new SinkHoldings();
  private readonly backOff: BackOff;
  /** What the source said that it does not have; tried again after each connection that worked. */
  private readonly unsupported = new Set<string>();
  private synced = false;

  constructor(private readonly options: McpSinkOptions) {
    this.backOff = options.backOff ?? new BackOff();
  }

  async run(): Promise<void> {
    const { signal, log, health, address } = this.options;
    health?.set('mcp', false, `no configuration yet from ${address}`);
    let said = '';
    while (!signal.aborted) {
      const reason = await this.connectOnce().catch((error: unknown) => String(error));
      if (isAborted(signal)) return;
      if (reason !== said) log.warn({ address, reason }, 'no connection to the configuration source; trying again');
      said = reason;
      // What was received stays in force, so a broken connection does not make this process less ready.
      if (!this.synced) health?.set('mcp', false, `no configuration yet from ${address}: ${reason}`);
      await delay(this.backOff.next(), signal);
    }
  }

  /** One connection from start to end; resolves with why it ended. */
  private async connectOnce(): Promise<string> {
    const { address, identity, serverId, signal } = this.options;
    await identity?.ready();
    const client = new GrpcClient(address.replace(/^mcp:\/\//, ''), channelCredentials(identity, { serverId }), {
      maxReceiveBytes: maxMessageBytes,
      keepaliveMs: 10_000,
    });
    const call: Call = client.bidi(resourceSource.EstablishResourceStream);
    const abort = (): void => {
      call.cancel();
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (isAborted(signal)) call.cancel();
      return await this.follow(call);
    } finally {
      signal.removeEventListener('abort', abort);
      client.close();
    }
  }

  private follow(call: Call): Promise<string> {
    const { sinkNode, collections, typeUrls, limits, log, address } = this.options;
    const session = new SinkSession(this.holdings, {
      sinkNode,
      collections: collections.filter((collection) => !this.unsupported.has(collection)),
      marked: !this.unsupported.has(revisionCollection),
      typeUrls,
      limits,
      onRound: (round) => {
        this.takeRound(round);
      },
      onRefused: (collection, message) => {
        log.warn({ address, collection, reason: message }, 'a response of the configuration source was refused');
      },
    });
    let worked = false;
    return new Promise((resolve) => {
      call.on('data', (bytes: Uint8Array) => {
        if (!worked) log.info({ address }, 'connected to the configuration source');
        worked = true;
        const response = decodeResponse(bytes);
        if (response) {
          call.write(encodeRequest(session.receive(response)));
          return;
        }
        // Without collection and nonce a response cannot be refused by the protocol's means: the connection is.
        log.warn({ address, bytes: bytes.length }, 'the configuration source sent what is no response');
        call.cancel();
      });
      // The status comes as an event of its own too, after the error if it is one.
      call.on('error', () => undefined);
      call.on('status', ({ code, details }: StatusObject) => {
        this.learn(code, details, worked);
        resolve(code === status.OK ? 'the source ended the stream' : details);
      });
      for (const request of session.opening()) call.write(encodeRequest(request));
    });
  }

  private takeRound(round: Round): void {
    this.options.onRound(round);
    this.backOff.reset();
    if (!round.synced || this.synced) return;
    this.synced = true;
    this.options.health?.set('mcp', true);
  }

  /** A source that lacks a collection ends the stream and names it; the next attempt leaves that out. */
  private learn(code: status, details: string, worked: boolean): void {
    const asked = [...this.options.collections, revisionCollection];
    const lacking =
      code === status.INVALID_ARGUMENT
        ? asked.find((collection) => !this.unsupported.has(collection) && names(details, collection))
        : undefined;
    if (lacking !== undefined) this.unsupported.add(lacking);
    else if (worked) this.unsupported.clear();
  }
}

/** The text has the collection's name as a whole word. */
function names(text: string, collection: string): boolean {
  const at = text.indexOf(collection);
  return at >= 0 && !/[\w/]/.test(text.charAt(at - 1)) && !/[\w/]/.test(text.charAt(at + collection.length));
}

function decodeResponse(bytes: Uint8Array): Resources | undefined {
  try {
    return Resources.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Read through a function, for the compiler takes a property that was false to stay so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
