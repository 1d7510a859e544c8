import {
  checkDocument,
  defaultNameScope,
  kindOf,
  objectKey,
  objectTitle,
  parseDocuments,
  policyKinds,
  splitDocuments,
  type CheckedObject,
  type NameScope,
  type ParsedDocument,
} from '@keelson/core/config';
import { compilePolicy, type AdapterTable } from '@keelson/core/policy';
import { ProblemError, type Problem } from '@keelson/core/problems';
import type { SourceFile } from './documents';

/** A problem, and the file that it is in. */
export interface Finding extends Problem {
  file: string;
}

/** What is wrong with a set of files. */
export interface Verdict {
  /** How many objects are sound in themselves. */
  objects: number;
  errors: Finding[];
  warnings: Finding[];
  /** References and Mixer's configuration were judged too, which is done only where every document is sound. */
  judgedTogether: boolean;
  /** There were so many errors that the rest was not looked at. */
  cutShort: boolean;
}

export interface ValidationOptions {
  /** The adapters that Mixers have. */
  adapters: AdapterTable;
  /** The files are all there is: what they refer to and do not have is an error, as it is in an empty mesh. */
  strict?: boolean;
  scope?: NameScope;
  /** What is wrong already: files that could not be read. */
  unreadable?: readonly Finding[];
  /** How many errors are enough; 1,000 unless told. */
  mostErrors?: number;
}

/** An object that is sound in itself, and where it stands. */
interface Sound {
  file: string;
  document: ParsedDocument;
  checked: CheckedObject;
}

/**
 * Judges files as Galley does what is applied, without knowing what is in the log: each document by itself, then, if all are
 * sound, what they refer to and Mixer's configuration as a whole. What is referred to and not in the files may be in the log,
 * so it is a warning. Never throws for what is in the files.
 */
export function validateFiles(files: readonly SourceFile[], options: ValidationOptions): Verdict {
  const { scope = defaultNameScope, mostErrors = 1_000, unreadable = [] } = options;
  const verdict: Verdict = {
    objects: 0,
    errors: [...unreadable],
    warnings: [],
    judgedTogether: false,
    cutShort: false,
  };
  const sound = new Map<string, Sound>();
  for (const { file, document } of documentsIn(files, verdict, mostErrors)) {
    try {
      const checked = checkDocument(document, { namespace: 'default', ...scope });
      verdict.warnings.push(...checked.warnings.map((warning) => ({ ...warning, file })));
      verdict.objects++;
      const first = sound.get(objectKey(checked.typed));
      if (first) verdict.errors.push(givenTwice(first, { file, document, checked }));
      else sound.set(objectKey(checked.typed), { file, document, checked });
    } catch (error) {
      verdict.errors.push(...findingsOf(error, file));
    }
  }
  if (verdict.errors.length > 0) return verdict;
  verdict.judgedTogether = true;
  judgeTogether([...sound.values()], options, scope, verdict);
  return verdict;
}

/** Every document that can be read, until there are too many errors; what cannot be read does not hide the others. */
function* documentsIn(
  files: readonly SourceFile[],
  verdict: Verdict,
  mostErrors: number,
): Iterable<{ file: string; document: ParsedDocument }> {
  const { errors } = verdict;
  const enough = (): boolean => (verdict.cutShort = errors.length >= mostErrors);
  for (const { name: file, text } of files)
    for (const part of splitDocuments(text)) {
      if (enough()) return;
      let documents: ParsedDocument[];
      try {
        documents = parseDocuments(part.text, { firstLine: part.line });
      } catch (error) {
        errors.push(...findingsOf(error, file).map((finding) => ({ ...finding, line: finding.line ?? part.line })));
        documents = [];
      }
      for (const document of documents) {
        if (enough()) return;
        yield { file, document };
      }
    }
}

function findingsOf(error: unknown, file: string): Finding[] {
  if (!(error instanceof ProblemError)) throw error;
  return error.problems.map((problem) => ({ ...problem, file }));
}

function givenTwice(first: Sound, { file, document, checked }: Sound): Finding {
  const message = `is given more than once; first at ${first.file}:${first.document.line}`;
  return { file, code: 'duplicate', message, object: objectTitle(checked.typed), line: document.line };
}

function judgeTogether(
  sound: readonly Sound[],
  { adapters, strict = false }: ValidationOptions,
  scope: NameScope,
  verdict: Verdict,
): void {
  const byTitle = new Map(sound.map((each) => [objectTitle(each.checked.typed), each]));
  const told = new Set<string>();
  const report = (problem: Problem, isError: boolean): void => {
    // A host that a route names five times is missed once.
    const key = `${problem.object ?? ''}\n${problem.message}`;
    if (!isError && told.has(key)) return;
    told.add(key);
    const { file, document } = byTitle.get(problem.object ?? '') ?? {};
    const finding = { file: file ?? '', line: document?.lineOf(problem.field ?? ''), ...problem };
    (isError ? verdict.errors : verdict.warnings).push(finding);
  };
  for (const { problem, required } of missingReferences(sound, scope)) report(problem, strict && required);
  const objects = sound.map(({ checked }) => checked.typed).filter(({ kind }) => policyKinds.has(kind));
  const { problems, warnings } = compilePolicy(objects, adapters, scope.rootNamespace);
  for (const problem of problems) {
    const elsewhere = strict ? undefined : mayBeElsewhere(problem);
    report(elsewhere ?? problem, elsewhere === undefined);
  }
  for (const warning of warnings) report(warning, false);
}

/** References that no object of the set satisfies, and whether Galley refuses an object for such a one. */
function* missingReferences(
  sound: readonly Sound[],
  scope: NameScope,
): Iterable<{ problem: Problem; required: boolean }> {
  const definitionOf = ({ checked: { typed } }: Sound): ReturnType<typeof kindOf> =>
    kindOf(typed.apiVersion, typed.kind);
  const provided = new Set(sound.flatMap((each) => definitionOf(each)?.provides(each.checked.typed, scope) ?? []));
  for (const each of sound) {
    const { typed } = each.checked;
    for (const { names, title, field, required } of definitionOf(each)?.references(typed, scope) ?? []) {
      if (names.some((name) => provided.has(name))) continue;
      const message = `${title} is not in the files`;
      yield { problem: { code: 'bad-reference', message, object: objectTitle(typed), field }, required };
    }
  }
}

/** A problem that is none if the log has what the files have not, in those terms; undefined for any other. */
function mayBeElsewhere(problem: Problem): Problem | undefined {
  const { code, message } = problem;
  if (code === 'bad-reference')
    return { ...problem, message: message.replace(/does not exist$/, 'is not in the files') };
  // Every attribute is declared by an attributemanifest, which is an object like others.
  if (!/: unknown attribute \S+$/.test(message)) return undefined;
  return { ...problem, message: `${message}; no attributemanifest in the files declares it` };
}
