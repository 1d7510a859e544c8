import {
  formatJoinToken,
  newJoinToken,
  parseJoinToken,
  secretFits,
  secretHash,
  spendToken,
  tokenIsUsable,
  type TokenRecord,
} from '@keelson/core/pki';
import { problemError } from '@keelson/core/problems';
import { FatalError, writePrivateFile } from '@keelson/edge/service';
import { readFileSync } from 'node:fs';

/** What a token is made for. */
export interface TokenGrant {
  namespace: string;
  serviceAccount: string;
  uses: number;
  ttlMs: number;
}

/** The join tokens, kept in a file without their secrets. Every change is on disk before it counts. */
export class TokenStore {
  readonly #records: Map<string, TokenRecord>;

  constructor(
    readonly file: string,
    readonly rootPin: string,
    readonly clock: () => number = Date.now,
  ) {
    this.#records = new Map(readRecords(file).map((record) => [record.id, record]));
  }

  /** Makes a token; only here is its secret known. */
  create(grant: TokenGrant): { token: string; record: TokenRecord } {
    const now = this.clock();
    const token = newJoinToken(this.rootPin);
    const record: TokenRecord = {
      id: token.id,
      secretHash: secretHash(token.secret),
      namespace: grant.namespace,
      serviceAccount: grant.serviceAccount,
      uses: grant.uses,
      created: now,
      expires: now + grant.ttlMs,
      keys: [],
    };
    this.#change(record.id, record);
    return { token: formatJoinToken(token), record };
  }

  /** The record of a token whose secret is right; what is wrong is not told apart, so that nothing can be probed. */
  find(text: string): TokenRecord {
    let token;
    try {
      token = parseJoinToken(text);
    } catch {
      token = undefined;
    }
    const record = token === undefined ? undefined : this.#records.get(token.id);
    if (token === undefined || record === undefined || !secretFits(record, token.secret))
      throw problemError('unauthenticated', 'the join token is not known here');
    return record;
  }

  /** Spends a use for a key; returns once it is on disk. */
  spend(id: string, spki: string): void {
    const record = this.#records.get(id);
    if (record === undefined) throw problemError('unauthenticated', 'the join token is not known here');
    const spent = spendToken(record, spki, this.clock());
    if (spent !== record) this.#change(id, spent);
  }

  /** Whether a token as it stands in a file can still be used to join. */
  usable(text: string): boolean {
    try {
      return parseJoinToken(text).rootPin === this.rootPin && tokenIsUsable(this.find(text), this.clock());
    } catch {
      return false;
    }
  }

  list(): TokenRecord[] {
    return [...this.#records.values()];
  }

  delete(id: string): boolean {
    if (!this.#records.has(id)) return false;
    this.#change(id, undefined);
    return true;
  }

  #change(id: string, record: TokenRecord | undefined): void {
    const now = this.clock();
    const next = new Map(this.#records);
    if (record === undefined) next.delete(id);
    else next.set(id, record);
    // Dead tokens are forgotten a day after their end; until then a caller is told that his has expired.
    for (const [other, { expires }] of next) if (expires + 86_400_000 < now) next.delete(other);
    writePrivateFile(this.file, `${JSON.stringify({ version: 1, tokens: [...next.values()] })}\n`);
    this.#records.clear();
    for (const [other, kept] of next) this.#records.set(other, kept);
  }
}

function readRecords(file: string): TokenRecord[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    const { version, tokens } = JSON.parse(text) as { version?: unknown; tokens?: unknown };
    if (version === 1 && Array.isArray(tokens)) return tokens as TokenRecord[];
  } catch {
    // Told below: starting without the tokens that were given out would lock workloads out.
  }
  throw new FatalError(`${file} is not a list of join tokens of version 1; move it away to start with none`);
}
