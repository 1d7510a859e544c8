import { type ConnectionOptions, type NatsConnection } from 'nats';
import { type Health } from './health';
import { type Logger } from './log';
import { type TlsIdentity } from './tls-identity';

export interface NatsOptions {
  /** `tls://127.0.0.1:4222`, or several with commas; `nats://…` for plaintext. */
  url: string;
  prefix: string;
  /** Shown to the server, whose name is checked against its roots. */
  identity?: TlsIdentity | undefined;
  /** The component; also the prefix of its inbox, which nobody else may read. */
  name: string;
  log: Logger;
  /** Not ready until the first connection; a break later does not change it. */
  health?: Health | undefined;
}

/** A connection to NATS that never gives up, and the names of what is kept there. */
export interface NatsLink {
  /** The connection, once there is one. It stays the same object across reconnects. */
  connection(): Promise<NatsConnection>;
  /** Since when it is connected without a break (ms), or undefined while it is not. */
  connectedSince(): number | undefined;
  onConnect(listener: (connection: NatsConnection) => void): void;
  onDisconnect(listener: () => void): void;
  /** `config.commit` → `mesh.config.commit` */
  subject(name: string): string;
  /** `CONFIG` → `MESH_CONFIG` */
  stream(name: string): string;
  /** `WORKLOADS` → `MESH_WORKLOADS` */
  bucket(name: string): string;
  stop(): Promise<void>;
}

const retryMs = 500;

/** Connects to NATS, and again whenever the connection breaks, each time with the newest certificate. */
export function connectNats(options: NatsOptions): NatsLink {
  const { log, health, identity, prefix } = options;
  const connected = new Set<(connection: NatsConnection) => void>();
  const disconnected = new Set<() => void>();
  const stopping = new AbortController();
  let since: number | undefined;
  let live: NatsConnection | undefined;

  const up = (connection: NatsConnection): void => {
    since = Date.now();
    health?.set('nats', true);
    log.info({ server: connection.getServer() }, 'connected to NATS');
    for (const listener of connected) listener(connection);
  };
  const down = (): void => {
    if (since === undefined) return;
    since = undefined;
    // Still ready: what a component knows it goes on serving, and NATS coming back is not its doing.
    if (!stopping.signal.aborted) log.warn('the connection to NATS broke; connecting again');
    for (const listener of disconnected) listener();
  };

  health?.set('nats', false, 'not connected to NATS yet');
  const first = (async (): Promise<NatsConnection> => {
    // Loaded only here: agents use this library and never speak to NATS.
    const { connect } = await import('nats');
    await identity?.ready();
    for (let said = ''; ; ) {
      try {
        live = await connect(connectionOptions(options));
        break;
      } catch (error) {
        stopping.signal.throwIfAborted();
        const text = error instanceof Error ? error.message : String(error);
        if (text !== said) log.warn({ url: options.url, reason: text }, 'NATS cannot be reached yet');
        said = text;
        health?.set('nats', false, `not connected to NATS: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        stopping.signal.throwIfAborted();
      }
    }
    const connection = live;
    if (stopping.signal.aborted) {
      await connection.close();
      stopping.signal.throwIfAborted();
    }
    up(connection);
    void follow(connection);
    return connection;
  })();
  // Whoever awaits the connection hears of a stop; nobody has to.
  first.catch(() => undefined);

  async function follow(connection: NatsConnection): Promise<void> {
    const events = connection.status();
    const { Events } = await import('nats');
    for await (const event of events) {
      if (event.type === Events.Disconnect) down();
      else if (event.type === Events.Reconnect) up(connection);
      else if (event.type === Events.Error)
        log.warn({ data: event.data, permission: event.permissionContext }, 'NATS reports an error');
    }
    down();
  }

  return {
    connection: () => first,
    connectedSince: () => since,
    onConnect: (listener) => {
      connected.add(listener);
      if (since !== undefined && live !== undefined) listener(live);
    },
    onDisconnect: (listener) => void disconnected.add(listener),
    subject: (name) => `${prefix}.${name}`,
    stream: (name) => `${prefix.toUpperCase()}_${name}`,
    bucket: (name) => `${prefix.toUpperCase()}_${name}`,
    stop: async () => {
      stopping.abort();
      await live?.close();
    },
  };
}

function connectionOptions({ url, identity, name }: NatsOptions): ConnectionOptions {
  const options: ConnectionOptions = {
    servers: url.split(',').map((server) => server.trim().replace(/^(tls|nats):\/\//, '')),
    name,
    inboxPrefix: `_INBOX.${name}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: retryMs,
    reconnectJitterTLS: 100,
    timeout: 5_000,
    pingInterval: 10_000,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
  };
  if (identity === undefined || url.startsWith('nats://')) return options;
  // Read anew at each attempt to connect, so that a reconnect shows the renewed certificate.
  const tls = {
    get key() {
      return identity.current().key;
    },
    get cert() {
      return identity.current().chain;
    },
    get ca() {
      return identity.current().roots;
    },
  };
  return { ...options, tls };
}
