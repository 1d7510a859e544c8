import type { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import {
  ReportRequest,
  ReportRequest_RepeatedAttributesSemantics as Semantics,
} from '@keelson/api/istio/mixer/v1/mixer';
import { ProblemError } from '@keelson/core/problems';
import { ReportReader } from '../report-reader';
import { contentsOf, wire } from './samples';

/** The bytes of a report, as the generated codec writes them. */
export const request = (message: ReportRequest): Uint8Array => ReportRequest.encode(message).finish();
export const delta = (...attributes: CompressedAttributes[]): Uint8Array =>
  request({ attributes, repeatedAttributesSemantics: Semantics.DELTA_ENCODING });
export const independent = (...attributes: CompressedAttributes[]): Uint8Array =>
  request({ attributes, repeatedAttributesSemantics: Semantics.INDEPENDENT_ENCODING });

/** All records: what each holds, or why it cannot be read. */
export function readAll(bytes: Uint8Array): unknown[] {
  const reader = new ReportReader(wire, bytes);
  const all: unknown[] = [];
  for (;;) {
    try {
      const bag = reader.next();
      if (bag === undefined) return all;
      all.push(contentsOf(bag));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      all.push(error.message);
    }
  }
}
