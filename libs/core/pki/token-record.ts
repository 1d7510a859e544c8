import { problemError } from '@keelson/core/problems';
import { timingSafeEqual } from 'node:crypto';
import { secretHash } from './join-token';

/** What is kept of a join token: whose identity it gives, how often, until when. Never its secret. */
export interface TokenRecord {
  id: string;
  secretHash: string;
  namespace: string;
  serviceAccount: string;
  /** How many different keys it serves. */
  uses: number;
  created: number;
  expires: number;
  /** The keys that were served: a repeat with one of them costs no use. */
  keys: readonly string[];
}

/** Whether a token can still serve a key that it has not served yet. */
export function tokenIsUsable(record: TokenRecord, now: number): boolean {
  return now < record.expires && record.keys.length < record.uses;
}

/** Whether the secret is the token's, compared in constant time. */
export function secretFits(record: TokenRecord, secret: string): boolean {
  return timingSafeEqual(Buffer.from(secretHash(secret), 'hex'), Buffer.from(record.secretHash, 'hex'));
}

/**
 * Spends a use of a token for a key and returns the record as it then is; the same record if the key was served before.
 * An expired token serves nobody, not even a key that it knows.
 */
export function spendToken(record: TokenRecord, spki: string, now: number): TokenRecord {
  if (now >= record.expires) throw problemError('unauthenticated', `the join token ${record.id} has expired`);
  if (record.keys.includes(spki)) return record;
  if (record.keys.length >= record.uses)
    throw problemError('unauthenticated', `the join token ${record.id} is used up (${record.uses} of ${record.uses})`);
  return { ...record, keys: [...record.keys, spki] };
}
