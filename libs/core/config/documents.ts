import { CORE_SCHEMA, load, Type, YAMLException, type Schema } from 'js-yaml';
import { ProblemError, problemError, type Problem } from '@keelson/core/problems';
import { isRecord } from './json-value';
import { findRepeatedKey } from './json-keys';
import { lineFinder } from './positions';
import { splitDocuments, type DocumentText } from './split';

export interface ParseOptions {
  /** Largest input, bytes of UTF-8; 10 MiB unless told. */
  maxBytes?: number;
  /** Deepest nesting; 64 unless told. */
  maxDepth?: number;
  /** How many aliases one document may use; 100 unless told. */
  maxAliases?: number;
  /** Line of the input on which the text starts, where it is a part of a larger one; 1 unless told. */
  firstLine?: number;
}

/** One object in an input. */
export interface ParsedDocument {
  value: unknown;
  /** The line on which it starts, counted from 1. */
  line: number;
  /** The line of a field such as `spec.http[0].timeout`, or of the nearest one around it that is there. */
  lineOf(field: string): number;
}

type Limits = Required<ParseOptions>;

let schema: Schema | undefined;
const largestWithAliases = 256 * 1024;
const toldProblems = 20;

/**
 * The objects in a text of YAML documents or of JSON: empty documents are skipped, a `kind: List` is taken apart.
 * Strict: a key given twice, a tag of an unknown type, or anything past the limits is a problem. Throws ProblemError
 * that tells the lines of all documents that cannot be read; never anything else.
 */
export function parseDocuments(text: string, options: ParseOptions = {}): ParsedDocument[] {
  const limits: Limits = { maxBytes: 10 * 1024 * 1024, maxDepth: 64, maxAliases: 100, firstLine: 1, ...options };
  if (text.length > limits.maxBytes || Buffer.byteLength(text) > limits.maxBytes)
    throw problemError('too-large', `the input is larger than ${String(limits.maxBytes)} bytes`);
  const problems: Problem[] = [];
  const parsed: ParsedDocument[] = [];
  for (const document of splitDocuments(text)) {
    try {
      parsed.push(...parseOne(document, limits));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(...error.problems);
      if (problems.length >= toldProblems) break;
    }
  }
  if (problems.length > 0) throw new ProblemError(problems.slice(0, toldProblems));
  return parsed;
}

function parseOne(document: DocumentText, limits: Limits): ParsedDocument[] {
  const line = document.line + limits.firstLine - 1;
  const value = parseValue(document.text, line, limits);
  if (value === null || value === undefined) return [];
  checkShape(value, limits.maxDepth, document.text.length, line);
  const start = line + linesBefore(document.text);
  const lines = lineFinder(document.text, line, start);
  if (!isList(value)) return [{ value, line: start, lineOf: (field) => lines.lineOf(fieldPath(field)) }];
  return value.items.map((item, index) => ({
    value: item,
    get line() {
      return lines.lineOf(['items', index]);
    },
    lineOf: (field) => lines.lineOf(['items', index, ...fieldPath(field)]),
  }));
}

/** How many lines of comments, blanks, directives and markers stand before the content. */
function linesBefore(text: string): number {
  let lines = 0;
  for (let start = 0; start < text.length; lines++) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    if (line !== '' && line !== '---' && !/^(?:#|%|--- #)/.test(line)) return lines;
    if (end < 0) break;
    start = end + 1;
  }
  return lines;
}

function parseValue(text: string, line: number, limits: Limits): unknown {
  if (/^\s*[[{]/.test(text)) {
    const json = parseJson(text, line);
    if (json) return json.value;
  }
  const aliases = text.match(/(?<![^\s,[{:-])\*[^\s,[\]{}]/g)?.length ?? 0;
  if (aliases > limits.maxAliases)
    throw problemError('too-large', `more than ${String(limits.maxAliases)} aliases in one document`, { line });
  if (aliases > 0 && text.length > largestWithAliases)
    throw problemError('too-large', 'a document this large may not use aliases', { line });
  try {
    return load(text, { schema: (schema ??= yamlSchema()) });
  } catch (error) {
    throw notYaml(error, text, line);
  }
}

function yamlSchema(): Schema {
  const merge = new Type('tag:yaml.org,2002:merge', {
    kind: 'scalar',
    resolve: (data) => data === '<<' || data === null,
  });
  return CORE_SCHEMA.extend({ implicit: [merge] });
}

/** The value of a text that is JSON; undefined if it is not, and then it may be YAML in braces. */
function parseJson(text: string, line: number): { value: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const repeated = findRepeatedKey(text);
  if (repeated)
    throw problemError('duplicate', `key ${JSON.stringify(repeated.key)} is given twice`, {
      line: line + text.slice(0, repeated.at).split('\n').length - 1,
    });
  return { value };
}

function notYaml(error: unknown, text: string, line: number): ProblemError {
  if (error instanceof RangeError) return problemError('too-large', 'nested too deeply', { line });
  if (!(error instanceof YAMLException)) return problemError('malformed', 'not YAML', { line });
  // The type says that there is always a mark; an exception about the whole input has none.
  const mark = error.mark as YAMLException['mark'] | undefined;
  const code = error.reason === 'duplicated mapping key' ? 'duplicate' : 'malformed';
  // The end that comes too early is found on the line behind the last.
  const last = text.trimEnd().split('\n').length - 1;
  return problemError(code, `not YAML: ${error.reason}`, { line: line + Math.min(mark?.line ?? 0, last) });
}

/** Bounds depth, and size after aliases took their place; refuses a key that would change an object's prototype. */
function checkShape(value: unknown, maxDepth: number, maxNodes: number, line: number): void {
  let nodes = 0;
  const visit = (node: unknown, depth: number): void => {
    if (++nodes > maxNodes) throw problemError('too-large', 'aliases make the document too large', { line });
    if (typeof node !== 'object' || node === null) return;
    if (depth > maxDepth) throw problemError('too-large', `nested deeper than ${String(maxDepth)}`, { line });
    if (Array.isArray(node)) for (const item of node) visit(item, depth + 1);
    else
      for (const key of Object.keys(node)) {
        if (key === '__proto__') throw problemError('unknown-field', 'no field is named __proto__', { line });
        visit((node as Record<string, unknown>)[key], depth + 1);
      }
  };
  visit(value, 1);
}

function isList(value: unknown): value is { items: unknown[] } {
  return isRecord(value) && value['kind'] === 'List' && Array.isArray(value['items']);
}

/** `spec.http[0].headers["x.y"]` as the steps to it. */
export function fieldPath(field: string): (string | number)[] {
  const steps: (string | number)[] = [];
  for (const [, quoted, index, name] of field.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    if (quoted !== undefined) steps.push(JSON.parse(`"${quoted}"`) as string);
    else if (index !== undefined) steps.push(Number(index));
    else if (name !== undefined) steps.push(name);
  }
  return steps;
}
