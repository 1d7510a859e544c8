import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { int64 } from './value';
import { WireWriter } from './wire-writer';

/** One field, or a message of more of them. */
type Part =
  | { readonly kind: 'sint32' | 'uint32' | 'double'; readonly field: number; readonly value: number }
  | { readonly kind: 'int64'; readonly field: number; readonly value: bigint }
  | { readonly kind: 'text'; readonly field: number; readonly value: string }
  | { readonly kind: 'blob'; readonly field: number; readonly value: Uint8Array }
  | { readonly kind: 'message'; readonly field: number; readonly value: readonly Part[] };

const field = fc.integer({ min: 1, max: 40 });
const { part } = fc.letrec<{ part: Part }>((tie) => {
  const one = (kind: Part['kind'], value: fc.Arbitrary<unknown>): fc.Arbitrary<Part> =>
    fc.record({ kind: fc.constant(kind), field, value }) as fc.Arbitrary<Part>;
  return {
    part: fc.oneof(
      { maxDepth: 4 },
      one('sint32', fc.integer()),
      one('uint32', fc.nat(0xffffffff)),
      one('double', fc.double()),
      one('int64', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      one(
        'text',
        fc.oneof(
          anyText(),
          fc.nat(200).map((length) => 'ü'.repeat(length)),
        ),
      ),
      one('blob', fc.uint8Array({ maxLength: 200 })),
      one('message', fc.array(tie('part'), { maxLength: 5 })),
    ),
  };
});

function write(writer: WireWriter, parts: readonly Part[]): void {
  for (const { kind, field: number, value } of parts) {
    if (kind === 'message') {
      const mark = writer.open(number);
      write(writer, value);
      writer.close(mark);
    } else if (kind === 'int64') writer.int64(number, int64(value));
    else if (kind === 'text') writer.text(number, value);
    else if (kind === 'blob') writer.blob(number, value);
    else writer[kind](number, value);
  }
}

function judge(writer: BinaryWriter, parts: readonly Part[]): BinaryWriter {
  for (const { kind, field: number, value } of parts) {
    if (kind === 'message') judge(writer.uint32((number << 3) | 2).fork(), value).join();
    else if (kind === 'int64') writer.uint32(number << 3).int64(value);
    else if (kind === 'text') writer.uint32((number << 3) | 2).string(value);
    else if (kind === 'blob') writer.uint32((number << 3) | 2).bytes(value);
    else if (kind === 'double') writer.uint32((number << 3) | 1).double(value);
    else writer.uint32(number << 3)[kind](value);
  }
  return writer;
}

describe('what is written for the wire', () => {
  it('is what another writer writes, wherever the buffer has to grow', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(64), (parts, capacity) => {
        const writer = new WireWriter(capacity);
        write(writer, parts);
        expect(writer.bytes.toString('hex')).toBe(
          Buffer.from(judge(new BinaryWriter(), parts).finish()).toString('hex'),
        );
      }),
      { numRuns: 500 },
    );
  });
});
