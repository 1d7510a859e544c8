import { type ChannelContext } from './context';
import { cumulative, type Draft, Flight, type Frozen } from './flight';
import { type LogReader, type ResourceLayer, type StoredResource } from './layer';
import { find, LayerSwitch } from './layer-switch';
import { type NameSet, type NameSets } from './names';
import { anyLeft } from './parts';
import { sortOut } from './sorting';
import { namedIn, Trial } from './trial';
import { clusterType, listenerType, removedLast } from './type-urls';

/** What became of a NACK. */
export interface Nack {
  names: string[];
  exact: boolean;
  tick: number;
}

const nobody: ReadonlySet<string> = new Set();
/** A client that never answers gets no more than this. */
const maxFlights = 8;

/**
 * One type (or the virtual hosts of one route configuration) on one stream: how far the client is in the log of its
 * layers, what is in flight, and the few names that are behind.
 */
export class Channel implements LogReader {
  /** All changes up to this tick were sent, but for the frozen. Minus one: nothing was. */
  sent = -1;
  flights: Flight[] = [];
  readonly frozen = new Map<string, Frozen>();
  /** Names to be answered whatever was sent before. */
  asked: NameSet | undefined;
  /** Names to be sent again. */
  forced: NameSet | undefined;
  /** What the client said to have when the stream began. */
  claims: ReadonlyMap<string, string> | undefined;
  /** An answer is owed even if there is nothing to send. */
  owed = false;
  trial: Trial | undefined;
  /** Since when a first response waits to be whole. */
  waitingSince: number | undefined;
  /** Hears of each response that the client has taken. */
  onTaken: ((flight: Flight) => void) | undefined;
  nacks = 0;
  lastNack: string | undefined;
  readonly #layers: LayerSwitch;

  constructor(
    readonly typeUrl: string,
    public set: NameSet,
    layers: readonly ResourceLayer[],
  ) {
    this.#layers = new LayerSwitch(this, layers);
  }

  /** The layers that the client was last served from. */
  get base(): readonly ResourceLayer[] {
    return this.#layers.base;
  }

  /** The layers that it is to be served from. */
  get target(): readonly ResourceLayer[] {
    return this.#layers.target;
  }

  set target(layers: readonly ResourceLayer[]) {
    this.#layers.aim(layers);
  }

  /** Lets go of the layers. */
  end(): void {
    this.#layers.end();
  }

  /** Sends everything anew. */
  restart(tick: number): void {
    for (const [name, frozen] of this.frozen) if (frozen.kind !== 'removal') this.frozen.delete(name);
    for (const [name, had] of this.held())
      if (this.lookup(name) === undefined) this.frozen.set(name, { kind: 'removal', had, tick });
    this.sent = -1;
    this.asked = this.forced = this.trial = undefined;
    this.owed = true;
  }

  /** What the client may hold by what it was sent. */
  held(): Map<string, StoredResource | undefined> {
    const held = new Map<string, StoredResource | undefined>();
    if (this.sent < 0) return held;
    for (const layer of this.base) {
      for (const resource of layer.values()) if (this.set.has(resource.name)) held.set(resource.name, resource);
      for (const [name, before] of layer.since(this.sent)) if (this.set.has(name)) held.set(name, before);
    }
    for (const [name, { had }] of this.frozen) held.set(name, had);
    return held;
  }

  /** The tick up to which the client has answered what it was sent. */
  get acked(): number {
    return this.answered(this.sent);
  }

  /** The tick up to which the client has answered, if all up to a tick was sent. */
  answered(sent: number): number {
    let acked = this.trial === undefined ? sent : Math.min(sent, this.trial.floor);
    for (const flight of this.flights) if (flight.floor < acked) acked = flight.floor;
    return acked;
  }

  /** How far the client is, seen at a tick up to which nothing else changed. What it refused does not count. */
  progress(tick: number): { sent: number; acked: number } {
    const served = this.sent >= 0 && !this.#layers.swapped && this.head <= this.sent ? tick : this.sent;
    let sent = served;
    if (this.frozen.size > 0)
      for (const frozen of this.frozen.values())
        if (frozen.kind === 'needs' && !frozen.refused && frozen.tick <= sent) sent = frozen.tick - 1;
    return { sent, acked: Math.min(sent, this.answered(served)) };
  }

