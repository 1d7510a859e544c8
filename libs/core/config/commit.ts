import type { JsonObject } from '@keelson/api';
import { problemError } from '@keelson/core/problems';
import { canonicalJson } from './canonical-json';
import { isRecord } from './json-value';
import type { ObjectRef } from './object';

/** The newest format of a commit that this version reads and the one that it writes. */
export const commitFormat = 1;

/** One object put or deleted. */
export interface Change extends ObjectRef {
  op: 'put' | 'delete';
  apiVersion: string;
  /** What was applied, before defaults; absent in a deletion. A ConfigObject for the kinds that are known here. */
  object?: JsonObject;
  owner: string;
}

/** One message of the log: all its changes take effect together. */
export interface Commit {
  format: 1;
  /** A UUID, by which a writer finds its own commit again. */
  id: string;
  epoch: string;
  changes: Change[];
  author: string;
  reason: string;
  /** Where it came from: `api`, `folder:<id>`. */
  source: string;
  /** RFC 3339, UTC. */
  time: string;
  traceparent?: string;
}

/** A commit as it stands in the log: canonical JSON. */
export function encodeCommit(commit: Commit): Uint8Array {
  return Buffer.from(canonicalJson(commit as unknown as JsonObject));
}

/** Throws ProblemError for what is no commit, or one of a newer format. */
export function decodeCommit(bytes: Uint8Array): Commit {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw problemError('malformed', 'a message of the log is no commit: not JSON');
  }
  if (!isRecord(value)) throw problemError('malformed', 'a message of the log is no commit: not an object');
  const { format } = value;
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1)
    throw problemError('malformed', 'a message of the log is no commit: it has no format');
  if (format > commitFormat)
    throw problemError(
      'not-supported',
      `the commit has format ${String(format)}; this version reads formats up to ${String(commitFormat)} and has to be upgraded`,
    );
  const missing = texts.find((key) => typeof value[key] !== 'string');
  if (missing !== undefined) throw problemError('malformed', `the commit has no ${missing}`, { field: missing });
  if (Number.isNaN(Date.parse(String(value['time']))))
    throw problemError('malformed', 'is not a time', { field: 'time' });
  if (!Array.isArray(value['changes']))
    throw problemError('malformed', 'the commit has no changes', { field: 'changes' });
  for (const [i, change] of (value['changes'] as unknown[]).entries()) checkChange(change, `changes[${String(i)}]`);
  return value as unknown as Commit;
}

const texts = ['id', 'epoch', 'author', 'reason', 'source', 'time'] as const;
const changeTexts = ['apiVersion', 'kind', 'namespace', 'name', 'owner'] as const;

/** Only what the fold itself reads: what an object says is nobody's business here. */
function checkChange(change: unknown, field: string): void {
  if (!isRecord(change)) throw problemError('malformed', 'is not a change', { field });
  if (change['op'] !== 'put' && change['op'] !== 'delete')
    throw problemError('malformed', 'is neither put nor delete', { field: `${field}.op` });
  for (const key of changeTexts)
    if (typeof change[key] !== 'string') throw problemError('malformed', 'is missing', { field: `${field}.${key}` });
  if (change['op'] === 'put' && !isRecord(change['object']))
    throw problemError('malformed', 'is missing', { field: `${field}.object` });
}
