import { randomUUID } from 'node:crypto';
import { filesAt, joinDocuments, placeOf, readSource, type Documents } from '../documents';
import { durationOf } from '../duration';
import { exitCodes, Failure, usageError, type ExitCode } from '../exit';
import type { ApplyResult } from '../galley-api';
import { Refusal, type HttpClient } from '../http-client';
import { print } from '../output';
import { waitForReceipts, waitLines } from '../receipts';
import type { Invocation, Options } from '../command';

/** The flag that names documents. */
export const fileOption = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'FILE|DIR|-',
    values: 'files',
    help: 'documents: a file, all files of a folder, or the standard input',
  },
} as const satisfies Options;

/** Flags of the commands that make a commit. */
export const commitOptions = {
  ...fileOption,
  wait: { type: 'boolean', help: 'wait until every proxy has acknowledged the commit' },
  timeout: { type: 'string', value: 'DURATION', help: 'how long to wait; 30s unless told' },
} as const satisfies Options;

/** The documents that `-f` names. */
export function requestedDocuments(invocation: Invocation): Documents {
  const documents = joinDocuments(filesAt(pathsOf(invocation)).map(readSource));
  if (documents.text.trim() === '') throw new Failure(`${documents.files.map(({ name }) => name).join(', ')}: empty`);
  return documents;
}

/** The paths that `-f` names, of which there must be one. */
export function pathsOf(invocation: Invocation): readonly string[] {
  const paths = invocation.texts('file');
  const [extra] = invocation.positionals;
  if (paths.length === 0) throw usageError('-f FILE, -f DIR or -f - is needed');
  if (extra !== undefined) throw usageError(`'${extra}' is one word too many; files are named by -f`);
  return paths;
}

/** Posts documents; what is refused is told with the place in its file. */
export async function postDocuments(galley: HttpClient, path: string, documents: Documents): Promise<ApplyResult> {
  try {
    return (await galley.call(path, {
      method: 'POST',
      body: documents.text,
      headers: { 'content-type': 'application/yaml', 'idempotency-key': randomUUID() },
    })) as ApplyResult;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const lines = error.problems.map(({ object, field, message, line }) =>
      [line === undefined ? undefined : placeOf(documents, line), object, field, message]
        .filter((part) => part !== undefined && part !== '')
        .join(': '),
    );
    throw new Failure(lines.length > 0 ? lines.join('\n') : error.message, error.exitCode);
  }
}

/** Makes a commit, waits for its receipts when asked to, and tells both. */
export async function commit(
  invocation: Invocation,
  make: (galley: HttpClient) => Promise<ApplyResult>,
  dryRun = false,
): Promise<ExitCode> {
  const timeoutMs = durationOf('--timeout', invocation.text('timeout') ?? '30s');
  const galley = invocation.galley();
  const result = await make(galley);
  const wait = invocation.flag('wait') && !dryRun;
  const outcome = wait ? await waitForReceipts(galley, result, timeoutMs) : undefined;
  print(invocation.output, { ...result, ...(outcome && { receipts: outcome.receipts }) }, () =>
    [...resultLines(result, dryRun), ...(outcome ? waitLines(outcome, result.revision, timeoutMs) : [])].join('\n'),
  );
  return outcome?.exitCode ?? exitCodes.done;
}

function resultLines({ results, warnings = [], revision, committed }: ApplyResult, dryRun: boolean): string[] {
  const end = committed ? `committed as ${revision}` : `nothing to change, revision is ${revision}`;
  return [
    ...results.map(
      ({ kind, namespace, name, op }) => `${kind} ${namespace}/${name} ${op}${dryRun ? ' (dry run)' : ''}`,
    ),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...(dryRun ? [] : [end]),
  ];
}
