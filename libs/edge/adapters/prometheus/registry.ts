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
 * again with the same definition; another definition takes the place of the one before.
 */
export class MetricRegistry {
  readonly #current = new Map<string, Entry>();
  /** Also those that were replaced and are still used. */
  readonly #entries = new Map<Metric, Entry>();
  readonly #spaces = new Map<string, { space: LabelSpace; users: number }>();

  acquire(definition: MetricDefinition): Metric {
    const key = definitionKey(definition);
    const known = this.#current.get(definition.name);
    if (known?.key === key) {
      known.users++;
      return known.metric;
    }
    const metric = makeMetric(definition, this.#acquireSpace(definition.labelNames));
    const entry = { metric, key, users: 1 };
    this.#current.set(definition.name, entry);
    this.#entries.set(metric, entry);
    return metric;
  }

  release(metric: Metric): void {
    const entry = this.#entries.get(metric);
    if (!entry || --entry.users > 0) return;
    const { name, labelNames } = metric.definition;
    this.#entries.delete(metric);
    if (this.#current.get(name) === entry) this.#current.delete(name);
    metric.clear();
    const spaceKey = joinedKey(labelNames);
    const shared = this.#spaces.get(spaceKey);
    if (shared && --shared.users === 0) this.#spaces.delete(spaceKey);
  }

  /** Whether a metric is exported, and not another of its name. */
  isCurrent(metric: Metric): boolean {
    return this.#current.get(metric.definition.name)?.metric === metric;
  }

  /** All metrics as text, by name, in pieces of some 10 KiB. Metrics may change between two pieces. */
  *text(): Iterable<string> {
    const metrics = [...this.#current].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { metric }]) => metric);
    let piece = '';
    for (const metric of metrics) {
      if (metric.size === 0) continue;
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
