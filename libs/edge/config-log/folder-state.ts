import { ProblemError, type Problem } from '@keelson/core/problems';
import {
  checkDocument,
  defaultNameScope,
  objectKey,
  objectTitle,
  parseDocuments,
  splitDocuments,
  type CheckedObject,
  type CheckOptions,
  type ObjectRef,
} from '@keelson/core/config';

/** What one text between two separators holds. */
interface ReadText {
  text: string;
  line: number;
  objects: readonly CheckedObject[];
  problems: readonly Problem[];
  /** Keys of objects that are wrong, as far as they can be told. */
  wrong: readonly string[];
  /** Something is wrong and it cannot be told which object was meant. */
  unreadable: boolean;
}

interface FileState {
  texts: readonly ReadText[];
  /** What the file provides: what is good in it, and the last good version of what is not. */
  objects: ReadonlyMap<string, CheckedObject>;
  /** Objects that are in it more than once. */
  duplicates: readonly Problem[];
}

/** What changed in a folder. */
export interface FolderChanges {
  put: CheckedObject[];
  remove: ObjectRef[];
}

/**
 * The objects of a folder's files. Only texts that changed are parsed. A bad document is reported and left out; if it
 * was good before, its last good version stays, and where it cannot be told which one it was, nothing of its file goes.
 */
export class FolderState {
  private readonly files = new Map<string, FileState>();
  private readonly claims = new Map<string, Map<string, CheckedObject>>();
  private readonly current = new Map<string, CheckedObject>();
  private readonly touched = new Set<string>();
  private troubles: readonly string[] = [];
  private blank = true;
  /** How many texts were parsed; a measure of the work done. */
  parsed = 0;

  constructor(private readonly options: CheckOptions) {}

  /** Takes in a file's text; undefined if the file is gone. */
  setFile(path: string, text: string | undefined): void {
    const before = this.files.get(path);
    if (text !== undefined && text.trim() !== '') this.blank = false;
    const next = text === undefined ? undefined : this.readFile(path, text, before);
    if (next) this.files.set(path, next);
    else this.files.delete(path);
    for (const [key, object] of next?.objects ?? [])
      if (before?.objects.get(key) !== object) this.claim(key, path, object);
    for (const key of before?.objects.keys() ?? []) if (!next?.objects.has(key)) this.claim(key, path, undefined);
  }

  /** Takes in what of the folder cannot be read now; empty when all can. */
  setTroubles(troubles: readonly string[]): void {
    this.troubles = troubles;
  }

  /** Whether no file ever said anything, be it a comment: such a folder may be a mount that is not there yet. */
  get neverHeldAnything(): boolean {
    return this.blank;
  }

  /** What changed since the last call. */
  takeChanges(): FolderChanges {
    const changes: FolderChanges = { put: [], remove: [] };
    for (const key of [...this.touched].sort()) {
      const before = this.current.get(key);
      const after = this.winner(key);
      if (after) {
        this.current.set(key, after);
        if (!before || !sameObject(before, after)) changes.put.push(after);
      } else if (before) {
        this.current.delete(key);
        changes.remove.push(refOf(before));
      }
    }
    this.touched.clear();
    return changes;
  }

  /** The objects that the folder holds, by key, as of the last `takeChanges`. */
  get objects(): ReadonlyMap<string, CheckedObject> {
    return this.current;
  }

  /**
   * Whether the folder means this object not to be there: false while a file or a document that cannot be read may be it,
   * and while the folder never held anything.
   */
  isAbsent(key: string): boolean {
    if (this.blank || this.troubles.length > 0 || this.claims.has(key)) return false;
    for (const { texts } of this.files.values())
      if (texts.some(({ unreadable, wrong }) => unreadable || wrong.includes(key))) return false;
    return true;
  }

  /** Everything that is wrong with the folder's documents now. */
  problems(): Problem[] {
    const problems = this.troubles.map((message): Problem => ({ code: 'unavailable', message }));
    for (const path of [...this.files.keys()].sort()) {
      const file = this.files.get(path);
      for (const text of file?.texts ?? []) problems.push(...text.problems);
      problems.push(...(file?.duplicates ?? []));
    }
    for (const [key, files] of this.claims) {
      if (files.size < 2) continue;
      const [first, ...others] = [...files.keys()].sort();
      const object = objectTitle(refOf(files.get(first ?? '') ?? this.current.get(key)));
      for (const path of others)
        problems.push({ code: 'duplicate', message: `${path}: also in ${first ?? ''}, which counts`, object });
    }
    return problems;
  }

