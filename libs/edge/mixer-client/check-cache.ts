import type { ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes } from '@keelson/core/attributes';
import { AnswerIndex } from './answer-index';
import { AnswerStore, type StoreLimits } from './answer-store';
import type { PolicyAnswer } from './backend';
import { bytesOfDirective } from './byte-sizes';

/** How long, and for how many requests, an answer holds. */
export interface Validity {
  /** Milliseconds from when the answer was asked for. */
  readonly forMs: number;
  /** The request that it was asked for is one of them; below 0 means any number. */
  readonly uses: number;
}

interface Kept {
  readonly answer: PolicyAnswer;
  readonly askedAt: number;
  readonly until: number;
  uses: number;
}

export interface CheckCacheLimits extends StoreLimits {
  /** How many sets of referenced attributes are told apart. */
  shapes: number;
}

const defaultLimits: CheckCacheLimits = { shapes: 32, answers: 16_384, bytes: 16 * 1024 * 1024 };

/** Answers to checks, denials too, each as long as Mixer said that it holds. Times are milliseconds of any one clock. */
export class CheckCache {
  readonly #store: AnswerStore<Kept>;
  readonly #index: AnswerIndex<Kept>;

  constructor(limits = defaultLimits) {
    this.#store = new AnswerStore(
      limits,
      ({ answer: { message, directive } }) => message.length + bytesOfDirective(directive),
    );
    this.#index = new AnswerIndex(this.#store, limits.shapes);
  }

  /** An answer that holds for a request with these attributes, of which this is one use. */
  use(attributes: Attributes, now: number): PolicyAnswer | undefined {
    const kept = this.#index.find(attributes, ({ until, uses }) => now < until && uses > 0);
    if (kept === undefined) return undefined;
    kept.uses--;
    return kept.answer;
  }

  /**
   * Keeps an answer in place of one that was asked for earlier. One that does not hold beyond the request that it was asked
   * for only ends that one. Tells whether there is an answer for other requests now.
   */
  keep(
    attributes: Attributes,
    references: ReferencedAttributes,
    answer: PolicyAnswer,
    { forMs, uses }: Validity,
    askedAt: number,
  ): boolean {
    const left = uses < 0 ? Infinity : uses - 1;
    const kept = forMs > 0 && left > 0 ? { answer, askedAt, until: askedAt + forMs, uses: left } : undefined;
    return this.#index.put(attributes, references, (before) =>
      before !== undefined && before.askedAt > askedAt ? before : kept,
    );
  }

  clear(): void {
    this.#index.clear();
    this.#store.clear();
  }

  /** See `AnswerIndex.likeness`. */
  likeness(attributes: Attributes): string | undefined {
    return this.#index.likeness(attributes);
  }
}
