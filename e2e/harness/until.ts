import { setTimeout as pause } from 'node:timers/promises';

/** The first answer of `probe` that is not undefined or false; after `withinMs` an error that says what was awaited. */
export async function until<T>(
  what: string,
  withinMs: number,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const reason = last === undefined ? '' : `: ${last instanceof Error ? last.message : JSON.stringify(last)}`;
      throw new Error(`${what}: not within ${withinMs / 1000} s${reason}`);
    }
    await pause(25);
  }
}

/** Milliseconds that `run` took; printed, never asserted. */
export async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const value = await run();
  figure(what, `${Math.round(performance.now() - started)} ms`);
  return value;
}

/** Prints a figure that a reader of the test's output wants to see. */
export function figure(what: string, value: string | number): void {
  process.stdout.write(`      figure: ${what}: ${value}\n`);
}
