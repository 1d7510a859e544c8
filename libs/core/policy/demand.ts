import { attributesOf, mayBeTrue, type Expression, type Knowledge, type Readings } from '@keelson/core/cexl';
import type { Problem } from '@keelson/core/problems';
import type { ExpressionTable } from './expression-table';
import type { PolicyPlan } from './plan';
import type { CompiledRule } from './rule';

/** What rules may want of the requests at one place, as far as it can be told before there are any. */
export interface PolicyDemand {
  /** A check may be refused, or change headers. */
  readonly checks: boolean;
  /** Somebody wants to be told of requests. */
  readonly reports: boolean;
  /** The headers that reports read, in lower case, sorted. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
}

const noHeaders: readonly string[] = [];

/** Where no rule wants anything. */
export const noDemand: PolicyDemand = {
  checks: false,
  reports: false,
  requestHeaders: noHeaders,
  responseHeaders: noHeaders,
};

/**
 * What the rules of a namespace may want where some attributes are known. A rule counts unless what is known rules it
 * out, so that where nothing is demanded no request has to be looked at.
 */
export function demandOf(plan: PolicyPlan, namespace: string, known: Knowledge): PolicyDemand {
  const rules = plan.rulesOf(namespace);
  const may = (rule: CompiledRule): boolean => mayMatch(plan, rule, known);
  const checks = rules.check.all().some(may);
  const reporting = rules.report.all().filter(may);
  if (reporting.length === 0) return checks ? { ...noDemand, checks } : noDemand;
  const read = reporting.flatMap((rule) => readings(plan, rule));
  return {
    checks,
    reports: true,
    requestHeaders: headersOf('request.headers', read),
    responseHeaders: headersOf('response.headers', read),
  };
}

/** Whether a rule may match where some attributes are known. */
export function mayMatch(plan: PolicyPlan, { match }: CompiledRule, known: Knowledge): boolean {
  return match === undefined || mayBeTrue(plan.table.at(match).ast, plan.vocabulary, known) !== 'never';
}

interface Key {
  readonly map: string;
  readonly key: string;
}

/** The expressions that are evaluated where a rule reports a request. */
function readBy({ title, match, steps }: CompiledRule): { place: number; object: string; field: string }[] {
  const inInstances = steps.report.flatMap(({ instance }) =>
    instance.expressions.map((each) => ({ ...each, object: instance.title })),
  );
  return match === undefined ? inInstances : [...inInstances, { place: match, object: title, field: 'spec.match' }];
}

function readings(plan: PolicyPlan, rule: CompiledRule): readonly Key[] {
  return readBy(rule).flatMap(({ place }) => readingsOf(plan.table.at(place).ast).keys);
}

const known = new WeakMap<Expression, Readings>();

function readingsOf(expression: Expression): Readings {
  let found = known.get(expression);
  if (!found) known.set(expression, (found = attributesOf(expression)));
  return found;
}

const headerMaps = ['request.headers', 'response.headers'] as const;

function headersOf(map: (typeof headerMaps)[number], read: readonly Key[]): readonly string[] {
  const names = new Set(read.filter((each) => each.map === map).map(({ key }) => key.toLowerCase()));
  return [...names].sort();
}

/** Reports that read headers otherwise than by literal keys: an Envoy tells those that it is asked for by name. */
export function unreachableHeaders(rules: readonly CompiledRule[], table: ExpressionTable): Problem[] {
  const warnings = new Map<string, Problem>();
  for (const rule of rules.filter(({ steps }) => steps.report.length > 0))
    for (const { place, object, field } of readBy(rule)) {
      const { ast, text } = table.at(place);
      for (const map of headerMaps)
        if (readingsOf(ast).names.includes(map)) {
          const message = `${text}: only literal keys of ${map} reach the reports of Envoys`;
          warnings.set([object, field, map].join('\n'), { code: 'not-supported', message, object, field });
        }
    }
  return [...warnings.values()];
}
