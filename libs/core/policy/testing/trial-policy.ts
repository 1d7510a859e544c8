import { MapBag, type PlainValue, type ValueType, valueTypes } from '@keelson/core/attributes';
import { load } from 'js-yaml';
import { compilePolicy, type Adapter, type Handler, type Instance, type PolicyObject, type PolicyPlan } from '..';

/** The attributes that the configurations of tests know. */
const attributes: Readonly<Record<string, ValueType>> = {
  'source.namespace': 'STRING',
  'source.labels': 'STRING_MAP',
  'source.ip': 'IP_ADDRESS',
  'destination.namespace': 'STRING',
  'destination.labels': 'STRING_MAP',
  'request.path': 'STRING',
  'request.size': 'INT64',
  'request.headers': 'STRING_MAP',
  'response.headers': 'STRING_MAP',
  'context.reporter.kind': 'STRING',
  'context.protocol': 'STRING',
};

export const manifest: PolicyObject = {
  kind: 'attributemanifest',
  namespace: 'istio-system',
  name: 'all',
  spec: {
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, type]) => [name, { valueType: valueTypes[type] }]),
    ),
  },
};

/** Objects as a user writes them, without apiVersion; those of istio-system need no namespace. */
export function objectsOf(yaml: string): PolicyObject[] {
  return yaml
    .split(/^---$/m)
    .map((text) => load(text) as { kind: string; metadata: { name: string; namespace?: string }; spec?: unknown })
    .map(({ kind, metadata: { name, namespace = 'istio-system' }, spec = {} }) => ({ kind, namespace, name, spec }));
}

/** An adapter that takes everything and has no settings of its own but `text`. */
function trialAdapter(name: string, templates: readonly string[]): Adapter {
  return {
    name,
    plural: `${name}s`,
    description: '',
    templates,
    schema: {
      type: 'object',
      properties: { text: { type: 'string', default: 'usual' }, maxAmount: { type: 'integer', default: 1 } },
      additionalProperties: false,
    },
    open: () => ({}),
  };
}

export const adapters: ReadonlyMap<string, Adapter> = new Map(
  [
    trialAdapter('judge', ['checknothing', 'listentry']),
    trialAdapter('meter', ['quota']),
    trialAdapter('writer', ['metric', 'logentry']),
  ].map((adapter) => [adapter.name, adapter]),
);

export function planOf(yaml: string): PolicyPlan {
  return compilePolicy([manifest, ...objectsOf(yaml)], adapters, 'istio-system');
}

/** A plan of a rule for each of these matches, named in their order: `r000`, `r001`, … */
export function planOfMatches(matches: readonly string[]): PolicyPlan {
  const rules = matches.map(
    (match, i) => `---
kind: rule
metadata: {name: r${String(i).padStart(3, '0')}}
spec: {match: ${JSON.stringify(match)}, actions: [{handler: judge, instances: [nothing.checknothing]}]}
`,
  );
  return planOf(`
kind: handler
metadata: {name: judge}
spec: {compiledAdapter: judge}
---
kind: checknothing
metadata: {name: nothing}
${rules.join('')}`);
}

/** A bag of plain values over a plan's vocabulary. */
export function bagOf(plan: PolicyPlan, values: Readonly<Record<string, PlainValue>>): MapBag {
  return new MapBag(plan.vocabulary, values);
}

/** A handler that keeps what it is given, and answers as told. */
export class TrialHandler implements Handler {
  readonly seen: Instance[] = [];
  readonly reports: (readonly Instance[])[] = [];

  constructor(readonly answers: Partial<Pick<Handler, 'check' | 'quota' | 'report'>> = {}) {}

  check(instance: Instance): ReturnType<NonNullable<Handler['check']>> {
    this.seen.push(instance);
    return this.answers.check?.(instance) ?? { code: 0, message: '', validForMs: 5_000, validUses: 100 };
  }

  quota(...asked: Parameters<NonNullable<Handler['quota']>>): ReturnType<NonNullable<Handler['quota']>> {
    this.seen.push(asked[0]);
    return this.answers.quota?.(...asked) ?? { amount: asked[1].amount, validForMs: 1_000 };
  }

  report(instances: readonly Instance[]): void | Promise<void> {
    this.reports.push(instances);
    return this.answers.report?.(instances);
  }
}

/** Handlers of the root namespace, at work. */
export function openHandlers(handlers: Readonly<Record<string, Handler>>): ReadonlyMap<string, Handler> {
  return new Map(Object.entries(handlers).map(([name, handler]) => [`${name}.istio-system`, handler]));
}
