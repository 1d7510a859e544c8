/** One part of a refused response, to be sent by itself. */
export interface TrialGroup {
  names: readonly string[];
  removed: readonly string[];
}

/**
 * The search for the culprits of a refused response: it is sent again in ever smaller parts, one at a time, until what
 * is refused is single resources.
 */
export class Trial {
  readonly #groups: (readonly string[])[] = [];
  readonly #culprits: string[] = [];
  #removed: readonly string[];
  /** Whether a part was taken after a culprit was found: it may have made room for the culprit. */
  #tookSince = false;
  #retried = false;

  constructor(
    names: readonly string[],
    suspects: readonly string[],
    /** What was refused; it goes out again with the first part. */
    removed: readonly string[],
    /** Where the client was before the response, and where it is to be. */
    readonly floor: number,
    readonly tick: number,
  ) {
    this.#removed = removed;
    this.#add(names, suspects);
  }

  #add(names: readonly string[], suspects: readonly string[]): void {
    if (names.length > 0) this.#groups.unshift(...split(names, suspects));
  }

  /** Adds another refused response. */
  add(names: readonly string[], suspects: readonly string[], removed: readonly string[]): void {
    this.#removed = [...this.#removed, ...removed];
    this.#add(names, suspects);
  }

  /** The next part; undefined when the search is over. */
  next(): TrialGroup | undefined {
    const names = this.#groups.shift();
    const removed = this.#removed;
    this.#removed = [];
    if (names !== undefined || removed.length > 0) return { names: names ?? [], removed };
    if (!this.#tookSince || this.#retried || this.#culprits.length === 0) return undefined;
    this.#retried = true;
    return { names: this.#culprits.splice(0), removed: [] };
  }

  /** The current part was taken. */
  taken(): void {
    if (this.#culprits.length > 0) this.#tookSince = true;
  }

  /** The current part was refused: it is split, or its one resource is a culprit, if it was `alone` in the response. */
  refused(names: readonly string[], suspects: readonly string[], removed: readonly string[], alone: boolean): void {
    if (names.length > 1 || !alone) this.#add(names, suspects);
    else this.#culprits.push(...names);
    // Removals alone that are refused are not to be had.
    if (names.length > 0) this.#removed = [...removed, ...this.#removed];
  }
}

/** Those that a message names apart from the others, else halves. */
function split(names: readonly string[], suspects: readonly string[]): (readonly string[])[] {
  if (names.length < 2) return [names];
  if (suspects.length > 0 && suspects.length < names.length)
    return [names.filter((name) => !suspects.includes(name)), suspects];
  const middle = names.length >> 1;
  return [names.slice(0, middle), names.slice(middle)];
}

/** The names that a message speaks of. */
export function namedIn(message: string, names: readonly string[]): string[] {
  return names.filter((name) => {
    for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
      const before = message.charAt(at - 1);
      const after = message.charAt(at + name.length);
      if (!/[\w./|-]/.test(before) && !/[\w/|-]/.test(after)) return true;
    }
    return false;
  });
}
