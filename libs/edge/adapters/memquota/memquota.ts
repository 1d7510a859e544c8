import type { ValueType } from '@keelson/core/attributes';
import { textOf } from '@keelson/core/cexl';
import {
  defineAdapter,
  durationSchema,
  milliseconds,
  type Adapter,
  type Grant,
  type Handler,
  type HandlerEnvironment,
  type HandlerProblem,
  type Instance,
  type InstanceDescription,
  type InstanceValues,
  type QuotaAsk,
  type ReportProblem,
} from '@keelson/core/policy';
import { joinedKey } from '../joined-key';
import { ExpiringCounters, LastingCounters, type Counters } from './counters';
import { Deduplication } from './deduplication';
import { amountOf } from './int64';
import type { QuotaMemory } from './quota-memory';

interface Limit {
  maxAmount: number | string;
  validDuration: string;
}

interface Override extends Limit {
  dimensions: Record<string, string>;
}

interface Quota extends Limit {
  name: string;
  overrides: Override[];
}

interface Settings {
  quotas: Quota[];
  minDeduplicationDuration: string;
}

const limit = {
  maxAmount: { type: ['integer', 'string'], pattern: '^[0-9]{1,19}$', minimum: 0, default: 0 },
  validDuration: durationSchema('0s'),
};

const schema = {
  type: 'object',
  properties: {
    quotas: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          ...limit,
          overrides: {
            type: 'array',
            default: [],
            items: {
              type: 'object',
              properties: {
                dimensions: { type: 'object', default: {}, additionalProperties: { type: 'string' } },
                ...limit,
              },
              additionalProperties: false,
            },
          },
        },
        required: ['name'],
        additionalProperties: false,
      },
    },
    minDeduplicationDuration: durationSchema('1s'),
  },
  additionalProperties: false,
};

/** Tells what the schema cannot. */
function validate({ quotas, minDeduplicationDuration }: Settings, report: ReportProblem): void {
  if (milliseconds(minDeduplicationDuration) <= 0) report('minDeduplicationDuration', 'must be above 0');
  const names = new Set<string>();
  for (const [i, quota] of quotas.entries()) {
    const field = `quotas[${i}]`;
    if (quota.name === '') report(`${field}.name`, 'is empty');
    else if (names.has(quota.name)) report(`${field}.name`, `there is another quota for ${quota.name}`);
    names.add(quota.name);
    const limits = [quota, ...quota.overrides].map(({ validDuration }) => milliseconds(validDuration));
    for (const [j, ms] of limits.entries())
      if (ms < 0)
        report(j === 0 ? `${field}.validDuration` : `${field}.overrides[${j - 1}].validDuration`, 'is negative');
  }
}

/** Counts quotas in the memory of this process. Counts go on in a handler that is opened anew, where the limit is the same. */
export function memquotaAdapter(memory: QuotaMemory): Adapter {
  return defineAdapter<Settings>({
    name: 'memquota',
    plural: 'memquotas',
    description: 'Counts quotas in memory: each process of its own, and from nothing after a start',
    templates: ['quota'],
    schema,
    validate,
    open: (settings, environment) => new Memquota(settings, environment, memory),
  });
}

/** A quota as it applies to one instance. */
interface Plan {
  readonly dimensions: readonly (readonly [name: string, type: ValueType])[];
  readonly overrides: readonly { matches: (texts: readonly string[]) => boolean; counters: Counters }[];
  readonly usual: Counters;
  readonly answers: Deduplication;
}

class Memquota implements Handler {
  readonly #plans = new Map<string, Plan>();
  readonly #problems: HandlerProblem[] = [];
  readonly #releases: (() => void)[] = [];

  constructor(
    settings: Settings,
    private readonly environment: HandlerEnvironment,
    private readonly memory: QuotaMemory,
  ) {
    const periodMs = milliseconds(settings.minDeduplicationDuration);
    for (const instance of environment.instances.values()) {
      const at = settings.quotas.findIndex(({ name }) => name === instance.name);
      const quota = settings.quotas[at];
      if (quota) this.#plans.set(instance.name, this.#plan(quota, instance, periodMs, `quotas[${at}]`));
      else this.#problems.push({ field: 'quotas', message: lacks(instance.name) });
    }
  }

  #plan(quota: Quota, instance: InstanceDescription, periodMs: number, field: string): Plan {
    const types = Object.entries(instance.types['dimensions'] ?? {}) as [string, ValueType][];
    // The order in which they are written says nothing.
    const dimensions = types.sort(([a], [b]) => (a < b ? -1 : 1));
    const overrides = quota.overrides.map((override, i) => {
      const wanted = Object.entries(override.dimensions).map(([name, text]) => {
        const place = dimensions.findIndex(([dimension]) => dimension === name);
        if (place < 0)
          this.#problems.push({
            field: `${field}.overrides[${i}].dimensions`,
            message: `never matches: ${instance.name} has no dimension ${name}`,
          });
        return [place, text] as const;
      });
      const matches = (texts: readonly string[]): boolean => wanted.every(([place, text]) => texts[place] === text);
      return { matches, counters: this.#counters(override, instance.name, dimensions) };
    });
    const usual = this.#counters(quota, instance.name, dimensions);
    return { dimensions, overrides, usual, answers: this.#answers(instance.name, periodMs) };
  }

  /** Limits that are alike share their counters: each set of dimensions comes under one of them. */
  #counters({ maxAmount, validDuration }: Limit, instance: string, dimensions: Plan['dimensions']): Counters {
    const { counters } = this.memory;
    const most = amountOf(maxAmount);
    const ms = milliseconds(validDuration);
    const key = JSON.stringify([this.environment.name, instance, String(most), ms, dimensions]);
    this.#releases.push(() => {
      counters.release(key);
    });
    return counters.acquire(key, () => (ms === 0 ? new LastingCounters(most) : new ExpiringCounters(most, ms)));
  }

  #answers(instance: string, periodMs: number): Deduplication {
    const { answers } = this.memory;
    const key = JSON.stringify([this.environment.name, instance, periodMs]);
    this.#releases.push(() => {
      answers.release(key);
    });
    return answers.acquire(key, () => new Deduplication(periodMs, this.environment.now()));
  }

  quota({ name, values }: Instance, { amount, bestEffort, deduplicationId }: QuotaAsk): Grant {
    const plan = this.#plans.get(name);
    if (!plan) throw new Error(lacks(name));
    if (amount === 0) return { amount: 0, validForMs: 0 };
    const now = this.environment.now();
    const first = deduplicationId === '' ? undefined : plan.answers.find(deduplicationId, now);
    if (first) return { amount: first.amount, validForMs: Math.max(0, first.until - now) };
    const dimensions = (values['dimensions'] ?? {}) as InstanceValues;
    const texts = plan.dimensions.map(([dimension, type]) =>
      textOf(dimensions[dimension] as Parameters<typeof textOf>[0], type),
    );
    const key = joinedKey(texts);
    const counters = plan.overrides.find(({ matches }) => matches(texts))?.counters ?? plan.usual;
    const grant =
      amount > 0
        ? counters.take(key, { amount, bestEffort, deduplicationId }, now)
        : { amount: counters.release(key, -amount, now), validForMs: 0 };
    if (deduplicationId !== '')
      plan.answers.keep(deduplicationId, { amount: grant.amount, until: now + grant.validForMs });
    return grant;
  }

  problems(): readonly HandlerProblem[] {
    return this.#problems;
  }

  close(): void {
    for (const release of this.#releases.splice(0)) release();
  }
}

function lacks(instance: string): string {
  return `no quota is named ${instance}`;
}