  private readFile(path: string, text: string, before: FileState | undefined): FileState {
    const parts = splitDocuments(text);
    const texts = this.readTexts(path, parts, before?.texts ?? []);
    const objects = new Map<string, CheckedObject>();
    const duplicates: Problem[] = [];
    for (const [at, { objects: found }] of texts.entries())
      for (const object of found) {
        const key = objectKey(refOf(object));
        if (objects.has(key)) duplicates.push(duplicateOf(path, object, parts[at]?.line));
        else objects.set(key, object);
      }
    const unreadable = texts.some((each) => each.unreadable);
    const wrong = new Set(texts.flatMap((each) => each.wrong));
    for (const [key, object] of before?.objects ?? [])
      if (!objects.has(key) && (unreadable || wrong.has(key))) objects.set(key, object);
    return { texts, objects, duplicates };
  }

  private readTexts(
    path: string,
    parts: readonly { text: string; line: number }[],
    before: readonly ReadText[],
  ): ReadText[] {
    let known: Map<string, ReadText> | undefined;
    return parts.map((part, at) => {
      const same = before[at];
      if (same?.text === part.text && (same.line === part.line || same.problems.length === 0)) return same;
      // Documents that only moved are found by their text.
      known ??= new Map(before.map((each) => [each.text, each]));
      const moved = known.get(part.text);
      if (moved && moved.problems.length === 0) return moved;
      return this.readText(path, part);
    });
  }

  private readText(path: string, { text: part, line }: { text: string; line: number }): ReadText {
    this.parsed++;
    const text = ownCopy(part);
    const objects: CheckedObject[] = [];
    const problems: Problem[] = [];
    const wrong: string[] = [];
    let unreadable = false;
    try {
      for (const document of parseDocuments(text, { firstLine: line })) {
        try {
          const checked = checkDocument(document, this.options);
          objects.push(checked);
          problems.push(...inFile(path, checked.warnings));
        } catch (error) {
          problems.push(...problemsOf(error, path));
          const ref = this.refIn(document.value);
          if (ref) wrong.push(objectKey(ref));
          else unreadable = true;
        }
      }
    } catch (error) {
      problems.push(...problemsOf(error, path));
      unreadable = true;
    }
    return { text, line, objects, problems, wrong, unreadable };
  }

  /** The object that a document means, if it says so much. */
  private refIn(value: unknown): ObjectRef | undefined {
    const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown; namespace?: unknown } };
    if (typeof kind !== 'string' || typeof metadata?.name !== 'string') return undefined;
    const { namespace: usual, rootNamespace = defaultNameScope.rootNamespace } = this.options;
    const home = kind === 'MeshConfig' ? rootNamespace : usual;
    const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : home;
    return { kind, namespace, name: metadata.name };
  }

  private claim(key: string, path: string, object: CheckedObject | undefined): void {
    this.touched.add(key);
    const files = this.claims.get(key) ?? new Map<string, CheckedObject>();
    if (object) files.set(path, object);
    else files.delete(path);
    if (files.size > 0) this.claims.set(key, files);
    else this.claims.delete(key);
  }

  private winner(key: string): CheckedObject | undefined {
    const files = this.claims.get(key);
    if (!files) return undefined;
    const [first = ''] = files.size === 1 ? files.keys() : [...files.keys()].sort();
    return files.get(first);
  }
}

/**
 * A part of a string keeps all of it in memory, in V8: kept as it is, each text that changed would hold a version of its whole
 * file, as long as no other change comes to that text.
 */
function ownCopy(part: string): string {
  return JSON.parse(JSON.stringify(part)) as string;
}

/** What names a checked object. */
export function refOf(checked: Pick<CheckedObject, 'object'> | undefined): ObjectRef {
  const { kind = '', metadata } = checked?.object ?? {};
  return { kind, namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function sameObject(a: CheckedObject, b: CheckedObject): boolean {
  return a === b || JSON.stringify(a.object) === JSON.stringify(b.object);
}

function duplicateOf(path: string, object: CheckedObject, line: number | undefined): Problem {
  return {
    code: 'duplicate',
    message: `${path}: is in the file more than once; the first counts`,
    object: objectTitle(refOf(object)),
    line,
  };
}

function problemsOf(error: unknown, path: string): Problem[] {
  if (error instanceof ProblemError) return inFile(path, error.problems);
  return [{ code: 'malformed', message: `${path}: ${error instanceof Error ? error.message : String(error)}` }];
}

function inFile(path: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, message: `${path}: ${problem.message}` }));
}
