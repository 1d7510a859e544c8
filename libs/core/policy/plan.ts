import type { Handler, Instance } from '@keelson/api/istio/policy/v1beta1/cfg';
import type { JsonObject } from '@keelson/api';
import { Vocabulary, type Bag } from '@keelson/core/attributes';
import type { Problem } from '@keelson/core/problems';
import type { Adapter, AdapterTable } from './adapter';
import { unreachableHeaders } from './demand';
import { ExpressionTable } from './expression-table';
import { compileInstance, type CompiledInstance } from './instance';
import { mergeManifests } from './manifests';
import { titleOf, type PolicyObject } from './object';
import { handlerName, instanceName, resolveReference, type PolicyReference } from './reference';
import { compileRule, type CompiledRule, type HandlerPlan } from './rule';
import { RuleIndex } from './rule-index';
import { readSettings } from './settings';
import type { Template, Variety } from './template';
import { templateByName } from './templates';

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
  const indexed = (namespace: string, root?: NamespaceRules): NamespaceRules => {
    const list = rules.filter((rule) => rule.namespace === namespace);
    const of = (variety: Variety): RuleIndex =>
      new RuleIndex(
        list.filter(({ steps, headers }) => steps[variety].length > 0 || (variety === 'check' && headers.length > 0)),
        vocabulary,
        root?.[variety],
      );
    return { check: of('check'), quota: of('quota'), report: of('report') };
  };
  const usual = indexed(rootNamespace);
  const namespaces = new Map<string, NamespaceRules>([[rootNamespace, usual]]);
  for (const { namespace } of rules)
    if (!namespaces.has(namespace)) namespaces.set(namespace, indexed(namespace, usual));
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

/** The instances and handlers of a configuration, by what rules call them. */
class Parts {
  readonly handlers = new Map<string, HandlerPlan>();
  readonly #instances = new Map<string, { variety: Variety; instance: CompiledInstance }>();
  /** Objects that are there and cannot be used. */
  readonly #broken = new Set<string>();

  constructor(
    objects: readonly PolicyObject[],
    private readonly adapters: AdapterTable,
    readonly table: ExpressionTable,
    problems: Problem[],
  ) {
    for (const object of objects) {
      const found = problems.length;
      const instance = instanceSource(object);
      if (instance) this.#addInstance(object, instance, problems);
      else if (object.kind === 'handler' || adapters.has(object.kind)) this.#addHandler(object, problems);
      else if (object.kind !== 'attributemanifest' && object.kind !== 'rule')
        problems.push({
          code: 'not-supported',
          message: `an adapter or template ${object.kind} is not supported yet`,
          object: titleOf(object),
        });
      if (problems.length > found) this.#broken.add(keyOf(object));
    }
  }

  #addInstance(object: PolicyObject, { templateName, params, field }: Source, problems: Problem[]): void {
    const title = titleOf(object);
    const template = templateByName(templateName);
    if (!template) {
      problems.push(unknownTemplate(templateName, title));
      return;
    }
    const instance = compileInstance(
      { name: instanceName(object), title, field, template, params },
      this.table,
      problems,
    );
    if (instance) this.#instances.set(keyOf(object), { variety: template.variety, instance });
  }

  #addHandler(object: PolicyObject, problems: Problem[]): void {
    const title = titleOf(object);
    const { adapterName, params, field } = handlerSource(object);
    const adapter = this.adapters.get(adapterName);
    if (!adapter) {
      problems.push(unknownAdapter(adapterName, this.adapters, title));
      return;
    }
    const reading = readSettings(adapter, params, field, title);
    problems.push(...reading.problems);
    if (reading.problems.length > 0) return;
    const { settings } = reading;
    const name = handlerName(object);
    this.handlers.set(keyOf(object), { name, title, adapter: adapterName, settings, instances: new Map() });
  }

  instance(text: string, namespace: string): { variety: Variety; instance: CompiledInstance } | string {
    const reference = resolveReference(text, 'instance', namespace, isInstanceKind);
    return this.#instances.get(keyOf(reference)) ?? this.#lacking(reference);
  }

  handler(text: string, namespace: string): HandlerPlan | string {
    const reference = resolveReference(text, 'handler', namespace, (word) => this.#isHandlerKind(word));
    return this.handlers.get(keyOf(reference)) ?? this.#lacking(reference);
  }

  takes(handler: HandlerPlan, template: string): boolean {
    return this.adapters.get(handler.adapter)?.templates.includes(template) ?? false;
  }

  #isHandlerKind(word: string): boolean {
    return word === 'handler' || this.adapters.has(word);
  }

  #lacking(reference: PolicyReference): string {
    const title = titleOf({ ...reference, spec: undefined });
    return this.#broken.has(keyOf(reference)) ? `${title} cannot be used` : `${title} does not exist`;
  }
}

/** What an instance is compiled from, as its object has it. */
interface Source {
  templateName: string;
  params: JsonObject;
  field: string;
}

/** Undefined for an object that is no instance. Of the old kinds the whole spec is what is elsewhere the params. */
export function instanceSource({ kind, spec }: PolicyObject): Source | undefined {
  if (kind === 'instance') {
    const { compiledTemplate = '', params = {} } = spec as Instance;
    return { templateName: compiledTemplate, params: params, field: 'spec.params' };
  }
  return templateByName(kind) && { templateName: kind, params: spec as JsonObject, field: 'spec' };
}

/** What a handler is opened with, as its object has it. */
export function handlerSource({ kind, spec }: PolicyObject): {
  adapterName: string;
  params: JsonObject;
  field: string;
} {
  if (kind !== 'handler') return { adapterName: kind, params: spec as JsonObject, field: 'spec' };
  const { compiledAdapter = '', params = {} } = spec as Handler;
  return { adapterName: compiledAdapter, params: params, field: 'spec.params' };
}

function isInstanceKind(word: string): boolean {
  return word === 'instance' || templateByName(word) !== undefined;
}

function keyOf({ kind, namespace, name }: PolicyReference): string {
  return `${kind}/${namespace}/${name}`;
}

export function unknownTemplate(name: string, object: string): Problem {
  const message = name === '' ? 'is missing' : `there is no template ${JSON.stringify(name)}`;
  return { code: 'invalid-value', message, object, field: 'spec.compiledTemplate' };
}

export function unknownAdapter(name: string, adapters: AdapterTable, object: string): Problem {
  const known = [...adapters.keys()].sort().join(', ');
  const message = name === '' ? 'is missing' : `there is no adapter ${JSON.stringify(name)}; known here: ${known}`;
  return { code: 'invalid-value', message, object, field: 'spec.compiledAdapter' };
}

export type { Adapter, Template };
