import type { ErrorObject } from 'ajv';
import type { Problem } from './problem';

/** As many problems of one object as somebody reads. */
export const mostProblems = 100;

/**
 * ajv's errors in the user's terms, each once; of more than 100 the last says that there are more. `base` is the path of what
 * was validated: `spec`.
 */
export function schemaProblems(errors: readonly ErrorObject[], base: string, object: string): Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors)
    for (const problem of one(error, pathOf(error.instancePath, base))) {
      const key = `${problem.field ?? ''}\n${problem.message}`;
      if (problems.has(key)) continue;
      if (problems.size === mostProblems) return [...problems.values(), moreProblems(object, base)];
      problems.set(key, { ...problem, object });
    }
  return [...problems.values()];
}

/** Stands behind the first 100 problems of an object. */
export function moreProblems(object: string, field: string): Problem {
  return { code: 'invalid-value', message: `more than these ${mostProblems} problems`, object, field };
}

function one(error: ErrorObject, field: string): Problem[] {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties':
      return [unknownField(error, field, String(params['additionalProperty']))];
    case 'protoNumericKey':
      // The error of propertyNames, which follows, tells which key it is.
      return [];
    case 'protoBytes':
      return [invalid(field, 'must be base64', error.data)];
    case 'propertyNames':
      return [{ code: 'invalid-value', message: `key ${quote(params['propertyName'])} must be a number`, field }];
    case 'pattern':
      return [invalid(field, 'must be a whole number', error.data)];
    case 'type':
      return [invalid(field, `must be ${typeNames(params['type'])}`, error.data)];
    case 'minimum':
    case 'maximum':
      return [invalid(field, error.message ?? 'is out of range', error.data)];
    case 'protoDuration':
      return [invalid(field, 'must be a duration such as "10s" or "1m30s"', error.data)];
    case 'protoEnum':
      return [enumProblem(error, field)];
    case 'protoOneofs':
      return [oneofProblem(error, field)];
    case 'enum':
      return [enumProblem(error, field)];
    case 'required':
      return [
        { code: 'invalid-value', message: 'is missing', field: childPath(field, String(params['missingProperty'])) },
      ];
    default:
      return [invalid(field, error.message ?? 'is not valid', error.data)];
  }
}

function invalid(field: string, message: string, data: unknown): Problem {
  return { code: 'invalid-value', message: `${message}, not ${describe(data)}`, field };
}

function unknownField(error: ErrorObject, parent: string, name: string): Problem {
  const schema = isRecord(error.parentSchema) ? error.parentSchema : {};
  const known = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
  const near = nearest(name, known);
  const hint = near ? `, did you mean ${near}?` : known.length > 0 ? `; known here: ${known.join(', ')}` : '';
  return { code: 'unknown-field', message: `unknown field ${quote(name)}${hint}`, field: childPath(parent, name) };
}

function enumProblem(error: ErrorObject, field: string): Problem {
  const names = (error.schema as unknown[]).filter((value) => typeof value === 'string');
  const near = typeof error.data === 'string' ? nearest(error.data, names) : undefined;
  const hint = near ? `, did you mean ${near}?` : '';
  return {
    code: 'invalid-value',
    message: `must be one of ${names.join(', ')}, not ${describe(error.data)}${hint}`,
    field,
  };
}

function oneofProblem(error: ErrorObject, field: string): Problem {
  const data = isRecord(error.data) ? error.data : {};
  const both = (error.schema as string[][])
    .map((names) => names.filter((name) => Object.hasOwn(data, name)))
    .find((names) => names.length > 1);
  return { code: 'invalid-value', message: `has ${(both ?? []).join(' and ')}, of which only one is allowed`, field };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeNames(type: unknown): string {
  const names: Record<string, string> = {
    string: 'a string',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    object: 'an object',
    array: 'a list',
  };
  return (Array.isArray(type) ? type : [type]).map((name) => names[String(name)] ?? String(name)).join(' or ');
}

function describe(data: unknown): string {
  if (Array.isArray(data)) return 'a list';
  if (isRecord(data)) return 'an object';
  const text = JSON.stringify(data) as string | undefined;
  return text === undefined ? 'nothing' : text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 100));
}

/** `/http/0/headers/x.y` below `spec` as `spec.http[0].headers["x.y"]`. */
function pathOf(pointer: string, base: string): string {
  let path = base;
  for (const step of pointer.split('/').slice(1))
    path = childPath(path, step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return path;
}

/** The path of a field, list item or map entry below another. */
export function childPath(parent: string, step: string): string {
  if (/^\d+$/.test(step)) return `${parent}[${step}]`;
  return /^[A-Za-z_][\w-]*$/.test(step) ? `${parent}.${step}` : `${parent}[${JSON.stringify(step)}]`;
}

/** The name that a misspelt one most likely means: two edits away at most, and closer for short names. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  let best: string | undefined;
  let fewest = Math.min(3, Math.ceil(name.length / 2));
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase().replaceAll('_', ''), candidate.toLowerCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
