import { problemError } from '@keelson/core/problems';
import { createHash, randomBytes } from 'node:crypto';

/** What a workload joins with: `kt1.<id>.<secret>.<sha256 of the root's SPKI>`. */
export interface JoinToken {
  id: string;
  secret: string;
  /** SHA-256 of the root's SubjectPublicKeyInfo, hex: whoever cannot show that root is not told the secret. */
  rootPin: string;
}

const form = /^kt1\.([a-z0-9]{16})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})$/;

/** Makes a token with a random id and a secret of 256 bits. */
export function newJoinToken(rootPin: string): JoinToken {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('base64url'), rootPin };
}

export function formatJoinToken({ id, secret, rootPin }: JoinToken): string {
  return `kt1.${id}.${secret}.${rootPin}`;
}

/** Reads a token; the problem never repeats what was given, which may be half a secret. */
export function parseJoinToken(text: string): JoinToken {
  const match = text.length > 256 ? null : form.exec(text.trim());
  if (match === null) throw problemError('malformed', 'this is not a join token (kt1.<id>.<secret>.<root pin>)');
  const [, id = '', secret = '', rootPin = ''] = match;
  return { id, secret, rootPin };
}

/** What is stored of a secret. It has 256 random bits, so a plain hash cannot be searched. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
