import type { JsonObject, JsonValue } from '@keelson/api';
import { isStringMap, type StringMap } from '@keelson/core/attributes';
import { CexlError } from '@keelson/core/cexl';
import { childPath, moreProblems, mostProblems, nearest, type Problem } from '@keelson/core/problems';
import type { Instance, InstanceDescription, InstanceTypes, InstanceValues } from './adapter';
import type { Evaluation, ExpressionTable } from './expression-table';
import { camelCase, sameField } from './settings';
import type { Template, TemplateField, TemplateFields } from './template';

/** Where the values of an instance come from: for each field the place of an expression, or fields of its own. */
type Sources = readonly (readonly [field: string, source: number | Sources])[];

/** An instance that can be made of a request's attributes. */
export interface CompiledInstance extends InstanceDescription {
  /** The object, as users name it. */
  readonly title: string;
  /** Its expressions: their places, and the paths of the fields that hold them. */
  readonly expressions: readonly { readonly place: number; readonly field: string }[];
  /** Undefined where an expression has no value. */
  make(evaluation: Evaluation): Instance | undefined;
  /** Why it cannot be made. */
  failure(evaluation: Evaluation): string;
}

/** What an instance is compiled from. */
export interface InstanceSource {
  /** Its full name. */
  name: string;
  /** The object, as users name it. */
  title: string;
  /** The path of the params: `spec.params`. */
  field: string;
  template: Template;
  params: JsonObject;
}

/** Compiles an instance; undefined, and the reasons among the problems, where something is wrong with it. */
export function compileInstance(
  { name, title, field, template, params }: InstanceSource,
  table: ExpressionTable,
  problems: Problem[],
): CompiledInstance | undefined {
  const compiler = new InstanceCompiler(table, title, field);
  const { sources, types } = compiler.fields(template.fields, params, field);
  problems.push(...compiler.problems);
  if (compiler.problems.length > 0) return undefined;
  const templateName = template.name;
  return {
    name,
    template: templateName,
    types,
    title,
    expressions: compiler.expressions,
    make: (evaluation) => {
      const values = valuesOf(sources, evaluation);
      return values && { name, template: templateName, values };
    },
    failure: (evaluation) => failureOf(sources, evaluation, ''),
  };
}

function valuesOf(sources: Sources, evaluation: Evaluation): InstanceValues | undefined {
  const values: Record<string, InstanceValues[string]> = {};
  for (const [field, source] of sources) {
    const value = typeof source === 'number' ? evaluation.value(source) : valuesOf(source, evaluation);
    if (value === undefined) return undefined;
    if (typeof value === 'string') evaluation.length += value.length;
    else if (typeof value === 'object' && isStringMap(value)) evaluation.length += lengthOf(value);
    set(values, field, value);
  }
  return values;
}

function lengthOf(map: StringMap): number {
  let length = 0;
  for (const [key, text] of map.entries()) length += key.length + text.length;
  return length;
}

/** Sets a member, whatever it is called. */
function set<T>(target: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}

function failureOf(sources: Sources, evaluation: Evaluation, path: string): string {
  for (const [field, source] of sources) {
    const at = path === '' ? field : childPath(path, field);
    const failure =
      typeof source === 'number' ? prefixed(at, evaluation.failure(source)) : failureOf(source, evaluation, at);
    if (failure !== '') return failure;
  }
  return '';
}

function prefixed(field: string, failure: string): string {
  return failure === '' ? '' : `${field}: ${failure}`;
}

class InstanceCompiler {
  readonly problems: Problem[] = [];
  readonly expressions: { place: number; field: string }[] = [];

  constructor(
    private readonly table: ExpressionTable,
    private readonly title: string,
    private readonly base: string,
  ) {}

  fields(fields: TemplateFields, params: JsonObject, path: string): { sources: Sources; types: InstanceTypes } {
    const sources: [string, number | Sources][] = [];
    const types: Record<string, InstanceTypes[string]> = {};
    const given = new Map<string, string>();
    for (const [written, value] of Object.entries(params)) {
      if (value === null) continue;
      if (this.full) break;
      const name = Object.hasOwn(fields, written) ? written : camelCase(written);
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const other = given.get(name);
      given.set(name, written);
      if (field === undefined) this.unknown(written, Object.keys(fields), path);
      else if (other !== undefined) this.add(childPath(path, written), sameField(other), 'duplicate');
      else this.field(name, field, value, childPath(path, written), sources, types);
    }
    return { sources, types };
  }

  private field(
    name: string,
    field: TemplateField,
    value: JsonValue,
    path: string,
    sources: [string, number | Sources][],
    types: Record<string, InstanceTypes[string]>,
  ): void {
    if (field === 'VALUES' || typeof field === 'object') {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        this.add(path, 'must be an object');
        return;
      }
      const inner = field === 'VALUES' ? this.values(value, path) : this.fields(field, value, path);
      sources.push([name, inner.sources]);
      set(types, name, inner.types);
      return;
    }
    const place = this.expression(value, path);
    if (place === undefined) return;
    const { type } = this.table.at(place);
    if (field !== 'VALUE' && field !== type) {
      this.add(path, `must be an expression of type ${field}, and is of type ${type}`);
      return;
    }
    sources.push([name, place]);
    set(types, name, type);
  }

  private values(entries: JsonObject, path: string): { sources: Sources; types: InstanceTypes } {
    const sources: [string, number][] = [];
    const types: Record<string, InstanceTypes[string]> = {};
    for (const [key, value] of Object.entries(entries)) {
      if (value === null) continue;
      if (this.full) break;
      const place = this.expression(value, childPath(path, key));
      if (place === undefined) continue;
      sources.push([key, place]);
      set(types, key, this.table.at(place).type);
    }
    return { sources, types };
  }

  private expression(text: JsonValue, path: string): number | undefined {
    if (typeof text !== 'string') {
      this.add(path, `must be an expression, written as a text: "${JSON.stringify(text).replaceAll('"', '\\"')}"`);
      return undefined;
    }
    try {
      const place = this.table.add(text);
      this.expressions.push({ place, field: path });
      return place;
    } catch (error) {
      if (!(error instanceof CexlError)) throw error;
      this.add(path, `${text}: ${error.message}`);
      return undefined;
    }
  }

  private unknown(name: string, known: readonly string[], path: string): void {
    const near = nearest(name, known);
    const hint = near ? `, did you mean ${near}?` : known.length > 0 ? `; known here: ${known.join(', ')}` : '';
    this.add(childPath(path, name), `unknown field ${JSON.stringify(name)}${hint}`, 'unknown-field');
  }

  private add(field: string, message: string, code: Problem['code'] = 'invalid-value'): void {
    if (this.problems.length === mostProblems) this.problems.push(moreProblems(this.title, this.base));
    else if (!this.full) this.problems.push({ code, message, object: this.title, field });
  }

  /** Nobody reads more problems. */
  private get full(): boolean {
    return this.problems.length > mostProblems;
  }
}
