import { type StoredResource } from './layer';
import { Part, type Put, type Removal } from './parts';

/** What is to be sent next. */
export interface Draft {
  parts: readonly Part[];
  /** Names in the parts that are left out. */
  without: ReadonlySet<string>;
  removed: readonly string[];
  /** What the client holds of names that had been held back or refused; for others the parts know. */
  had: ReadonlyMap<string, StoredResource | undefined>;
  /** All changes up to here had been sent before. */
  floor: number;
  /** Whether it is a part of a response that was refused. */
  trial: boolean;
}

/** What a response holds, kept by reference until the client has answered it. */
export class Flight {
  readonly floor: number;
  readonly trial: boolean;
  readonly removed: readonly string[];
  readonly #draft: Draft;
  #had: ReadonlyMap<string, StoredResource | undefined>;

  constructor(
    readonly nonce: string,
    /** Where the client is once it has taken this. */
    readonly tick: number,
    readonly sentAt: number,
    draft: Draft,
  ) {
    this.floor = draft.floor;
    this.trial = draft.trial;
    this.removed = draft.removed;
    this.#draft = draft;
    this.#had = draft.had;
  }

  get removals(): readonly Removal[] {
    return this.#draft.parts.flatMap((part) => part.removals);
  }

  /** Whether it brings nothing. */
  get empty(): boolean {
    return this.puts().next().done === true;
  }

  /** What it brings under a name. */
  find(name: string): Put | undefined {
    if (this.#draft.without.has(name)) return undefined;
    for (const part of this.#draft.parts) {
      const put = part.find(name);
      if (put !== undefined) return put;
    }
    return undefined;
  }

  /** An earlier response was refused: this is what the client still holds of a name. */
  correct(name: string, had: StoredResource | undefined): void {
    this.#had = new Map(this.#had).set(name, had);
  }

  *puts(): IterableIterator<Put> {
    for (const part of this.#draft.parts) {
      for (const put of part.puts) if (!this.#draft.without.has(put.name)) yield put;
    }
  }

  /** Whether it brings a name of which the client has nothing yet. */
  introduces(name: string): boolean {
    const put = this.find(name);
    return put !== undefined && this.before(put) === undefined;
  }

  /** What the client holds of a name as long as it has not taken this response. */
  before(put: Put): StoredResource | undefined {
    return this.#had.has(put.name) ? this.#had.get(put.name) : put.before;
  }

  /** Whether something that this response replaces or removes may still point at a cluster. */
  mayUse(cluster: string): boolean {
    for (const put of this.puts()) if (this.before(put)?.mayUse(cluster) === true) return true;
    for (const part of this.#draft.parts)
      for (const { name, before } of part.removals)
        if ((this.#had.has(name) ? this.#had.get(name) : before)?.mayUse(cluster) === true) return true;
    return false;
  }
}

/** A draft that stands for those in flight, too: what holds everything holds what they brought. */
export function cumulative(flights: readonly Flight[], draft: Draft): Draft {
  const puts = new Map<string, Put>();
  const had = new Map(draft.had);
  for (const part of draft.parts)
    for (const put of part.puts) if (!draft.without.has(put.name)) puts.set(put.name, put);
  for (const flight of [...flights].reverse()) {
    for (const put of flight.puts()) {
      had.set(put.name, flight.before(put)); // the oldest tells what the client has for sure
      if (!puts.has(put.name)) puts.set(put.name, put);
    }
  }
  const removals = [...flights.flatMap((flight) => flight.removals), ...draft.parts.flatMap((part) => part.removals)];
  return {
    ...draft,
    parts: [new Part([...puts.values()], removals)],
    without: new Set(),
    had,
    floor: Math.min(draft.floor, ...flights.map((flight) => flight.floor)),
    trial: draft.trial,
  };
}

/** Why the newest state of a name is not with the client. */
export type Frozen = {
  /** What the client holds, as far as is known. */
  had: StoredResource | undefined;
  /** The change that is held back. */
  tick: number;
} & (
  | { kind: 'needs'; refused: boolean } // waits for a cluster: for its ACK, or for another version of a refused one
  | { kind: 'refused'; version: string }
  | { kind: 'ahead' } // was taken by itself, as it was then: the client may hold something else than the log tells
  | { kind: 'trial' } // was in a response that was refused, and is not known to be the culprit
  | { kind: 'removal' } // goes when nothing points at it
);
