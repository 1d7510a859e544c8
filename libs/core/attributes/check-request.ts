import { problemError } from '@keelson/core/problems';
import { messageBytes, ProtoCursor, wireTypes } from './proto-cursor';
import type { Int64 } from './value';

const message = 'CheckRequest';
const fields = { ATTRIBUTES: 1, GLOBAL_WORD_COUNT: 2, DEDUPLICATION_ID: 3, QUOTAS: 4 } as const;

/** Each quota is a question to an adapter of its own. */
const mostQuotas = 100;

/** How much of a quota a caller asks for. */
export interface QuotaParams {
  readonly amount: Int64;
  /** Less than the amount is welcome too. */
  readonly bestEffort: boolean;
}

/** An `istio.mixer.v1.CheckRequest`, its attributes still as bytes. */
export interface CheckRequestParts {
  /** For `readAttributes`: a part of the request's bytes, not a copy, unless they come in several parts. */
  readonly attributes: Uint8Array;
  /** How many words of the global list the caller knows; more than there are here must be refused. */
  readonly globalWordCount: number;
  readonly deduplicationId: string;
  /** By the names that the caller uses. */
  readonly quotas: ReadonlyMap<string, QuotaParams>;
}

/** Takes the bytes of a `CheckRequest` apart. Throws a ProblemError: `malformed` for what is not protobuf, `too-large` for more than 100 quotas. */
export function readCheckRequest(request: Uint8Array): CheckRequestParts {
  const bytes = messageBytes(request, message);
  const cursor = new ProtoCursor(bytes, 0, bytes.length, message);
  const parts: Buffer[] = [];
  let globalWordCount = 0;
  let deduplicationId = '';
  const quotas = new Map<string, QuotaParams>();
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    switch (tag >>> 3) {
      case fields.ATTRIBUTES: {
        cursor.field = 'attributes';
        cursor.expect(tag, wireTypes.LENGTH);
        const length = cursor.length();
        parts.push(bytes.subarray(cursor.at, cursor.at + length));
        cursor.at += length;
        break;
      }
      case fields.GLOBAL_WORD_COUNT:
        cursor.field = 'global_word_count';
        cursor.expect(tag, wireTypes.VARINT);
        globalWordCount = cursor.int32() >>> 0;
        break;
      case fields.DEDUPLICATION_ID:
        cursor.field = 'deduplication_id';
        cursor.expect(tag, wireTypes.LENGTH);
        deduplicationId = cursor.text();
        break;
      case fields.QUOTAS: {
        cursor.field = 'quotas';
        cursor.expect(tag, wireTypes.LENGTH);
        const length = cursor.length();
        const { end } = cursor;
        cursor.end = cursor.at + length;
        readQuota(cursor, quotas);
        cursor.end = end;
        if (quotas.size > mostQuotas) throw tooManyQuotas();
        break;
      }
      default:
        cursor.skip(tag & 7);
    }
    cursor.field = undefined;
  }
  // Parts of one message that come apart are one message in a row.
  const attributes = parts.length > 1 ? Buffer.concat(parts) : (parts[0] ?? bytes.subarray(0, 0));
  return { attributes, globalWordCount, deduplicationId, quotas };
}

function tooManyQuotas(): Error {
  return problemError('too-large', `more than ${mostQuotas} are asked for`, { object: message, field: 'quotas' });
}

/** An entry of the map: `{key = 1, value = 2}`. */
function readQuota(cursor: ProtoCursor, quotas: Map<string, QuotaParams>): void {
  let name = '';
  let params: QuotaParams = { amount: 0, bestEffort: false };
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag >>> 3 === 1) {
      cursor.expect(tag, wireTypes.LENGTH);
      name = cursor.text();
    } else if (tag >>> 3 === 2) {
      cursor.expect(tag, wireTypes.LENGTH);
      const length = cursor.length();
      const { end } = cursor;
      cursor.end = cursor.at + length;
      params = readParams(cursor);
      cursor.end = end;
    } else {
      cursor.skip(tag & 7);
    }
  }
  quotas.set(name, params);
}

function readParams(cursor: ProtoCursor): QuotaParams {
  let amount: Int64 = 0;
  let bestEffort = false;
  while (cursor.at < cursor.end) {
    const tag = cursor.tag();
    if (tag >>> 3 === 1) {
      cursor.expect(tag, wireTypes.VARINT);
      amount = cursor.int64();
    } else if (tag >>> 3 === 2) {
      cursor.expect(tag, wireTypes.VARINT);
      bestEffort = cursor.bool();
    } else {
      cursor.skip(tag & 7);
    }
  }
  return { amount, bestEffort };
}
