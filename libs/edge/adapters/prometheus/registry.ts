import { joinedKey } from '../joined-key';
import { definitionKey, type MetricDefinition } from './definition';
import { LabelSpace } from './label-sets';
import { makeMetric, type Metric } from './metric';

interface Entry {
  readonly metric: Metric;
  readonly key: string;
  users: number;
}

/** About as much as is rendered without a break. */
const pieceLength = 64 * 1024;

/**
 * The metrics of a process, by name. A metric lives as long as somebody uses it, and keeps its values when it is asked for
 * again with the same definition. Of several definitions the one that was asked for last is exported; when nobody uses it
 * any more, the one before is again.
 */
export class MetricRegistry {
  /** By name, never empty; the last is exported. */
  readonly #entries = new Map<string, Entry[]>();
  readonly #spaces = new Map<string, { space: LabelSpace; users: number }>();

  acquire(definition: MetricDefinition): Metric {
    const key = definitionKey(definition);
    const entries = this.#entries.get(definition.name) ?? [];
    const entry = entries.find((known) => known.key === key) ?? {
      metric: makeMetric(definition, this.#acquireSpace(definition.labelNames)),
      key,
      users: 0,
    };
    entry.users++;
    this.#entries.set(definition.name, [...entries.filter((other) => other !== entry), entry]);
    return entry.metric;
  }

  release(metric: Metric): void {
    const { name, labelNames } = metric.definition;
    const entries = this.#entries.get(name) ?? [];
    const entry = entries.find((known) => known.metric === metric);
    if (!entry || --entry.users > 0) return;
    if (entries.length === 1) this.#entries.delete(name);
    else entries.splice(entries.indexOf(entry), 1);
    metric.clear();
    const spaceKey = joinedKey(labelNames);
    const shared = this.#spaces.get(spaceKey);
    if (shared && --shared.users === 0) this.#spaces.delete(spaceKey);
  }

  /** Whether a metric is exported, and not another of its name. */
  isCurrent(metric: Metric): boolean {
    return this.#entries.get(metric.definition.name)?.at(-1)?.metric === metric;
  }

  /** All metrics as text, by name, in pieces of some 10 KiB. Metrics may change between two pieces. */
  *text(): Iterable<string> {
    const names = [...this.#entries.keys()].sort();
    let piece = '';
    for (const name of names) {
      const metric = this.#entries.get(name)?.at(-1)?.metric;
      if (!metric || metric.size === 0) continue;
      for (const part of metric.text()) {
        piece += part;
        if (piece.length < pieceLength) continue;
        yield piece;
        piece = '';
      }
    }
    if (piece !== '') yield piece;
  }

  #acquireSpace(labelNames: readonly string[]): LabelSpace {
    const key = joinedKey(labelNames);
    let shared = this.#spaces.get(key);
    if (!shared) this.#spaces.set(key, (shared = { space: new LabelSpace(labelNames), users: 0 }));
    shared.users++;
    return shared.space;
  }
}
