import { createHash } from 'node:crypto';
import type { JsonObject } from '@keelson/api';
import { problemError } from '@keelson/core/problems';
import { canonicalJson, objectKey, type RequestedChange } from '@keelson/core/config';
import { refOf, type WriteResult } from '@keelson/edge/config-log';
import type { History } from './history';

/**
 * The id of a commit that a caller gave a key to, a UUID of version 8, whose bits mean what their maker says: 60 bits of
 * the key, `b`, 60 bits of the digest of what is asked for. Earlier versions made `a` and all bits of the key.
 * docs/reference/formats.md
 */
export function keyedCommitId(key: string, digest: string): string {
  const hex = sha256(key);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `b${digest.slice(0, 3)}`,
    digest.slice(3, 15),
  ].join('-');
}

/** The part of a commit's id that is its key's alone; the whole id where no caller gave a key. */
export function keyPart(id: string): string {
  return /^.{14}8/.test(id) ? id.slice(0, 18) : id;
}

/** Whether the id was made of a key alone, so that it does not tell what was asked for. */
export function isOfKeyAlone(id: string): boolean {
  return /^.{14}8.{4}a/.test(id);
}

/** The same for requests that mean the same, in hexadecimal. */
export function requestDigest(changes: readonly RequestedChange[], owner: string): string {
  const contents = [...contentsOf(changes)].sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([owner, contents]));
}

/** The same for the same content; of an object that was deleted there is none. */
export function contentDigest(object: JsonObject | undefined): string {
  return object === undefined ? '' : createHash('sha256').update(canonicalJson(object)).digest('base64url');
}

/**
 * What became of a request that was committed before. Throws ProblemError if its key named another request: that must not
 * make this one look done.
 */
export function knownCommit(
  history: History,
  id: string,
  changes: readonly RequestedChange[],
): Pick<WriteResult, 'revision' | 'results'> | undefined {
  const before = history.committed(id);
  if (!before) return undefined;
  if (before.id !== id && !holdsContent(history, before.id, changes))
    throw problemError('conflict', `this key named the commit ${before.revision} of another request`, {
      field: 'Idempotency-Key',
    });
  return { revision: before.revision, results: before.changes.map(({ op, ...ref }) => ({ op, ref })) };
}

/** All that can be told of a commit whose id does not tell what was asked for: what it changed was asked for too. */
function holdsContent(history: History, id: string, changes: readonly RequestedChange[]): boolean {
  const content = history.contentOf(id);
  const asked = new Map(contentsOf(changes));
  return content !== undefined && [...content].every(([key, digest]) => asked.get(key) === digest);
}

function contentsOf(changes: readonly RequestedChange[]): [key: string, digest: string][] {
  return changes.map((change) =>
    change.op === 'delete'
      ? [objectKey(change.ref), contentDigest(undefined)]
      : [objectKey(refOf(change)), contentDigest({ ...change.object })],
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
