import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { CheckRequest } from '@keelson/api/istio/mixer/v1/mixer';
import { readCheckRequest } from './check-request';
import { slot, wire } from './testing/samples';
import { readAttributes } from './wire-bag';

describe('a check request', () => {
  it('does not copy the attributes', () => {
    const bytes = CheckRequest.encode({ attributes: { int64s: { 23: 5 } } }).finish();
    const { attributes } = readCheckRequest(bytes);
    expect(attributes.buffer).toBe(bytes.buffer);
    expect(attributes).toHaveLength(bytes.length - 2);
  });

  it('S41 keeps amounts of 64 bits', () => {
    const writer = new BinaryWriter();
    writer
      .uint32(34)
      .fork()
      .uint32(10)
      .string('q')
      .uint32(18)
      .fork()
      .uint32(8)
      .int64(2n ** 60n)
      .join()
      .join();
    expect(readCheckRequest(writer.finish()).quotas).toEqual(
      new Map([['q', { amount: 2n ** 60n, bestEffort: false }]]),
    );
  });

  it('may miss everything', () => {
    expect(readCheckRequest(new Uint8Array())).toEqual({
      attributes: Buffer.alloc(0),
      globalWordCount: 0,
      deduplicationId: '',
      quotas: new Map(),
    });
    // A quota without name and without amount.
    expect(readCheckRequest(Uint8Array.of(34, 0)).quotas).toEqual(new Map([['', { amount: 0, bestEffort: false }]]));
  });

  it('may hold its attributes in parts', () => {
    const parts = [{ words: ['request.size'] }, { int64s: { [-1]: 3 } }].map((attributes) =>
      CheckRequest.encode({ attributes }).finish(),
    );
    expect(readAttributes(wire, readCheckRequest(Buffer.concat(parts)).attributes).get(slot('request.size'))).toBe(3);
  });

  it('may hold its attributes in very many parts, which are copied once', () => {
    // Half a MiB: an empty field 15 each.
    const parts = Buffer.alloc(1 << 19, Buffer.of(0x0a, 2, 0x7a, 0));
    const size = CheckRequest.encode({ attributes: { int64s: { 23: 5 } } }).finish();
    const concat = jest.spyOn(Buffer, 'concat');
    try {
      const { attributes } = readCheckRequest(Buffer.concat([parts, size, parts]));
      const copied = concat.mock.results.map(({ value }) => (value as Buffer).length);
      expect(copied).toEqual([(1 << 20) + size.length, (1 << 19) + size.length - 2]);
      expect(readAttributes(wire, attributes).get(slot('request.size'))).toBe(5);
      const once = Buffer.concat([
        Buffer.alloc(1 << 18, Buffer.of(0x7a, 0)),
        size.subarray(2),
        Buffer.alloc(1 << 18, Buffer.of(0x7a, 0)),
      ]);
      expect(once.equals(attributes)).toBe(true);
    } finally {
      concat.mockRestore();
    }
  });

  it('S41 asks for a hundred quotas, and no more', () => {
    const asking = (count: number): Uint8Array =>
      CheckRequest.encode({
        quotas: Object.fromEntries(Array.from({ length: count }, (_, i) => [`q${i}`, { amount: 1 }])),
      }).finish();
    expect(readCheckRequest(asking(100)).quotas.size).toBe(100);
    // The same ones again are no more of them.
    expect(readCheckRequest(Buffer.concat([asking(100), asking(100)])).quotas.size).toBe(100);
    expect(() => readCheckRequest(asking(101))).toThrow(
      expect.objectContaining({
        problems: [
          { code: 'too-large', object: 'CheckRequest', field: 'quotas', message: 'more than 100 are asked for' },
        ],
      }) as Error,
    );
  });

  it.each<[string, number[], string]>([
    [
      'attributes past the end',
      [0x0a, 9, 0],
      'CheckRequest: attributes: 9 bytes are announced, 1 are there, at byte 2',
    ],
    ['a text as a varint', [0x18, 1], 'CheckRequest: deduplication_id: field 3 has wire type 0 instead of 2'],
    [
      'a quota that ends early',
      [0x22, 4, 0x0a, 5, 0x61, 0x62],
      'CheckRequest: quotas: 5 bytes are announced, 2 are there, at byte 4',
    ],
    ['an amount as a text', [0x22, 4, 0x12, 2, 0x0a, 0], 'CheckRequest: quotas: field 1 has wire type 2 instead of 0'],
    ['a cut tag', [0x10, 1, 0x80], 'CheckRequest: a varint is cut off at byte 2'],
  ])('is refused with its field: %s', (_, bytes, text) => {
    expect(() => readCheckRequest(Uint8Array.from(bytes))).toThrow(text);
  });
});
