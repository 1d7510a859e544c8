import { BoundedMap } from '@keelson/edge/service';
import { isOutage } from './failure-log';
import { failureOf } from './mixer-channel';

/** A call whose answer may be kept for other requests, or not. */
export type SharedCall = Promise<{ readonly kept: boolean }>;

/** Calls under way, by the likeness of what they are about: who wants to ask the same waits for the answer instead. */
export class SharedCalls {
  readonly #underWay = new Map<string, SharedCall>();
  /** Of these the last answer held for its request alone, or Mixer had none for it: nobody waits for the next. */
  readonly #alone = new BoundedMap<string, true>(4_096, 1024 * 1024);

  /** The call to wait for. */
  get(likeness: string): SharedCall | undefined {
    return this.#underWay.get(likeness);
  }

  /** A call begins. */
  add(likeness: string, call: SharedCall): void {
    if (!this.#underWay.has(likeness) && this.#alone.get(likeness) === undefined) this.#underWay.set(likeness, call);
    const over = (): void => {
      if (this.#underWay.get(likeness) === call) this.#underWay.delete(likeness);
    };
    call.then(
      ({ kept }) => {
        over();
        if (kept) this.#alone.delete(likeness);
        else this.#alone.set(likeness, true, likeness.length);
      },
      (error: unknown) => {
        over();
        if (!isOutage(failureOf(error))) this.#alone.set(likeness, true, likeness.length);
      },
    );
  }
}
