import { createHash } from 'node:crypto';
import { decodeCommit, encodeCommit, type Commit } from '@keelson/core/config';

/** Bodies over this many bytes go to the object store; NATS takes messages up to 1 MiB. */
const inlineLimit = 512 * 1024;

/** Where large bodies are kept, by digest. */
export interface BodyStore {
  put(digest: string, body: Uint8Array): Promise<void>;
  /** Undefined if there is none of this digest. */
  get(digest: string): Promise<Uint8Array | undefined>;
}

/** What stands in the log for a commit whose body is elsewhere. */
interface Envelope {
  format: 1;
  id: string;
  epoch: string;
  /** `sha256:<hex>` */
  body: string;
  size: number;
}

/** The message of a commit. A large body is stored first, so that no message ever points at nothing. */
export async function writeMessage(commit: Commit, bodies: BodyStore): Promise<Uint8Array> {
  const bytes = encodeCommit(commit);
  if (bytes.length <= inlineLimit) return bytes;
  const digest = digestOf(bytes);
  await bodies.put(digest, bytes);
  const envelope: Envelope = { format: 1, id: commit.id, epoch: commit.epoch, body: digest, size: bytes.length };
  return Buffer.from(JSON.stringify(envelope));
}

/** The commit of a message. Throws if the body is missing or another one; ProblemError for what is no commit. */
export async function readMessage(data: Uint8Array, bodies: BodyStore): Promise<Commit> {
  const digest = envelopeBody(data);
  if (digest === undefined) return decodeCommit(data);
  const body = await bodies.get(digest);
  if (!body) throw new Error(`the body ${digest} of a commit is not in the object store`);
  if (digestOf(body) !== digest) throw new Error(`the body ${digest} of a commit is not what was stored`);
  return decodeCommit(body);
}

function envelopeBody(data: Uint8Array): string | undefined {
  if (data.length > 1024) return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(data).toString()) as Partial<Envelope> | null;
    return typeof parsed?.body === 'string' && /^sha256:[0-9a-f]{64}$/.test(parsed.body) ? parsed.body : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
