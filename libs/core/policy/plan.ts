import { Vocabulary, type Bag } from '@keelson/core/attributes';
import type { Problem } from '@keelson/core/problems';
import type { AdapterTable } from './adapter';
import { unreachableHeaders } from './demand';
import { ExpressionTable } from './expression-table';
import { mergeManifests } from './manifests';
import type { PolicyObject } from './object';
import { Parts } from './parts';
import { compileRule, type CompiledRule, type HandlerPlan } from './rule';
import { RuleIndex } from './rule-index';
import type { Variety } from './template';

/** Attributes that Mixer itself reads, whether or not a manifest declares them. */
const internal = ['context.reporter.kind', 'destination.namespace', 'source.namespace'] as const;

/** The rules of one namespace: those of the root namespace, then its own. */
export interface NamespaceRules {
  readonly check: RuleIndex;
  readonly quota: RuleIndex;
  readonly report: RuleIndex;
}

/** What a configuration makes of requests; compiled once a revision. */
export interface PolicyPlan {
  readonly vocabulary: Vocabulary;
  readonly table: ExpressionTable;
  /** The handlers that rules use, by name. */
  readonly handlers: ReadonlyMap<string, HandlerPlan>;
  readonly rules: readonly CompiledRule[];
  /** What is wrong; the rest is at work. */
  readonly problems: readonly Problem[];
  /** What is at work, and will not do what it seems to. */
  readonly warnings: readonly Problem[];
  rulesOf(namespace: string): NamespaceRules;
  /** The namespace whose rules are for a request: of who reports it, the destination's or the source's. */
  namespaceOf(bag: Bag): string;
}

/** Compiles a configuration. It never throws for what is wrong in it: that is left out, and told. */
export function compilePolicy(
  objects: Iterable<PolicyObject>,
  adapters: AdapterTable,
  rootNamespace: string,
): PolicyPlan {
  const problems: Problem[] = [];
  const sorted = [...objects].sort(byTitle);
  const manifests = sorted.filter(({ kind }) => kind === 'attributemanifest');
  const vocabulary = new Vocabulary(mergeManifests(manifests, problems), internal);
  const table = new ExpressionTable(vocabulary);
  const parts = new Parts(sorted, adapters, table, problems);
  const rules = sorted
    .filter(({ kind }) => kind === 'rule')
    .flatMap((object) => compileRule(object, parts, problems) ?? []);
  const handlers = new Map(
    [...parts.handlers.values()].filter(({ instances }) => instances.size > 0).map((plan) => [plan.name, plan]),
  );
  const byNamespace = new Map<string, CompiledRule[]>([[rootNamespace, []]]);
  for (const rule of rules) {
    const list = byNamespace.get(rule.namespace);
    if (list) list.push(rule);
    else byNamespace.set(rule.namespace, [rule]);
  }
  const indexed = (list: readonly CompiledRule[], root?: NamespaceRules): NamespaceRules => {
    const of = (variety: Variety): RuleIndex =>
      new RuleIndex(
        list.filter(({ steps, headers }) => steps[variety].length > 0 || (variety === 'check' && headers.length > 0)),
        vocabulary,
        root?.[variety],
      );
    return { check: of('check'), quota: of('quota'), report: of('report') };
  };
  const usual = indexed(byNamespace.get(rootNamespace) ?? []);
  const namespaces = new Map<string, NamespaceRules>();
  for (const [namespace, list] of byNamespace)
    namespaces.set(namespace, namespace === rootNamespace ? usual : indexed(list, usual));
  const [kind = -1, destination = -1, source = -1] = internal.map((name) => vocabulary.slotOf(name) ?? -1);
  return {
    vocabulary,
    table,
    handlers,
    rules,
    problems,
    warnings: unreachableHeaders(rules, table),
    rulesOf: (namespace) => namespaces.get(namespace) ?? usual,
    namespaceOf: (bag) => {
      const found = bag.get(bag.get(kind) === 'outbound' ? source : destination);
      return typeof found === 'string' ? found : '';
    },
  };
}

function byTitle(a: PolicyObject, b: PolicyObject): number {
  const [left, right] = [a, b].map(({ kind, namespace, name }) => [namespace, name, kind].join('/'));
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
