import type { NatsConnection } from 'nats';
import type { Logger, NatsLink } from '@keelson/edge/service';
import type { ConnectedProxy, Discovery, Rejection } from './discovery';

const encoder = new TextEncoder();
const intervalMs = 100;
const fullEveryMs = 5_000;
const week = 7 * 24 * 3600 * 1e9;

interface Row {
  proxy: string;
  type: string;
  evaluated: string;
  sent: string;
  acked: string;
  /** What it refuses as it is now; the first so many. */
  refused: { type: string; resource: string }[];
}

const toldRefusals = 100;

/**
 * Tells Galley how far the proxies of this Pilot are: every 100 ms those that moved, all of them every 5 s and whenever a
 * Galley asks, and each NACK at once. Without NATS nothing is kept: the next full message makes up for it; NACKs wait, the newest thousand of them.
 */
export class Receipts {
  private readonly moved = new Set<string>();
  private readonly gone = new Set<string>();
  private waiting: Rejection[] = [];
  private announced = '';
  private lastFull = 0;
  private connection: NatsConnection | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly nats: NatsLink,
    private readonly pilot: { id: string; debug: string },
    private readonly discovery: () => Discovery,
    private readonly log: Logger,
  ) {
    nats.onConnect((connection) => {
      this.connection = connection;
      this.lastFull = 0;
      void this.prepare(connection);
    });
    void nats.connection().then(
      (connection) => {
        // The subscription outlives reconnects.
        connection.subscribe(nats.subject('receipts'), {
          callback: (error, question) => {
            if (error) log.warn({ err: error }, 'Galleys cannot ask for receipts');
            else question.respond(this.encoded(Date.now(), true));
          },
        });
      },
      () => undefined,
    );
    nats.onDisconnect(() => {
      this.connection = undefined;
    });
    this.timer = setInterval(() => {
      this.publish(Date.now());
    }, intervalMs);
  }

  proxyMoved(proxy: string): void {
    this.moved.add(proxy);
    this.gone.delete(proxy);
  }

  proxyGone(proxy: string): void {
    this.moved.delete(proxy);
    this.gone.add(proxy);
  }

  rejected(rejection: Rejection): void {
    this.waiting = [...this.waiting.slice(-999), rejection];
    void this.sendRejections();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async prepare(connection: NatsConnection): Promise<void> {
    try {
      const manager = await connection.jetstreamManager();
      const name = this.nats.stream('NACKS');
      await manager.streams
        .add({ name, subjects: [`${this.nats.subject('nacks')}.>`], max_age: week })
        .catch(() => manager.streams.info(name));
      await this.sendRejections();
    } catch (error) {
      this.log.warn({ err: error }, 'the stream of NACKs cannot be made yet');
    }
  }

  private async sendRejections(): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    while (this.waiting.length > 0) {
      const [next] = this.waiting;
      if (!next) return;
      const { proxy, typeUrl, names, message, provenance, revision } = next;
      const [resource] = names;
      const body = {
        format: 1,
        pilot: this.pilot.id,
        proxy,
        type: typeUrl,
        resource,
        message,
        provenance,
        revision,
        time: new Date().toISOString(),
      };
      this.waiting = this.waiting.slice(1);
      try {
        await connection
          .jetstream()
          .publish(this.nats.subject(`nacks.${this.pilot.id}`), encoder.encode(JSON.stringify(body)));
      } catch (error) {
        this.log.warn({ err: error }, 'a NACK could not be reported; trying again');
        this.waiting = [next, ...this.waiting];
        setTimeout(() => void this.sendRejections(), 1_000).unref();
        return;
      }
    }
  }

  private publish(now: number): void {
    const { connection } = this;
    if (!connection) return;
    const { revision } = this.discovery().timeline.now;
    if (revision === '') return;
    const full = now - this.lastFull >= fullEveryMs;
    if (!full && this.moved.size === 0 && this.gone.size === 0 && revision === this.announced) return;
    connection.publish(this.nats.subject(`receipts.${this.pilot.id}`), this.encoded(now, full));
    this.moved.clear();
    this.gone.clear();
    this.announced = revision;
    if (full) this.lastFull = now;
  }

  private encoded(now: number, full: boolean): Uint8Array {
    const { timeline, proxies } = this.discovery();
    // Of two streams of one proxy the newer counts: the older one is about to end.
    const newest = new Map([...proxies.values()].map((proxy) => [proxy.node.id, proxy]));
    const rows = [...newest.values()]
      .filter((proxy) => full || this.moved.has(proxy.node.id) || proxy.acked < timeline.now.tick)
      .map((proxy) => this.row(proxy));
    const message = {
      format: 1,
      pilot: this.pilot.id,
      debug: this.pilot.debug,
      time: new Date(now).toISOString(),
      revision: timeline.now.revision,
      proxies: rows,
      gone: [...this.gone],
      full,
    };
    return encoder.encode(JSON.stringify(message));
  }

  private row({ node, sent, acked, refused }: ConnectedProxy): Row {
    const { timeline } = this.discovery();
    return {
      proxy: node.id,
      type: node.client.kind === 'grpc' ? 'grpc' : node.role,
      // A change that is held back, until a cluster it needs is acknowledged, is not among what was sent.
      evaluated: timeline.at(sent).revision,
      sent: timeline.at(sent).revision,
      acked: timeline.at(acked).revision,
      refused: refused.slice(0, toldRefusals).map(({ typeUrl, name }) => ({ type: typeUrl, resource: name })),
    };
  }
}
