import { type Attributes, requireType } from './attribute';
import type { QuotaParams } from './check-request';
import { globalWords } from './dictionary';
import { sameAttribute } from './same-attribute';
import { WireWriter } from './wire-writer';
import { WordList } from './word-list';
import { writeAttribute } from './write-attribute';

/** A call of Check, as a client makes it. */
export interface CheckCall {
  readonly attributes: Attributes;
  readonly deduplicationId?: string;
  /** By name. */
  readonly quotas?: ReadonlyMap<string, QuotaParams>;
  /** How many words of the global list are used; a Mixer that knows fewer refuses the call. By default all. */
  readonly globalWordCount?: number;
}

/**
 * The bytes of an `istio.mixer.v1.CompressedAttributes`: words by the global list as far as the other side knows it, others
 * put along. Throws a ProblemError `invalid-value` that names an attribute whose value is not of its type.
 */
export function encodeAttributes(attributes: Attributes, globalWordCount: number = globalWords.length): Buffer {
  const words = new WordList(globalWordCount);
  const body = new WireWriter();
  for (const [name, attribute] of attributes) writeAttribute(body, words, name, attribute);
  return Buffer.concat([words.encode(1), body.bytes]);
}

/** The bytes of an `istio.mixer.v1.CheckRequest`. Throws as `encodeAttributes` does. */
export function encodeCheckRequest(call: CheckCall): Buffer {
  const { globalWordCount = globalWords.length, deduplicationId = '', quotas = [] } = call;
  const writer = new WireWriter();
  writer.blob(1, encodeAttributes(call.attributes, globalWordCount));
  writer.uint32(2, globalWordCount);
  if (deduplicationId !== '') writer.text(3, deduplicationId);
  for (const [name, { amount, bestEffort }] of quotas) {
    requireType(`quotas[${name}].amount`, 'INT64', amount);
    const entry = writer.open(4);
    writer.text(1, name);
    const params = writer.open(2);
    writer.int64(1, amount);
    writer.bool(2, bestEffort);
    writer.close(params);
    writer.close(entry);
  }
  return writer.bytes;
}

/**
 * The bytes of one `istio.mixer.v1.ReportRequest` for a batch of records, with one list of words for all of them. Each
 * record tells only what differs from the one before (DELTA_ENCODING). That encoding cannot tell that an attribute is not
 * there any more: a batch in which this happens is sent in whole records (INDEPENDENT_ENCODING). So a batch is always one
 * call, and either way a word goes over the wire once. Throws as `encodeAttributes` does.
 */
export function encodeReportRequest(
  records: readonly Attributes[],
  globalWordCount: number = globalWords.length,
): Buffer {
  const words = new WordList(globalWordCount);
  const body = new WireWriter(4096);
  const independent = records.some((record, i) => lacksOne(record, records[i - 1]));
  let before: Attributes | undefined;
  for (const record of records) {
    const mark = body.open(1);
    for (const [name, attribute] of record) {
      if (!sameAttribute(attribute, before?.get(name))) writeAttribute(body, words, name, attribute);
    }
    body.close(mark);
    if (!independent) before = record;
  }
  body.uint32(3, globalWordCount);
  if (independent) body.uint32(4, 1);
  return Buffer.concat([body.bytes, words.encode(2)]);
}

/** Whether a record lacks an attribute of the one before. */
function lacksOne(record: Attributes, before: Attributes | undefined): boolean {
  if (before === undefined) return false;
  for (const name of before.keys()) if (!record.has(name)) return true;
  return false;
}
