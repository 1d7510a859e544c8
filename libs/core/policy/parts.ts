import type { JsonObject } from '@keelson/api';
import type { Handler, Instance } from '@keelson/api/istio/policy/v1beta1/cfg';
import type { Problem } from '@keelson/core/problems';
import type { AdapterTable } from './adapter';
import type { ExpressionTable } from './expression-table';
import { compileInstance, type CompiledInstance } from './instance';
import { titleOf, type PolicyObject } from './object';
import { handlerName, instanceName, resolveReference, type PolicyReference } from './reference';
import type { HandlerPlan, RuleScope } from './rule';
import { readSettings } from './settings';
import type { Variety } from './template';
import { templateByName } from './templates';

/** The instances and handlers of a configuration, by what rules call them. */
export class Parts implements RuleScope {
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
function instanceSource({ kind, spec }: PolicyObject): Source | undefined {
  if (kind === 'instance') {
    const { compiledTemplate = '', params = {} } = spec as Instance;
    return { templateName: compiledTemplate, params: params, field: 'spec.params' };
  }
  return templateByName(kind) && { templateName: kind, params: spec as JsonObject, field: 'spec' };
}

/** What a handler is opened with, as its object has it. */
function handlerSource({ kind, spec }: PolicyObject): {
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

function unknownTemplate(name: string, object: string): Problem {
  const message = name === '' ? 'is missing' : `there is no template ${JSON.stringify(name)}`;
  return { code: 'invalid-value', message, object, field: 'spec.compiledTemplate' };
}

function unknownAdapter(name: string, adapters: AdapterTable, object: string): Problem {
  const known = [...adapters.keys()].sort().join(', ');
  const message = name === '' ? 'is missing' : `there is no adapter ${JSON.stringify(name)}; known here: ${known}`;
  return { code: 'invalid-value', message, object, field: 'spec.compiledAdapter' };
}
