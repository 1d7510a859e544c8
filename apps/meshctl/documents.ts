import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './exit';

/** A file as it was read. */
export interface SourceFile {
  /** As the user named it; `standard input` for `-`. */
  name: string;
  text: string;
}

/** A file that cannot be read, or holds no text. */
export class UnreadableFile extends Failure {
  constructor(
    readonly file: string,
    readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
  }
}

/** Documents of several files as one text, with where each file begins in it. */
export interface Documents {
  text: string;
  files: readonly { name: string; firstLine: number }[];
}

const largestFile = 64 * 1024 * 1024;
const chunk = 1024 * 1024;

/**
 * Files, the files of folders (.yaml, .yml and .json, in order, with folders below), and `-` for the standard input. Throws
 * an UnreadableFile for what is not there.
 */
export function filesAt(paths: readonly string[]): string[] {
  return paths.flatMap(filesOf);
}

/** Reads a file, or the standard input if it is `-`. Throws an UnreadableFile. */
export function readSource(path: string): SourceFile {
  const name = path === '-' ? 'standard input' : path;
  try {
    return { name, text: textOf(bytesOf(path, name), name) };
  } catch (error) {
    throw unreadable(error, name);
  }
}

/** What is there is read, and no more: the size of a pipe or a device is not known before. */
function bytesOf(path: string, name: string): Buffer {
  const fd = path === '-' ? 0 : openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; ; ) {
      const bytes = Buffer.allocUnsafe(chunk);
      const count = readSync(fd, bytes, 0, chunk, null);
      if (count === 0) return Buffer.concat(chunks);
      size += count;
      if (size > largestFile) throw new UnreadableFile(name, `larger than ${largestFile / 1024 / 1024} MiB`);
      chunks.push(bytes.subarray(0, count));
    }
  } finally {
    if (path !== '-') closeSync(fd);
  }
}

/** Files as one text of many documents. */
export function joinDocuments(sources: readonly SourceFile[]): Documents {
  const files: { name: string; firstLine: number }[] = [];
  const parts: string[] = [];
  let line = 1;
  for (const { name, text: read } of sources) {
    const text = read === '' || read.endsWith('\n') ? read : `${read}\n`;
    if (parts.length > 0) {
      parts.push('---\n');
      line += 1;
    }
    files.push({ name, firstLine: line });
    parts.push(text);
    line += text.split('\n').length - 1;
  }
  return { text: parts.join(''), files };
}

/** `file:line` of a line of the whole text. */
export function placeOf(documents: Documents, line: number): string {
  const file = documents.files.findLast(({ firstLine }) => firstLine <= line);
  return file === undefined ? `line ${line}` : `${file.name}:${line - file.firstLine + 1}`;
}

/** Bytes that are no UTF-8 would be replaced silently, and another text than the user's would be committed. */
function textOf(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFile(name, 'is not UTF-8 text');
  }
}

function filesOf(path: string): string[] {
  if (path === '-') return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    const found = filesBelow(path).sort();
    if (found.length === 0) throw new UnreadableFile(path, 'no .yaml, .yml or .json file in this folder');
    return found;
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** Links to files count as files, as does a link to nothing, which cannot be read; those to folders are not followed. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    if (!/\.(ya?ml|json)$/.test(entry.name)) return [];
    return entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? [] : [path];
  });
}

function unreadable(error: unknown, file: string): UnreadableFile {
  if (error instanceof UnreadableFile) return error;
  return new UnreadableFile(file, (error as Error).message);
}
