/** How long a cost is taken: rounds that are long enough for the clock, of which the median counts. */
export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
}

/**
 * CPU nanoseconds of one run of a function: of this process, with the work of the collector and the compiler, so that waiting
 * for a core does not count. The median of some rounds, after a warm-up as long as some of them.
 */
export function costOf(run: (i: number) => unknown, { rounds, roundMs }: Effort): number {
  const round = (runs: number): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < runs; i++) kept.value = run(i);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  const spent = cpuTime();
  let runs = 1;
  for (;;) {
    const us = round(runs);
    if (us < roundMs * 500) runs *= 2;
    else if (spent() >= roundMs * warmRounds) break;
    else if (us > roundMs * 2_000) runs = Math.max(1, runs >> 1);
  }
  return median(Array.from({ length: rounds }, () => (round(runs) * 1_000) / runs));
}

const warmRounds = 8;

/**
 * Nanoseconds of one run of a function on something that was never used before, whose making does not count. Wall time, since
 * CPU time is not told finely enough; of many batches, each over too soon to be disturbed often, the median.
 */
export function costOnFresh<T>(
  make: (i: number) => T,
  run: (fresh: T) => unknown,
  { rounds, roundMs }: Effort,
): number {
  const costs: number[] = [];
  const spent = cpuTime();
  do {
    const batch = Array.from({ length: freshAtOnce }, (_, i) => make(i));
    const start = process.hrtime.bigint();
    for (const fresh of batch) kept.value = run(fresh);
    const ns = Number(process.hrtime.bigint() - start);
    if (spent() >= roundMs * warmRounds) costs.push(ns / freshAtOnce);
  } while (spent() < roundMs * (warmRounds + rounds) || costs.length === 0);
  return median(costs);
}

const freshAtOnce = 32;

/** Tells how many milliseconds of CPU time this process has used since; what warms it up, on a busy machine too. */
function cpuTime(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  };
}

/** Results that somebody might read are not optimized away. */
const kept: { value: unknown } = { value: undefined };

/** The value in the middle; of an even number the lower one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The least value up to which this share lies, by nearest rank; 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
