import type { Int64 } from './value';
import { WireWriter } from './wire-writer';

/** What a check, or one quota of it, came to; `references` are the bytes of a `ReferencedAttributes`. */
export interface CheckAnswer {
  readonly code: number;
  readonly message: string;
  readonly validForMs: number;
  readonly validUses: number;
  readonly references: Uint8Array;
  /** The bytes of a `RouteDirective`, where there is one. */
  readonly directive?: Uint8Array;
}

export interface QuotaAnswer {
  readonly amount: Int64;
  readonly validForMs: number;
  readonly references: Uint8Array;
}

/** Field numbers of `istio.mixer.v1.CheckResponse` and what it holds (`protos/istio/mixer/v1/mixer.proto`). */
const response = { PRECONDITION: 2, QUOTAS: 3 } as const;
const precondition = { STATUS: 1, VALID_DURATION: 2, VALID_USE_COUNT: 3, REFERENCED: 5, DIRECTIVE: 6 } as const;
const quotaResult = { VALID_DURATION: 1, GRANTED_AMOUNT: 2, REFERENCED: 5, STATUS: 6 } as const;

/** The bytes of a `CheckResponse`. */
export function encodeCheckResponse(check: CheckAnswer, quotas: ReadonlyMap<string, QuotaAnswer>): Buffer {
  const writer = new WireWriter(256);
  const mark = writer.open(response.PRECONDITION);
  const status = writer.open(precondition.STATUS);
  if (check.code !== 0) writer.uint32(1, check.code);
  if (check.message !== '') writer.text(2, check.message);
  writer.close(status);
  writeDuration(writer, precondition.VALID_DURATION, check.validForMs);
  writer.uint32(precondition.VALID_USE_COUNT, check.validUses);
  writer.blob(precondition.REFERENCED, check.references);
  if (check.directive !== undefined) writer.blob(precondition.DIRECTIVE, check.directive);
  writer.close(mark);
  for (const [name, answer] of quotas) {
    const entry = writer.open(response.QUOTAS);
    writer.text(1, name);
    const value = writer.open(2);
    writeDuration(writer, quotaResult.VALID_DURATION, answer.validForMs);
    writer.int64(quotaResult.GRANTED_AMOUNT, answer.amount);
    writer.blob(quotaResult.REFERENCED, answer.references);
    writer.close(writer.open(quotaResult.STATUS));
    writer.close(value);
    writer.close(entry);
  }
  return writer.bytes;
}

function writeDuration(writer: WireWriter, field: number, milliseconds: number): void {
  const mark = writer.open(field);
  const whole = Math.round(milliseconds * 1e6);
  const nanos = whole % 1e9;
  const seconds = (whole - nanos) / 1e9;
  writer.int64(1, seconds);
  if (nanos !== 0) writer.int64(2, nanos);
  writer.close(mark);
}
