import type { Nack, ReceiptMessage, Watermark } from './messages';
import { RevisionOrder } from './revision-order';

/** How a revision fares at the proxies that were connected when it was committed and still are. */
export interface RevisionReceipts {
  proxies: number;
  acked: number;
  pending: number;
  /** The revision by which they have it, where none of them was given this one by itself. */
  superseded?: string;
  /** What proxies refuse of it, or still refuse of older ones. */
  nacks: ShownNack[];
  /** What was refused of it once: the proxy has gone, or holds something else by now. */
  pastNacks: ShownNack[];
  waitingFor: string[];
}

type ShownNack = Pick<Nack, 'proxy' | 'type' | 'resource' | 'message' | 'provenance'>;

/** A proxy as `proxy-status` shows it. */
export interface ProxyRow {
  proxy: string;
  type: string;
  revision: string;
  sent: string;
  acked: string;
  nack: (Omit<ShownNack, 'proxy'> & { revision: string }) | null;
  pilot: string;
  debug: string;
}

interface Proxy extends Watermark {
  pilot: string;
  /** Which message of its Pilot named `evaluated`; after a later one that does not list it, the Pilot's counts. */
  listedIn: number;
}

interface Pilot {
  debug: string;
  revision: string;
  messages: number;
  heardAt: number;
  proxies: Set<string>;
}

interface CommitRecord {
  /** Connected at the commit; undefined if that was not known. */
  cohort: ReadonlySet<string> | undefined;
  /** Pilots that went past it, and to where. */
  skippedBy: Map<string, string>;
}

const keptCommits = 5_000;
const keptNacks = 10_000;
/** Pilots tell of all their proxies every 5 s; before that time nobody knows who there is. */
const settleMs = 6_000;
/** A Pilot that was silent for three full messages is gone, if it could have been heard. */
const silentMs = 16_000;
export const notHeardYet = '(not every Pilot was heard yet)';

/**
 * What Pilots have told of their proxies. A proxy has revision N when N was evaluated for it and nothing that was sent
 * for N or an older revision is unacknowledged; what it refused is never counted as acknowledged.
 */
export class ReceiptBook {
  private readonly order = new RevisionOrder();
  private readonly pilots = new Map<string, Pilot>();
  private readonly proxies = new Map<string, Proxy>();
  private readonly commits = new Map<string, CommitRecord>();
  private readonly nacks = new Map<string, Nack>();
  /** The last refusal of each resource by each proxy. */
  private readonly newest = new Map<string, Nack>();
  private connected: ReadonlySet<string> | undefined;
  private settled = false;

  /** A commit was folded; `live` if it is a new one and not the past. */
  committed(revision: string, live: boolean): void {
    this.order.seen(revision);
    this.connected ??= new Set(this.proxies.keys());
    const cohort = live && this.settled ? this.connected : undefined;
    this.commits.set(revision, { cohort, skippedBy: new Map() });
    trim(this.commits, keptCommits);
  }

  /** Takes in a message of a Pilot. */
  take(message: ReceiptMessage, now: number): void {
    const pilot = this.pilotOf(message);
    this.markSkipped(message.pilot, pilot.revision, message.revision);
    pilot.revision = message.revision;
    pilot.debug = message.debug;
    pilot.heardAt = now;
    pilot.messages++;
    for (const row of message.proxies) this.place(row, message.pilot, pilot);
    for (const proxy of message.gone) this.remove(proxy, message.pilot);
    if (!message.full) return;
    const listed = new Set(message.proxies.map(({ proxy }) => proxy));
    for (const proxy of [...pilot.proxies]) if (!listed.has(proxy)) this.remove(proxy, message.pilot);
  }

  takeNack(nack: Nack): void {
    const key = `${resourceKey(nack)} ${nack.revision}`;
    this.nacks.delete(key);
    this.nacks.set(key, nack);
    trim(this.nacks, keptNacks);
    this.newest.delete(resourceKey(nack));
    this.newest.set(resourceKey(nack), nack);
    trim(this.newest, keptNacks);
  }

  /** To be called now and then: `connectedSince` tells since when Pilots could be heard without a break. */
  passTime(now: number, connectedSince: number | undefined): void {
    if (connectedSince === undefined) return;
    if (now - connectedSince >= settleMs) this.settled = true;
    if (now - connectedSince < silentMs) return;
    for (const [name, pilot] of this.pilots) {
      if (now - pilot.heardAt < silentMs) continue;
      for (const proxy of [...pilot.proxies]) this.remove(proxy, name);
      this.pilots.delete(name);
    }
  }

  /** Nobody will tell of receipts: what is known is all there is. */
  settle(): void {
    this.settled = true;
  }

  /** How a revision fares; it must be one of the log's. */
  receiptsOf(revision: string): RevisionReceipts {
    const record = this.commits.get(revision);
    const members = [...(record?.cohort ?? this.proxies.keys())].filter((proxy) => this.proxies.has(proxy)).sort();
    const nacks = this.standingNacks(revision, new Set(members));
    const refusing = new Set(nacks.map(({ proxy }) => proxy));
    const waitingFor: string[] = [];
    let acked = 0;
    for (const name of members) {
      const proxy = this.proxies.get(name);
      if (!proxy || refusing.has(name)) continue;
      if (this.has(proxy, revision)) acked++;
      else waitingFor.push(name);
    }
    if (!this.settled) waitingFor.push(notHeardYet);
    const superseded = record && this.supersededBy(record, members);
    return {
      proxies: members.length,
      acked,
      pending: waitingFor.length,
      ...(superseded !== undefined && { superseded }),
      nacks: nacks.map(shown),
      pastNacks: this.pastNacks(revision).map(shown),
      waitingFor,
    };
  }

