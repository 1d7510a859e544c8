/** Adapters that could not do what they were asked; not a denial. */
export class DispatchError extends Error {
  override readonly name = 'DispatchError';

  readonly failures: readonly string[];

  /** Of each failure the first 500 characters are kept. */
  constructor(failures: readonly string[]) {
    const texts = failures.map(shortened);
    super(texts.join('; '));
    this.failures = texts;
  }
}

const mostFailures = 16;
const longestFailure = 500;
/** A status travels in a trailer, where a character takes up to nine bytes, and peers take few kilobytes of those. */
const longestText = 2_000;

/** What failed of one call: each failure once, as many as an answer can carry, and how many there were else. */
export class FailureList {
  readonly #kept = new Set<string>();
  #length = 0;
  #more = 0;

  /** Notes a failure. */
  add(failure: string): void {
    const text = shortened(failure);
    const fits = this.#kept.size < mostFailures && this.#length + text.length <= longestText;
    if (!fits || this.#kept.has(text)) {
      this.#more++;
      return;
    }
    this.#kept.add(text);
    this.#length += text.length;
  }

  /** Throws a DispatchError if anything failed. */
  throwAny(): void {
    if (this.#kept.size === 0) return;
    throw new DispatchError(this.#more === 0 ? [...this.#kept] : [...this.#kept, `… and ${this.#more} more`]);
  }
}

function shortened(text: string): string {
  if (text.length <= longestFailure) return text;
  const end = longestFailure - 1;
  const splits = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '');
  return `${text.slice(0, splits ? end - 1 : end)}…`;
}
