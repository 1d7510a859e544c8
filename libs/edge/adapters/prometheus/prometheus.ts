import type { ValueType } from '@keelson/core/attributes';
import {
  defineAdapter,
  milliseconds,
  type Adapter,
  type Handler,
  type HandlerEnvironment,
  type HandlerProblem,
  type Instance,
  type InstanceDescription,
  type InstanceValues,
} from '@keelson/core/policy';
import { maxTimerMs } from '../max-timer';
import { LabelReader, type Dimension } from './label-sets';
import type { Metric } from './metric';
import { numberOf } from './number-of';
import type { MetricRegistry } from './registry';
import { definitionOf, schema, validate, type MetricSettings, type Settings } from './settings';

/** What serves a registry while somebody wants it. */
export interface MetricServer {
  /** Why it does not. */
  readonly failure: string | undefined;
  acquire(): void;
  release(): Promise<void>;
}

/** Keeps metrics for Prometheus. All handlers share one registry and one server, which is open while there is a handler. */
export function prometheusAdapter(registry: MetricRegistry, server: MetricServer): Adapter {
  return defineAdapter<Settings>({
    name: 'prometheus',
    plural: 'prometheuses',
    description: 'Keeps metrics for Prometheus to scrape',
    templates: ['metric'],
    schema,
    validate,
    open: (settings, environment) => new PrometheusHandler(settings, environment, registry, server),
  });
}

/** Where the values of an instance go. */
interface Target {
  readonly metric: Metric;
  readonly reader: LabelReader;
  /** A counter, which only grows. */
  readonly grows: boolean;
  /** A gauge, which may have no number. */
  readonly takesNaN: boolean;
}

interface Targets {
  readonly number: NonNullable<ReturnType<typeof numberOf>>;
  readonly targets: Target[];
}

const noValues: InstanceValues = {};

class PrometheusHandler implements Handler {
  readonly #metrics: Metric[] = [];
  readonly #targets = new Map<string, Targets>();
  readonly #problems: HandlerProblem[] = [];
  /** Of metrics with the same labels, of instances with the same dimensions. */
  readonly #readers = new Map<string, LabelReader>();
  readonly #expiry: NodeJS.Timeout | undefined;

  constructor(
    settings: Settings,
    private readonly environment: HandlerEnvironment,
    private readonly registry: MetricRegistry,
    private readonly server: MetricServer,
  ) {
    server.acquire();
    for (const [i, metric] of settings.metrics.entries()) this.#add(metric, `metrics[${i}]`);
    for (const { name } of environment.instances.values())
      if (!settings.metrics.some(({ instanceName }) => instanceName === name))
        this.#problems.push({ field: 'metrics', message: `no metric is made of ${name}, which rules send here` });
    const { metricsExpirationPolicy: policy } = settings;
    if (!policy) return;
    const expiryMs = milliseconds(policy.metricsExpiryDuration);
    const { expiryCheckIntervalDuration: interval } = policy;
    const everyMs = interval === undefined ? expiryMs / 2 : milliseconds(interval);
    this.#expiry = setInterval(
      () => {
        for (const metric of this.#metrics) metric.expire(environment.now() - expiryMs);
      },
      Math.min(everyMs, maxTimerMs),
    );
    this.#expiry.unref();
  }

  #add(settings: MetricSettings, field: string): void {
    const { instanceName, labelNames } = settings;
    const instance = this.environment.instances.get(instanceName);
    if (!instance) {
      this.#problems.push({ field: `${field}.instanceName`, message: `no rule sends ${instanceName} here` });
      return;
    }
    const dimensions = this.#dimensions(instance, labelNames, `${field}.labelNames`);
    const number = this.#numberOf(instance, `${field}.instanceName`);
    if (!dimensions || !number) return;
    const metric = this.registry.acquire(definitionOf(settings));
    this.#metrics.push(metric);
    const readerKey = JSON.stringify([metric.definition.labelNames, dimensions]);
    const reader = this.#readers.get(readerKey) ?? new LabelReader(metric.space, dimensions);
    this.#readers.set(readerKey, reader);
    const { kind } = metric.definition;
    const target = { metric, reader, grows: kind === 'COUNTER', takesNaN: kind === 'GAUGE' };
    const known = this.#targets.get(instanceName);
    if (known) known.targets.push(target);
    else this.#targets.set(instanceName, { number, targets: [target] });
  }

  #dimensions({ name, types }: InstanceDescription, labels: readonly string[], field: string): Dimension[] | undefined {
    const known = (types['dimensions'] ?? {}) as Record<string, ValueType>;
    const lacking = labels.filter((label) => !Object.hasOwn(known, label));
    if (lacking.length > 0) {
      this.#problems.push({ field, message: `${name} has no dimension ${lacking.join(', ')}` });
      return undefined;
    }
    return labels.map((label) => ({ name: label, type: known[label] as ValueType }));
  }

  #numberOf({ name, types }: InstanceDescription, field: string): ReturnType<typeof numberOf> {
    const type = types['value'] as ValueType | undefined;
    const number = type && numberOf(type);
    const is = type === undefined ? 'has no value' : `has a value of type ${type}, which is no number`;
    if (!number) this.#problems.push({ field, message: `${name} ${is}` });
    return number;
  }

  report(instances: readonly Instance[]): void {
    const now = this.environment.now();
    const failures = new Set<string>();
    for (const { name, values } of instances) {
      const known = this.#targets.get(name);
      if (!known) {
        failures.add(`there is no metric for ${name}`);
        continue;
      }
      const value = known.number(values['value'] as Parameters<typeof known.number>[0]);
      const dimensions = (values['dimensions'] as InstanceValues | undefined) ?? noValues;
      for (const { metric, reader, grows, takesNaN } of known.targets) {
        if (value === undefined || (Number.isNaN(value) && !takesNaN)) failures.add(`a value of ${name} is no number`);
        else if (grows && value < 0)
          failures.add(`a value of ${name} is negative, and ${metric.definition.name} counts`);
        else metric.observe(reader.find(dimensions), value, now);
      }
    }
    if (failures.size > 0) throw new Error([...failures].join('; '));
  }

  problems(): readonly HandlerProblem[] {
    const replaced = new Set(this.#metrics.filter((metric) => !this.registry.isCurrent(metric)));
    return [
      ...(this.server.failure === undefined ? [] : [{ field: '', message: this.server.failure }]),
      ...this.#problems,
      ...[...replaced].map(({ definition: { name } }) => ({
        field: 'metrics',
        message: `${name} is not exported: another handler has a metric of this name with another definition`,
      })),
    ];
  }

  async close(): Promise<void> {
    clearInterval(this.#expiry);
    for (const metric of this.#metrics) this.registry.release(metric);
    await this.server.release();
  }
}
