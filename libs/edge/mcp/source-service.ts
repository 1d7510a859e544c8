import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { peerOf, type PeerIdentity, type ServiceHandlers } from '@keelson/edge/service';
import { RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import type { ResourceStore } from './resource-store';
import { SourceStream, type Refusal } from './source-stream';
import { resourceSource } from './wire';

export interface McpSourceOptions {
  store: ResourceStore;
  /** Throws for a sink that may not read the configuration; without TLS there is no identity to judge. */
  admit?: (peer: PeerIdentity | undefined) => void;
  /** A sink refused a response; `peer` is its address. */
  onRefused?: (refusal: Refusal, peer: string) => void;
  /** Counts streams as they come and go. */
  onStreams?: (open: number) => void;
}

/** The gRPC service `istio.mcp.v1alpha1.ResourceSource` over a store: methods and handlers for a `GrpcServer`. */
export interface McpSourceService {
  methods: typeof resourceSource;
  handlers: ServiceHandlers<typeof resourceSource>;
}

export function mcpSourceService(options: McpSourceOptions): McpSourceService {
  let open = 0;
  const count = (by: number): void => {
    open += by;
    options.onStreams?.(open);
  };
  return {
    methods: resourceSource,
    handlers: {
      EstablishResourceStream: (call) => {
        options.admit?.(peerOf(call));
        count(1);
        serveStream(call, options, () => {
          count(-1);
        });
      },
    },
  };
}

function serveStream(
  call: ServerDuplexStream<Uint8Array, Uint8Array>,
  options: McpSourceOptions,
  onClosed: () => void,
): void {
  const { store, onRefused } = options;
  const stream = new SourceStream(store, { onRefused: (refusal) => onRefused?.(refusal, call.getPeer()) });
  let closed = false;
  let scheduled = false;

  const send = (): void => {
    scheduled = false;
    if (closed) return;
    for (const message of stream.due()) call.write(message);
  };
  // Requests that came in one packet, and commits that were folded in one turn, are answered as one round.
  const schedule = (): void => {
    if (scheduled || closed) return;
    scheduled = true;
    setImmediate(send);
  };
  const unsubscribe = store.onChange(schedule);
  const close = (): void => {
    if (closed) return;
    closed = true;
    unsubscribe();
    onClosed();
  };

  call.on('data', (bytes: Uint8Array) => {
    if (closed) return;
    try {
      stream.receive(RequestResources.decode(bytes));
      schedule();
    } catch (error) {
      close();
      const details = error instanceof Error ? error.message : String(error);
      call.emit('error', { code: status.INVALID_ARGUMENT, details });
    }
  });
  call.on('end', () => {
    close();
    call.end();
  });
  call.on('cancelled', close);
  call.on('error', close);
}