  /** Every proxy that is connected somewhere, in the order of their names. */
  rows(): ProxyRow[] {
    const nacks = this.newestNacks();
    return [...this.proxies.values()]
      .sort((a, b) => (a.proxy < b.proxy ? -1 : 1))
      .map((proxy) => ({ proxy, nack: nacks.get(proxy.proxy) }))
      .map(({ proxy, nack }) => ({
        proxy: proxy.proxy,
        type: proxy.type,
        revision: this.evaluatedBy(proxy),
        sent: proxy.sent,
        acked: proxy.acked,
        nack: nack ? { ...withoutProxy(nack), revision: nack.revision } : null,
        pilot: proxy.pilot,
        debug: this.pilots.get(proxy.pilot)?.debug ?? '',
      }));
  }

  private pilotOf({ pilot: name, revision, debug }: ReceiptMessage): Pilot {
    let pilot = this.pilots.get(name);
    if (!pilot) this.pilots.set(name, (pilot = { debug, revision, messages: 0, heardAt: 0, proxies: new Set() }));
    return pilot;
  }

  private place(row: Watermark, pilotName: string, pilot: Pilot): void {
    const before = this.proxies.get(row.proxy);
    if (!before) this.connected = undefined;
    else if (before.pilot !== pilotName) this.pilots.get(before.pilot)?.proxies.delete(row.proxy);
    pilot.proxies.add(row.proxy);
    this.proxies.set(row.proxy, { ...row, pilot: pilotName, listedIn: pilot.messages });
  }

  /** Only the Pilot that has the proxy can say that it is gone: it may have moved on. */
  private remove(proxy: string, pilot: string): void {
    if (this.proxies.get(proxy)?.pilot !== pilot) return;
    this.proxies.delete(proxy);
    this.pilots.get(pilot)?.proxies.delete(proxy);
    this.connected = undefined;
  }

  private markSkipped(pilot: string, from: string, to: string): void {
    if (from === to) return;
    // Newest first, since only the last few can lie between.
    for (const [revision, record] of [...this.commits].reverse()) {
      if (this.order.compare(revision, from) <= 0) break;
      if (this.order.compare(revision, to) < 0) record.skippedBy.set(pilot, to);
    }
  }

  private supersededBy(record: CommitRecord, members: readonly string[]): string | undefined {
    const pilots = new Set(members.map((member) => this.proxies.get(member)?.pilot ?? ''));
    let newest: string | undefined;
    for (const pilot of pilots) {
      const by = record.skippedBy.get(pilot);
      if (by === undefined) return undefined;
      if (newest === undefined || this.order.compare(by, newest) > 0) newest = by;
    }
    return newest;
  }

  private has(proxy: Proxy, revision: string): boolean {
    if (this.order.compare(this.evaluatedBy(proxy), revision) < 0) return false;
    const { sent, acked } = proxy;
    // Between the two lies something unacknowledged; whether it belongs to this revision is not told, so it may.
    return this.order.compare(acked, sent) >= 0 || this.order.compare(acked, revision) >= 0;
  }

  private evaluatedBy(proxy: Proxy): string {
    const pilot = this.pilots.get(proxy.pilot);
    if (!pilot || proxy.listedIn === pilot.messages) return proxy.evaluated;
    return this.order.compare(pilot.revision, proxy.evaluated) > 0 ? pilot.revision : proxy.evaluated;
  }

  /** Whether a proxy still refuses what it refused. */
  private stands(nack: Nack): boolean {
    const proxy = this.proxies.get(nack.proxy);
    if (!proxy) return false;
    if (this.newest.get(resourceKey(nack)) !== nack) return false;
    const order = this.order.compare(proxy.acked, nack.revision);
    // A watermark goes past what is refused, so it is no sign that the refusal ended; an older Pilot tells no more.
    if (proxy.refused === undefined) return order <= 0;
    return order < 0 || proxy.refused.some(({ type, resource }) => type === nack.type && resource === nack.resource);
  }

  /** Refusals of the revision, and those of older ones by proxies that are to have it. */
  private standingNacks(revision: string, members: ReadonlySet<string>): Nack[] {
    return [...this.nacks.values()].filter(
      (nack) =>
        (nack.revision === revision || (members.has(nack.proxy) && this.order.compare(nack.revision, revision) < 0)) &&
        this.stands(nack),
    );
  }

  private pastNacks(revision: string): Nack[] {
    return [...this.nacks.values()].filter((nack) => nack.revision === revision && !this.stands(nack));
  }

  private newestNacks(): Map<string, Nack> {
    const newest = new Map<string, Nack>();
    for (const nack of this.nacks.values()) {
      const before = newest.get(nack.proxy);
      if (before && this.order.compare(nack.revision, before.revision) < 0) continue;
      if (this.stands(nack)) newest.set(nack.proxy, nack);
    }
    return newest;
  }
}

function resourceKey({ proxy, type, resource }: Nack): string {
  return JSON.stringify([proxy, type, resource]);
}

function shown(nack: Nack): ShownNack {
  return { proxy: nack.proxy, ...withoutProxy(nack) };
}

function withoutProxy({ type, resource, message, provenance }: Nack): Omit<ShownNack, 'proxy'> {
  return {
    type,
    ...(resource !== undefined && { resource }),
    message,
    ...(provenance !== undefined && { provenance }),
  };
}

/** Forgets the oldest. */
function trim(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}
