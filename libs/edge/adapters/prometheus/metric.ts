import type { MetricDefinition } from './definition';
import type { LabelSet, LabelSpace } from './label-sets';
import { boundText, metricHead, sampleValue } from './text-format';

/** A metric and its series. What is observed was found fit for its kind before. */
export interface Metric {
  readonly definition: MetricDefinition;
  readonly space: LabelSpace;
  /** The number of its series. */
  readonly size: number;
  observe(labels: LabelSet, value: number, now: number): void;
  /** Drops the series that were not observed since a time. */
  expire(before: number): void;
  /** Drops all series. */
  clear(): void;
  /** Its export, a piece for each series. */
  text(): Iterable<string>;
}

interface Series {
  observedAt: number;
}

abstract class SeriesOf<S extends Series> implements Metric {
  protected readonly series = new Map<LabelSet, S>();

  constructor(
    readonly definition: MetricDefinition,
    readonly space: LabelSpace,
  ) {}

  get size(): number {
    return this.series.size;
  }

  observe(labels: LabelSet, value: number, now: number): void {
    let series = this.series.get(labels);
    if (series === undefined) {
      series = this.make();
      this.series.set(labels, series);
      labels.acquire();
    }
    series.observedAt = now;
    this.add(series, value);
  }

  expire(before: number): void {
    for (const [labels, { observedAt }] of this.series) {
      if (observedAt >= before) continue;
      this.series.delete(labels);
      labels.release();
    }
  }

  clear(): void {
    this.expire(Infinity);
  }

  protected abstract make(): S;
  protected abstract add(series: S, value: number): void;
  abstract text(): Iterable<string>;
}

interface Scalar extends Series {
  value: number;
}

/** A counter or a gauge. */
class ScalarMetric extends SeriesOf<Scalar> {
  readonly #adds = this.definition.kind === 'COUNTER';

  protected make(): Scalar {
    return { observedAt: 0, value: 0 };
  }

  protected add(series: Scalar, value: number): void {
    if (this.#adds) series.value += value;
    else series.value = value;
  }

  *text(): Iterable<string> {
    const { name, help } = this.definition;
    yield metricHead(name, help, this.#adds ? 'counter' : 'gauge');
    for (const [{ pairs }, { value }] of this.series)
      yield `${name}${pairs === '' ? '' : `{${pairs}}`} ${sampleValue(value)}\n`;
  }
}

interface Histogram extends Series {
  /** By bucket, each for itself; the last is that of +Inf. */
  counts: number[];
  sum: number;
}

class HistogramMetric extends SeriesOf<Histogram> {
  protected make(): Histogram {
    return { observedAt: 0, counts: new Array<number>(this.definition.bounds.length + 1).fill(0), sum: 0 };
  }

  protected add(series: Histogram, value: number): void {
    const { bounds } = this.definition;
    let bucket = 0;
    if (bounds.length > 32) bucket = bucketOf(bounds, value);
    else while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += value;
  }

  *text(): Iterable<string> {
    const { name, help, bounds } = this.definition;
    yield metricHead(name, help, 'histogram');
    const ends = [...bounds.map(boundText), '+Inf'].map((bound) => `le="${bound}"} `);
    for (const [{ pairs }, { counts, sum }] of this.series) {
      const labels = pairs === '' ? '' : `{${pairs}}`;
      const bucket = `${name}_bucket{${pairs === '' ? '' : `${pairs},`}`;
      let total = 0;
      let lines = '';
      for (const [i, end] of ends.entries()) {
        total += counts[i] as number;
        lines += `${bucket}${end}${total}\n`;
      }
      yield `${lines}${name}_sum${labels} ${sampleValue(sum)}\n${name}_count${labels} ${total}\n`;
    }
  }
}

/** The first bucket whose bound is not below a value, among many. */
function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value > (bounds[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function makeMetric(definition: MetricDefinition, space: LabelSpace): Metric {
  return definition.kind === 'DISTRIBUTION'
    ? new HistogramMetric(definition, space)
    : new ScalarMetric(definition, space);
}
