import { ProblemError, problemError, type Problem } from '@keelson/core/problems';
import {
  checkDocument,
  kindByName,
  kindOf,
  objectTitle,
  parseDocuments,
  type CheckedObject,
  type CheckOptions,
  type ObjectRef,
  type ParsedDocument,
} from '@keelson/core/config';

const toldProblems = 100;
/** How long documents are checked before others get their turn. */
const turnMs = 20;

/** The documents of a request's body. */
export function documentsIn(body: Buffer, maxBytes: number): ParsedDocument[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw problemError('malformed', 'the body is not UTF-8 text');
  }
  const documents = parseDocuments(text, { maxBytes });
  if (documents.length === 0) throw problemError('malformed', 'there is no document in the body');
  return documents;
}

/** Checks all documents, so that all their problems are told at once. */
export async function checkAll(documents: readonly ParsedDocument[], options: CheckOptions): Promise<CheckedObject[]> {
  const checked: CheckedObject[] = [];
  const problems: Problem[] = [];
  let turn = Date.now();
  for (const document of documents) {
    try {
      checked.push(checkDocument(document, options));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(...error.problems);
      if (problems.length >= toldProblems) break;
    }
    if (Date.now() - turn < turnMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turn = Date.now();
  }
  if (problems.length > 0) throw new ProblemError(problems.slice(0, toldProblems));
  return checked;
}

/** The objects that documents name, be they whole objects, references, or `{refs: [...]}`. */
export function refsIn(documents: readonly ParsedDocument[], options: CheckOptions): ObjectRef[] {
  return documents.flatMap(({ value, line }) => {
    const refs = (value as { refs?: unknown } | null)?.refs;
    return (Array.isArray(refs) ? refs : [value]).map((each) => refOf(each, line, options));
  });
}

function refOf(value: unknown, line: number, options: CheckOptions): ObjectRef {
  const fields = (value ?? {}) as Record<string, unknown>;
  const names = (fields['metadata'] ?? fields) as Record<string, unknown>;
  const { apiVersion, kind } = fields;
  if (typeof kind !== 'string' || typeof names['name'] !== 'string')
    throw problemError('malformed', 'an object needs a kind and a name to be deleted', { line });
  const known = typeof apiVersion === 'string' ? kindOf(apiVersion, kind) : kindByName(kind);
  if (!known) throw problemError('unknown-kind', `kind ${kind} is not known`, { line });
  const home = known.kind === 'MeshConfig' ? (options.rootNamespace ?? options.namespace) : options.namespace;
  const namespace = typeof names['namespace'] === 'string' ? names['namespace'] : home;
  return { kind: known.kind, namespace, name: names['name'] };
}

/** A problem in one line, for lists of warnings. */
export function problemLine({ object, field, message }: Problem): string {
  return [object, field, message].filter((part) => part !== undefined && part !== '').join(': ');
}

/** The path's object must be the document's. */
export function ensureSame(ref: ObjectRef, asked: ObjectRef): void {
  if (ref.kind === asked.kind && ref.namespace === asked.namespace && ref.name === asked.name) return;
  throw problemError('invalid-value', `the path is that of ${objectTitle(asked)}`, {
    object: objectTitle(ref),
    field: 'metadata',
  });
}
