import type { Rule, Rule_HeaderOperationTemplate } from '@keelson/api/istio/policy/v1beta1/cfg';
import { CexlError, equalities, type Equality } from '@keelson/core/cexl';
import { childPath, type Problem } from '@keelson/core/problems';
import type { Variety } from './template';
import type { ExpressionTable } from './expression-table';
import type { CompiledInstance } from './instance';
import { titleOf, type PolicyObject } from './object';

/** A handler as configuration has it, and what rules send to it. */
export interface HandlerPlan {
  /** `denyall.istio-system`. */
  readonly name: string;
  /** The object, as users name it. */
  readonly title: string;
  readonly adapter: string;
  readonly settings: unknown;
  /** What rules send to it; filled as rules are compiled. */
  readonly instances: Map<string, CompiledInstance>;
}

/** One instance for one handler. */
export interface Step {
  readonly handler: HandlerPlan;
  readonly instance: CompiledInstance;
}

/** What a rule does to headers where a check is passed. */
export interface HeaderStep {
  readonly direction: 'request' | 'response';
  readonly operation: 'REPLACE' | 'REMOVE' | 'APPEND';
  readonly name: string;
  /** Places of expressions; none for REMOVE. */
  readonly values: readonly number[];
}

export interface CompiledRule {
  readonly title: string;
  readonly namespace: string;
  /** The place of its expression; undefined where it always matches. */
  readonly match: number | undefined;
  /** Conditions without which it does not match. */
  readonly equalities: readonly Equality[];
  readonly steps: Readonly<Record<Variety, readonly Step[]>>;
  readonly headers: readonly HeaderStep[];
}

/** What a rule's names mean. */
export interface RuleScope {
  readonly table: ExpressionTable;
  /** The variety of an instance, and the instance; a text that says what is wrong with the name. */
  instance(name: string, namespace: string): { variety: Variety; instance: CompiledInstance } | string;
  handler(name: string, namespace: string): HandlerPlan | string;
  /** Whether a handler's adapter takes instances of a template. */
  takes(handler: HandlerPlan, template: string): boolean;
}

const operations = ['REPLACE', 'REMOVE', 'APPEND'] as const;

/**
 * Compiles a rule. What is wrong with a part of it is told, and that part is left out: an instance, an action of which no
 * instance is left, the rule of which nothing is left, or whose match does not compile.
 */
export function compileRule(object: PolicyObject, scope: RuleScope, problems: Problem[]): CompiledRule | undefined {
  const title = titleOf(object);
  const rule = object.spec as Rule;
  const report = (field: string, message: string, code: Problem['code'] = 'invalid-value'): void => {
    problems.push({ code, message, object: title, field });
  };
  const match = compileMatch(rule.match ?? '', scope.table, report);
  if (match === false) return undefined;
  const steps: Record<Variety, Step[]> = { check: [], quota: [], report: [] };
  for (const [i, action] of (rule.actions ?? []).entries()) {
    const field = `spec.actions[${i}]`;
    const handler = scope.handler(action.handler ?? '', object.namespace);
    if (typeof handler === 'string') {
      report(`${field}.handler`, handler, 'bad-reference');
      continue;
    }
    const taken = new Set<string>();
    for (const [j, name] of (action.instances ?? []).entries()) {
      const at = childPath(`${field}.instances`, String(j));
      const found = scope.instance(name, object.namespace);
      if (typeof found === 'string') report(at, found, 'bad-reference');
      else if (taken.has(found.instance.name)) report(at, `${name} is in the action more than once`, 'duplicate');
      else if (!scope.takes(handler, found.instance.template))
        report(at, `${handler.title} is a ${handler.adapter}, which takes no ${found.instance.template}`);
      else {
        taken.add(found.instance.name);
        handler.instances.set(found.instance.name, found.instance);
        steps[found.variety].push({ handler, instance: found.instance });
      }
    }
    if ((action.instances ?? []).length === 0) report(`${field}.instances`, 'names no instance');
  }
  const headers = [
    ...headerSteps('request', rule.requestHeaderOperations, scope.table, report),
    ...headerSteps('response', rule.responseHeaderOperations, scope.table, report),
  ];
  if (Object.values(steps).every((list) => list.length === 0) && headers.length === 0) return undefined;
  return {
    title,
    namespace: object.namespace,
    match,
    equalities: match === undefined ? [] : equalities(scope.table.at(match).ast),
    steps,
    headers,
  };
}

type Report = (field: string, message: string) => void;

/** The place of a match; undefined for an empty one, false for one that cannot be used. */
function compileMatch(text: string, table: ExpressionTable, report: Report): number | undefined | false {
  if (text.trim() === '') return undefined;
  const place = compileExpression(text, 'spec.match', table, report);
  if (place === undefined) return false;
  const { type } = table.at(place);
  if (type === 'BOOL') return place;
  report('spec.match', `must be an expression of type BOOL, and is of type ${type}`);
  return false;
}

function headerSteps(
  direction: 'request' | 'response',
  templates: readonly Rule_HeaderOperationTemplate[] | undefined,
  table: ExpressionTable,
  report: Report,
): HeaderStep[] {
  return (templates ?? []).flatMap(({ name = '', values = [], operation = 0 }, i) => {
    const field = `spec.${direction}HeaderOperations[${i}]`;
    const places = values.map((text, j) => {
      const at = `${field}.values[${j}]`;
      const place = compileExpression(text, at, table, report);
      if (place !== undefined && table.at(place).type !== 'STRING') {
        report(at, `must be an expression of type STRING, and is of type ${table.at(place).type}`);
        return undefined;
      }
      return place;
    });
    if (name === '') report(`${field}.name`, 'is missing');
    if (name === '' || places.includes(undefined)) return [];
    const known = places.filter((place) => place !== undefined);
    return [{ direction, operation: operations[operation] ?? 'REPLACE', name, values: known }];
  });
}

function compileExpression(text: string, field: string, table: ExpressionTable, report: Report): number | undefined {
  try {
    return table.add(text);
  } catch (error) {
    if (!(error instanceof CexlError)) throw error;
    report(field, `${text}: ${error.message}`);
    return undefined;
  }
}
