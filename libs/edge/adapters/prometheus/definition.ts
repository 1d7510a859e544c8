/** What a metric is in Prometheus. */
export type MetricKind = 'GAUGE' | 'COUNTER' | 'DISTRIBUTION';

/** A metric as it is exported. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly kind: MetricKind;
  readonly labelNames: readonly string[];
  /** Upper bounds of the buckets of a DISTRIBUTION, each above the one before; without the last, +Inf. */
  readonly bounds: readonly number[];
}

/** A text that is the same for the same definitions. */
export function definitionKey({ name, help, kind, labelNames, bounds }: MetricDefinition): string {
  return JSON.stringify([name, help, kind, labelNames, bounds]);
}

/** A name as Mixer makes it safe: `/`, `.` and blanks as `_`, no `-`, and no `/` in front. */
export function safeName(name: string): string {
  return name.replace(/^\//, '').replace(/[/. ]/g, '_').replaceAll('-', '');
}

/** Whether Prometheus' text format has such a name of a metric. */
export function isMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** Whether Prometheus has such a label; those with two `_` in front are its own. */
export function isLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith('__');
}
