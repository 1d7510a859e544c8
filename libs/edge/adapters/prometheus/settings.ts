import { durationSchema, milliseconds, type ReportProblem } from '@keelson/core/policy';
import {
  definitionKey,
  isLabelName,
  isMetricName,
  safeName,
  type MetricDefinition,
  type MetricKind,
} from './definition';

interface Buckets {
  linearBuckets?: { numFiniteBuckets: number; width: number; offset: number };
  exponentialBuckets?: { numFiniteBuckets: number; growthFactor: number; scale: number };
  explicitBuckets?: { bounds: number[] };
}

export interface MetricSettings {
  name: string;
  namespace: string;
  instanceName: string;
  description: string;
  kind: MetricKind;
  buckets?: Buckets;
  labelNames: string[];
}

export interface Settings {
  metrics: MetricSettings[];
  metricsExpirationPolicy?: { metricsExpiryDuration: string; expiryCheckIntervalDuration?: string };
}

/** What Prometheus' client libraries take where no buckets are given, in seconds. */
const usualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const count = { type: 'integer', minimum: 1, maximum: 1000 };
const above0 = { type: 'number', exclusiveMinimum: 0 };

function object(properties: object, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

const buckets = object({
  linearBuckets: object({ numFiniteBuckets: count, width: above0, offset: { type: 'number', default: 0 } }, [
    'numFiniteBuckets',
    'width',
  ]),
  exponentialBuckets: object(
    { numFiniteBuckets: count, growthFactor: { type: 'number', exclusiveMinimum: 1 }, scale: above0 },
    ['numFiniteBuckets', 'growthFactor', 'scale'],
  ),
  explicitBuckets: object({ bounds: { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 1000 } }, [
    'bounds',
  ]),
});

export const schema = object({
  metrics: {
    type: 'array',
    default: [],
    items: object(
      {
        name: { type: 'string', default: '' },
        namespace: { type: 'string', default: 'istio' },
        instanceName: { type: 'string' },
        description: { type: 'string', default: '' },
        kind: { type: 'string', enum: ['GAUGE', 'COUNTER', 'DISTRIBUTION'] },
        buckets,
        labelNames: { type: 'array', items: { type: 'string' }, default: [] },
      },
      ['instanceName', 'kind'],
    ),
  },
  metricsExpirationPolicy: object(
    { metricsExpiryDuration: durationSchema(), expiryCheckIntervalDuration: durationSchema() },
    ['metricsExpiryDuration'],
  ),
});

/** A metric as it is exported: its name is `<namespace>_<name>`, made safe; of an empty name the instance's is taken. */
export function definitionOf({
  name,
  namespace,
  instanceName,
  description,
  kind,
  ...rest
}: MetricSettings): MetricDefinition {
  const own = name || instanceName;
  return {
    name: `${safeName(namespace || 'istio')}_${safeName(own)}`,
    help: description || own,
    kind,
    labelNames: rest.labelNames.map(safeName),
    bounds: kind === 'DISTRIBUTION' ? boundsOf(rest.buckets ?? {}) : [],
  };
}

/** The upper bounds of all buckets but the last; one more than there are finite buckets. */
function boundsOf({ linearBuckets, exponentialBuckets, explicitBuckets }: Buckets): number[] {
  if (explicitBuckets) return explicitBuckets.bounds;
  if (linearBuckets) {
    const { offset, width, numFiniteBuckets } = linearBuckets;
    return Array.from({ length: numFiniteBuckets + 1 }, (_, i) => offset + width * i);
  }
  if (exponentialBuckets) {
    let bound = exponentialBuckets.scale;
    return Array.from({ length: exponentialBuckets.numFiniteBuckets + 1 }, (_, i) =>
      i === 0 ? bound : (bound *= exponentialBuckets.growthFactor),
    );
  }
  return usualBounds;
}

/** The names that the series of a metric have besides its own. */
function seriesNames({ kind, name }: MetricDefinition): string[] {
  return kind === 'DISTRIBUTION' ? ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`) : [];
}

/** Tells what the schema cannot. */
export function validate({ metrics, metricsExpirationPolicy }: Settings, report: ReportProblem): void {
  const keys = new Map<string, string>();
  const distributions = new Map<string, string>();
  for (const [i, metric] of metrics.entries()) {
    const field = `metrics[${i}]`;
    validateMetric(metric, field, report);
    const definition = definitionOf(metric);
    const key = definitionKey(definition);
    if ((keys.get(definition.name) ?? key) !== key)
      report(`${field}.name`, `another metric is named ${definition.name}, with another definition`);
    const distribution = distributions.get(definition.name);
    if (distribution !== undefined)
      report(`${field}.name`, `${definition.name} is a series of the distribution ${distribution}`);
    for (const name of seriesNames(definition)) {
      if (keys.has(name))
        report(`${field}.name`, `the distribution ${definition.name} has a series ${name}, as another metric is named`);
      distributions.set(name, definition.name);
    }
    keys.set(definition.name, key);
  }
  if (!metricsExpirationPolicy) return;
  const { metricsExpiryDuration: expiry, expiryCheckIntervalDuration: interval } = metricsExpirationPolicy;
  const field = 'metricsExpirationPolicy';
  if (milliseconds(expiry) <= 0) report(`${field}.metricsExpiryDuration`, 'must be above 0');
  if (interval !== undefined && milliseconds(interval) < 1)
    report(`${field}.expiryCheckIntervalDuration`, 'must be at least 1ms');
}

function validateMetric(metric: MetricSettings, field: string, report: ReportProblem): void {
  const { name, labelNames, kind, bounds } = definitionOf(metric);
  if (metric.instanceName === '') report(`${field}.instanceName`, 'is empty');
  if (!isMetricName(name)) report(`${field}.name`, `${JSON.stringify(name)} is no name that Prometheus takes`);
  const known = new Set<string>();
  for (const [i, label] of labelNames.entries()) {
    const at = `${field}.labelNames[${i}]`;
    if (!isLabelName(label)) report(at, `${JSON.stringify(label)} is no label that Prometheus takes`);
    else if (label === 'le' && kind === 'DISTRIBUTION') report(at, "le is the label of a distribution's buckets");
    else if (known.has(label)) report(at, `there is another label ${label}`);
    known.add(label);
  }
  const kinds = Object.keys(metric.buckets ?? {});
  if (kinds.length > 1) report(`${field}.buckets`, `has ${kinds.join(' and ')}, of which only one is allowed`);
  else if (!bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] as number))))
    report(`${field}.buckets`, 'each bound must be above the one before');
}
