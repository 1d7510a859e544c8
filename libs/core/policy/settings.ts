import Ajv, { type SchemaObject, type ValidateFunction } from 'ajv';
import type { JsonObject, JsonValue } from '@keelson/api';
import { parseDuration } from '@keelson/core/cexl';
import { childPath, schemaProblems, type Problem } from '@keelson/core/problems';
import type { Adapter, ReportProblem } from './adapter';

/** A field of a settings' schema that holds a duration, such as "10s" or "1m30s". */
export function durationSchema(usual?: string): SchemaObject {
  return { type: 'string', protoDuration: true, ...(usual === undefined ? {} : { default: usual }) };
}

/** A duration as a setting has it, in milliseconds. */
export function milliseconds(duration: string): number {
  return Number(parseDuration(duration) ?? 0) / 1e6;
}

/** What became of the settings of a handler. */
export interface SettingsReading {
  /** With all defaults; undefined where something is wrong. */
  readonly settings: unknown;
  readonly problems: readonly Problem[];
}

let ajv: Ajv | undefined;
const compiled = new WeakMap<SchemaObject, ValidateFunction>();

/**
 * Judges a handler's `params` and gives them their defaults. Names with underscores count as the schema's; `field` is the path
 * of the params, `title` the object that they belong to.
 */
export function readSettings(adapter: Adapter, params: JsonObject, field: string, title: string): SettingsReading {
  const { schema } = adapter;
  let validate = compiled.get(schema);
  if (!validate) compiled.set(schema, (validate = (ajv ??= newAjv()).compile(schema)));
  const problems: Problem[] = [];
  const settings = named(params, schema, field, (path, message) => {
    problems.push({ code: 'duplicate', message, object: title, field: path });
  });
  if (!validate(settings)) problems.push(...schemaProblems(validate.errors ?? [], field, title));
  if (problems.length > 0) return { settings: undefined, problems };
  adapter.validate?.(settings, (path, message) => {
    problems.push({ code: 'invalid-value', message, object: title, field: path === '' ? field : `${field}.${path}` });
  });
  return { settings: problems.length > 0 ? undefined : settings, problems };
}

function newAjv(): Ajv {
  const engine = new Ajv({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    verbose: true,
    useDefaults: true,
    // Strict mode refuses what is no schema; to judge it by the schema of schemas as well costs more than to compile it.
    meta: false,
    validateSchema: false,
    code: { optimize: false },
  });
  engine.addKeyword({
    keyword: 'protoDuration',
    schemaType: 'boolean',
    validate: (_: boolean, data: unknown) => typeof data === 'string' && parseDuration(data) !== undefined,
  });
  return engine;
}

/** A copy with the names of the schema's properties; null is as if it were not there. */
function named(value: JsonValue, schema: SchemaObject, path: string, report: ReportProblem): JsonValue {
  if (Array.isArray(value))
    return value.map((item, i) => named(item, schemaAt(schema, 'items'), childPath(path, String(i)), report));
  if (typeof value !== 'object' || value === null) return value;
  const properties = schema['properties'] as Record<string, SchemaObject> | undefined;
  const given = new Map<string, string>();
  const entries = Object.entries(value).flatMap(([name, member]): [string, JsonValue][] => {
    if (member === null) return [];
    const at = childPath(path, name);
    if (properties === undefined) return [[name, named(member, schemaAt(schema, 'additionalProperties'), at, report)]];
    const own = Object.hasOwn(properties, name) ? name : camelCase(name);
    if (!Object.hasOwn(properties, own)) return [[name, member]];
    const other = given.get(own);
    if (other !== undefined) report(at, sameField(other));
    given.set(own, name);
    return [[own, named(member, properties[own] ?? {}, at, report)]];
  });
  return Object.fromEntries(entries);
}

/** What is said of a field that is given under both of its names, the second time. */
export function sameField(other: string): string {
  return `is the same field as ${other}, which is there too`;
}

function schemaAt(schema: SchemaObject, keyword: string): SchemaObject {
  const found: unknown = schema[keyword];
  return typeof found === 'object' && found !== null ? found : {};
}

/** `max_amount` as `maxAmount`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