  /** The tick of the last change of what it is to be served from. */
  get head(): number {
    return this.#layers.head;
  }

  /** A resource as the client is to have it. */
  lookup(name: string): StoredResource | undefined {
    return find(this.target, name);
  }

  /** A resource of the layers that the client was last served from. */
  lookupServed(name: string): StoredResource | undefined {
    return find(this.base, name);
  }

  /** Whether the client holds some version of a resource of the type. */
  holds(name: string): boolean {
    const resource = this.lookupServed(name);
    if (resource === undefined || resource.created > this.acked) return false;
    const frozen = this.frozen.get(name);
    if (frozen !== undefined && frozen.had === undefined) return false;
    return !this.flights.some((flight) => flight.introduces(name));
  }

  /** Whether the next response waits for the answer to the last. */
  blocked(context: ChannelContext): boolean {
    const last = this.flights.at(-1);
    if (last === undefined) return false;
    return (
      this.flights.length >= maxFlights ||
      this.trial !== undefined ||
      context.now() - last.sentAt < context.ackTimeoutMs
    );
  }

  /** Adds to what is to be sent again. */
  force(names: Iterable<string>, sets: NameSets): void {
    const set = sets.of(names);
    if (!set.empty) this.forced = sets.union(this.forced, set);
  }

  /** Adds to what is to be answered. */
  ask(names: NameSet | undefined, sets: NameSets): void {
    this.asked = sets.union(this.asked, names);
  }

  /** What is to be sent now; undefined where nothing is. The cursor moves in either case. */
  draft(context: ChannelContext): Draft | undefined {
    const part = this.#draftTrial(context);
    if (part !== undefined) return part;
    const released = this.#released(context);
    this.#lose();
    const extra = context.sets.union(context.sets.union(this.asked, this.forced), released);
    const swapped = this.#layers.swapped;
    const moved = this.sent < 0 || swapped || this.head > this.sent;
    if (!moved && extra === undefined && !this.owed && !this.#leftovers(context)) {
      this.#advance(context.tick);
      return undefined;
    }
    const from = this.sent;
    const parts = moved
      ? context.parts.between({ base: this.base, target: this.target, set: this.set, from, extra })
      : extra === undefined
        ? []
        : [context.parts.only(this.target, extra)].filter((part) => !part.empty);
    let floor = moved ? (swapped ? -1 : from) : context.tick;
    for (const name of released?.listed ?? nobody)
      floor = Math.min(floor, (this.frozen.get(name)?.tick ?? Infinity) - 1);

    const sorted = sortOut(this, parts, context);
    const draft: Draft = { parts, ...sorted, floor, trial: false };
    const owed = this.owed;
    this.#advance(context.tick);
    this.asked = this.forced = this.claims = undefined;
    this.owed = false;
    this.waitingSince = undefined;
    return owed || draft.removed.length > 0 || anyLeft(parts, draft.without) ? draft : undefined;
  }

