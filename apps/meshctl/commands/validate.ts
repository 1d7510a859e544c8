import { defaultNameScope } from '@keelson/core/config';
import { adapters } from '@keelson/edge/adapters';
import { filesAt, readSource, UnreadableFile, type SourceFile } from '../documents';
import { exitCodes, Failure, type ExitCode } from '../exit';
import { print } from '../output';
import { validateFiles, type Finding, type Verdict } from '../validation';
import type { Command } from '../command';
import { fileOption, pathsOf } from './commit';

/** What Galley takes in one request unless its --max-apply-bytes says otherwise. */
const usualApplyBytes = 4 * 1024 * 1024;
const shownFindings = 100;

export const validate: Command = {
  name: 'validate',
  usage: '-f FILE|DIR|- [--strict]',
  help: 'Check files as apply would, without a server: schemas, rules of each kind, expressions, references among them.',
  options: {
    ...fileOption,
    strict: { type: 'boolean', help: 'the files are all there is: a reference to what they do not have is an error' },
    'domain-suffix': {
      type: 'string',
      value: 'DOMAIN',
      help: `as Galley has it; ${defaultNameScope.domainSuffix} unless told`,
    },
    'root-namespace': {
      type: 'string',
      value: 'NAMESPACE',
      help: `as Galley has it; ${defaultNameScope.rootNamespace} unless told`,
    },
  },
  run(invocation) {
    const { files, unreadable } = read(pathsOf(invocation));
    const { output } = invocation;
    const scope = {
      domainSuffix: invocation.text('domain-suffix') ?? defaultNameScope.domainSuffix,
      rootNamespace: invocation.text('root-namespace') ?? defaultNameScope.rootNamespace,
    };
    const verdict = validateFiles(files, { adapters, scope, unreadable, strict: invocation.flag('strict') });
    if (verdict.objects === 0 && verdict.errors.length === 0)
      throw new Failure(`${files.map(({ name }) => name).join(', ')}: no document`);
    const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    const notes =
      bytes > usualApplyBytes
        ? [`together ${(bytes / 1024 / 1024).toFixed(1)} MiB, and Galley takes 4 MiB at once unless told otherwise`]
        : [];
    return Promise.resolve(tell(verdict, files.length + unreadable.length, notes, output));
  },
};

/** A path or a file that cannot be read hides none of the others. */
function read(paths: readonly string[]): { files: SourceFile[]; unreadable: Finding[] } {
  const unreadable: Finding[] = [];
  const readable = <T>(read: () => T[]): T[] => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      unreadable.push({ file: error.file, code: 'malformed', message: error.reason });
      return [];
    }
  };
  const files = paths
    .flatMap((path) => readable(() => filesAt([path])))
    .flatMap((file) => readable(() => [readSource(file)]));
  return { files, unreadable };
}

function tell(
  verdict: Verdict,
  files: number,
  notes: readonly string[],
  output: Parameters<typeof print>[0],
): ExitCode {
  const { objects, errors, warnings, cutShort } = verdict;
  const valid = errors.length === 0;
  if (output === 'table') for (const line of lines(errors, 'errors')) process.stderr.write(`${line}\n`);
  print(output, { valid, files, objects, errors, warnings, notes, cutShort }, () =>
    [
      ...lines(warnings, 'warnings').map((line) => `warning: ${line}`),
      ...notes.map((note) => `warning: ${note}`),
      summary(verdict, files),
    ].join('\n'),
  );
  return valid ? exitCodes.done : exitCodes.failed;
}

/** As many as people read. */
function lines(findings: readonly Finding[], what: string): string[] {
  const shown = findings.slice(0, shownFindings).map(findingLine);
  const more = findings.length - shown.length;
  return more > 0 ? [...shown, `${more} more ${what}; -o json tells them`] : shown;
}

function summary({ objects, errors, judgedTogether, cutShort }: Verdict, files: number): string {
  const where = files === 1 ? '' : ` in ${files} files`;
  if (errors.length === 0) return `${count(objects, 'object')}${where}: valid`;
  const rest = cutShort
    ? '; the rest was not looked at'
    : judgedTogether
      ? ''
      : '; references are judged when every document is sound';
  return `${count(errors.length, 'error')}${where}${rest}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function findingLine({ file, line, object, field, message }: Finding): string {
  return [line === undefined ? file : `${file}:${line}`, object, field, message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
}