  /** Whether something that was to stay may go now: hosts whose route configuration came back without them. */
  #leftovers(context: ChannelContext): boolean {
    if (this.frozen.size === 0 || removedLast(this.typeUrl) || context.keepsGone(this)) return false;
    for (const { kind } of this.frozen.values()) if (kind === 'removal') return true;
    return false;
  }

  /** What was taken by itself and is gone by now, perhaps without a trace in the log, is to go at the client too. */
  #lose(): void {
    for (const [name, { kind, had, tick }] of this.frozen)
      if (kind === 'ahead' && this.lookup(name) === undefined) this.frozen.set(name, { kind: 'removal', had, tick });
  }

  #advance(tick: number): void {
    for (const [name, { kind }] of this.frozen) if (kind === 'ahead') this.frozen.delete(name);
    this.#layers.arrive();
    for (const layer of this.target) layer.close(tick);
    this.sent = Math.max(this.sent, tick);
  }

  /** Names that can go now: they waited for a cluster, or were refused or taken as they are not any more. */
  #released(context: ChannelContext): NameSet | undefined {
    let names: string[] | undefined;
    for (const [name, frozen] of this.frozen) {
      const resource = this.lookup(name);
      if (resource !== undefined && this.#isDue(frozen, resource, context)) (names ??= []).push(name);
    }
    return names === undefined ? undefined : context.sets.of(names);
  }

  #isDue(frozen: Frozen, resource: StoredResource, context: ChannelContext): boolean {
    switch (frozen.kind) {
      case 'needs': {
        const readiness = context.readiness(resource);
        frozen.refused = readiness === 'refused';
        return readiness === 'ready';
      }
      case 'refused':
        return resource.version !== frozen.version;
      case 'ahead':
        return !resource.same(frozen.had);
      default:
        return false;
    }
  }

  /** The next part of a response that was refused. */
  #draftTrial(context: ChannelContext): Draft | undefined {
    for (;;) {
      const group = this.trial?.next();
      if (this.trial === undefined || group === undefined) {
        this.trial = undefined;
        return undefined;
      }
      const names = group.names.filter((name) => this.#ripe(name, context));
      const removed = group.removed.filter((name) => this.lookup(name) === undefined); // others came back
      if (names.length === 0 && removed.length === 0) continue;
      const had = new Map(names.map((name) => [name, this.frozen.get(name)?.had]));
      const parts = [context.parts.only(this.target, context.sets.of(names))].filter((part) => !part.empty);
      return { parts, without: nobody, removed, had, floor: this.trial.floor, trial: true };
    }
  }

  /** Whether a name of a refused response is to be tried by itself; if it cannot be now, it is looked at with the rest. */
  #ripe(name: string, context: ChannelContext): boolean {
    const frozen = this.frozen.get(name);
    if (frozen === undefined || !this.set.has(name)) {
      this.frozen.delete(name);
      return false;
    }
    const resource = this.lookup(name);
    if (resource === undefined && !this.#unread(name)) {
      this.frozen.delete(name); // it is gone, and nothing will come that speaks of it
      return false;
    }
    const readiness = resource === undefined ? 'unacked' : context.readiness(resource);
    if (readiness === 'ready') return true;
    const { had, tick } = frozen;
    this.frozen.set(name, { kind: 'needs', refused: readiness === 'refused', had, tick });
    return false;
  }

  /** Whether a change of a name is still to be read. */
  #unread(name: string): boolean {
    return this.#layers.swapped || this.target.some((layer) => layer.since(this.sent).has(name));
  }

  /** Notes that a draft went out; `whole` if with everything that there is, what is in flight included. */
  launched(draft: Draft, nonce: string, now: number, whole: boolean): Flight {
    const tick = draft.trial ? (this.trial?.tick ?? this.sent) : this.sent;
    const all = whole && this.flights.length > 0 ? cumulative(this.flights, draft) : draft;
    const flight = new Flight(nonce, tick, now, all);
    this.flights.push(flight);
    return flight;
  }

  /** Takes an ACK. An answer speaks for the responses before it too. @returns whether the nonce was awaited */
  acknowledge(nonce: string): boolean {
    const index = this.flights.findIndex((flight) => flight.nonce === nonce);
    if (index < 0) return false;
    for (const flight of this.flights.splice(0, index + 1)) this.#taken(flight);
    return true;
  }

  #taken(flight: Flight): void {
    this.onTaken?.(flight);
    if (this.flights.length > 0) for (const put of flight.puts()) this.#follows(put.name, put.now);
    if (!flight.trial) return;
    for (const { name, now } of flight.puts()) if (this.frozen.get(name)?.kind === 'trial') this.#isAhead(name, now);
    this.trial?.taken();
  }

  /** A part of a refused response was taken, as it was when it was sent. */
  #isAhead(name: string, had: StoredResource): void {
    if (this.set.has(name)) this.frozen.set(name, { kind: 'ahead', had, tick: had.changed });
    else this.frozen.delete(name);
  }

  /** Takes a NACK. @returns undefined if the nonce was not awaited */
  refuse(nonce: string, message: string): Nack | undefined {
    const index = this.flights.findIndex((flight) => flight.nonce === nonce);
    const flight = this.flights[index];
    if (flight === undefined) return undefined;
    for (const earlier of this.flights.splice(0, index + 1)) if (earlier !== flight) this.#taken(earlier);
    this.nacks++;
    this.lastNack = message;

    const puts = [...flight.puts()];
    const names = puts.map((put) => put.name);
    const named = names.length > 1 ? namedIn(message, names) : names;
    const exact = names.length === 1 || (this.#takesGood && named.length > 0);
    const doubtful: string[] = [];
    for (const put of puts) {
      const state = { had: flight.before(put), tick: put.now.changed };
      const refused = exact && named.includes(put.name);
      if (exact && !refused) {
        this.#follows(put.name, put.now);
        if (flight.trial) this.#isAhead(put.name, put.now);
      } else if (this.set.has(put.name) && !this.#superseded(put.name, state.had)) {
        doubtful.push(put.name);
        this.frozen.set(
          put.name,
          refused ? { ...state, kind: 'refused', version: put.now.version } : { ...state, kind: 'trial' },
        );
      }
    }
    this.#try(flight, doubtful, named, exact, puts.length === 1);
    return { names: exact ? named : [...names, ...flight.removed], exact, tick: flight.tick };
  }

  /** What is in flight under a name follows on what the client has been found to hold. */
  #follows(name: string, had: StoredResource | undefined): boolean {
    let found = false;
    for (const flight of this.flights) {
      if (flight.find(name) === undefined && !flight.removed.includes(name)) continue;
      if (!found) flight.correct(name, had); // those behind follow on this one
      found = true;
    }
    return found;
  }

  /** Whether what comes after a refused version is under way; it then follows on what the client had before. */
  #superseded(name: string, had: StoredResource | undefined): boolean {
    if (this.#follows(name, had)) return true;
    const frozen = this.frozen.get(name);
    if (frozen?.kind !== 'needs' && frozen?.kind !== 'removal') return false;
    frozen.had = had;
    return true;
  }

  /** Goes on with the search for culprits, or begins one. */
  #try(flight: Flight, names: readonly string[], named: readonly string[], exact: boolean, alone: boolean): void {
    // Where the good part was taken, so were the removals.
    const removed = flight.empty || (exact && this.#takesGood) ? [] : flight.removed;
    const doubtful = exact ? [] : names;
    if (flight.trial) {
      if (exact && this.#takesGood) this.trial?.taken();
      else this.trial?.refused(names, named, removed, alone);
    } else if (doubtful.length + removed.length > 0) {
      if (this.trial === undefined) this.trial = new Trial(doubtful, named, removed, flight.floor, flight.tick);
      else this.trial.add(doubtful, named, removed);
    }
  }

  /** Of clusters and listeners a client takes the good ones and names the others; of the rest it refuses responses. */
  get #takesGood(): boolean {
    return this.typeUrl === clusterType || this.typeUrl === listenerType;
  }

  /** The removals that wait and may go now. */
  removable(may: (name: string, tick: number) => boolean): string[] {
    const names: string[] = [];
    for (const [name, frozen] of this.frozen) if (frozen.kind === 'removal' && may(name, frozen.tick)) names.push(name);
    return names;
  }

  /** Whether something that the client still holds of this type may point at a cluster that goes at a tick. */
  mayUse(cluster: string, tick: number, context: ChannelContext): boolean {
    if (this.sent < tick || this.#layers.swapped) return true;
    for (const flight of this.flights) {
      const late = context.now() - flight.sentAt >= context.ackTimeoutMs;
      if ((!late && flight.floor < tick) || flight.mayUse(cluster)) return true;
    }
    for (const frozen of this.frozen.values()) if (frozen.had?.mayUse(cluster) === true) return true;
    return false;
  }

  /** Forgets what the client no longer asks for. */
  narrow(set: NameSet): void {
    this.set = set;
    for (const name of this.frozen.keys()) if (!set.has(name)) this.frozen.delete(name);
  }
}
