import { contentsOf, wire } from './testing/samples';
import { readAttributes } from './wire-bag';

describe('what is not protobuf', () => {
  const failure = (...bytes: number[]): string => {
    try {
      readAttributes(wire, Uint8Array.from(bytes));
    } catch (error) {
      return String(error);
    }
    return 'none';
  };

  it.each<[string, number[], string]>([
    ['a cut tag', [0x92], 'CheckRequest: attributes: a varint is cut off at byte 0'],
    ['no field', [0x02, 0], 'CheckRequest: attributes: 2 is no tag of a field at byte 1'],
    ['a tag of over 32 bits', [0x92, 0x80, 0x80, 0x80, 0x10, 0], 'attributes: 4294967314 is no tag of a field'],
    ['a length past the end', [0x12, 5, 0x08], 'attributes.strings: 5 bytes are announced, 1 are there, at byte 2'],
    ['a word past the end', [0x0a, 200, 1, 0x08], 'attributes.words: 200 bytes are announced, 1 are there, at byte 3'],
    [
      'a huge length',
      [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
      'bytes are announced, 0 are there',
    ],
    [
      'a varint of 11 bytes',
      [0x12, 12, 0x08, ...Array<number>(10).fill(0x80), 1],
      'attributes.strings: a varint has more than 10 bytes',
    ],
    ['a group', [0x7b, 0x7c], 'attributes: wire type 3 is not read'],
    ['a field as a varint', [0x10, 1], 'attributes.strings: field 2 has wire type 0 instead of 2'],
    ['words as a varint', [0x08, 1], 'attributes.words: field 1 has wire type 0 instead of 2'],
    ['a key as a text', [0x12, 3, 0x0a, 1, 0], 'attributes.strings: field 1 has wire type 2 instead of 0'],
    [
      'a number as a double',
      [0x1a, 11, 0x08, 46, 0x11, 0, 0, 0, 0, 0, 0, 0, 0],
      'attributes.int64s: field 2 has wire type 1 instead of 0',
    ],
    ['a short double', [0x22, 4, 0x08, 46, 0x11, 0], 'attributes.doubles: 8 bytes are announced, fewer are there'],
    [
      'a time in a text',
      [0x32, 6, 0x08, 48, 0x12, 2, 0x0a, 0],
      'attributes.timestamps: field 1 has wire type 2 instead of 0',
    ],
    ['an entry that ends in its key', [0x12, 1, 0x08, 0x08, 0x08], 'attributes.strings: a varint is cut off at byte 3'],
    [
      'an entry of a map that leaves it',
      [0x4a, 6, 0x08, 30, 0x12, 2, 0x0a, 9],
      'attributes.string_maps: 9 bytes are announced, 0 are there',
    ],
    ['a broken map', [0x4a, 7, 0x08, 30, 0x12, 3, 0x0a, 1, 0x08], 'attributes.string_maps: a varint is cut off'],
  ])('is an error that says where: %s', (_, bytes, text) => {
    expect(failure(...bytes)).toContain(text);
  });

  it('is no error where protobuf allows it: unknown fields, missing parts, long varints, any order', () => {
    // Field 15 as a varint, as 8 and as 4 bytes, and as a text.
    const unknown = [0x78, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x7a, 1, 65];
    const inside = [0x12, 7, 0x7a, 1, 65, 0x10, 2, 0x08, 34];
    const longKey = [0x1a, 8, 0x08, 0xae, 0x80, 0x80, 0x00, 0x10, 0x85, 0x00];
    const bag = readAttributes(wire, Uint8Array.from([...unknown, ...inside, ...longKey]));
    expect(contentsOf(bag)).toEqual({ 'request.path': 'source.port', 'request.size': 5 });
  });

  it('takes the last of the parts of an entry that are there twice', () => {
    const text = [0x12, 8, 0x08, 2, 0x10, 1, 0x08, 34, 0x10, 2];
    const address = [0x42, 14, 0x08, 0, 0x12, 4, 1, 2, 3, 4, 0x12, 4, 5, 6, 7, 8];
    const map = [0x4a, 12, 0x08, 30, 0x12, 8, 0x0a, 6, 0x08, 2, 0x10, 2, 0x08, 4];
    expect(contentsOf(readAttributes(wire, Uint8Array.from([...text, ...address, ...map])))).toEqual({
      'request.path': 'source.port',
      'source.ip': 'bytes 05060708',
      'request.headers': { map: [['source.name', 'source.port']] },
    });
  });

  it('reads missing keys and values as zeros', () => {
    const bytes = [
      0x42, 6, 0x12, 4, 1, 2, 3, 4, 0x12, 2, 0x08, 34, 0x1a, 2, 0x08, 46, 0x32, 2, 0x08, 48, 0x4a, 2, 0x08, 10, 0x3a, 2,
      0x08, 58, 0x4a, 18, 0x08, 30, 0x12, 14, 0x0a, 4, 0x08, 2, 0x10, 4, 0x0a, 2, 0x10, 2, 0x0a, 2, 0x08, 4,
    ];
    expect(contentsOf(readAttributes(wire, Uint8Array.from(bytes)))).toEqual({
      'source.ip': 'bytes 01020304',
      'request.path': 'source.ip',
      'request.size': 0,
      'request.time': { seconds: 0, nanos: 0 },
      'source.labels': { map: [] },
      'response.duration': 0,
      'request.headers': {
        map: [
          ['source.ip', 'source.port'],
          ['source.name', 'source.ip'],
          ['source.port', 'source.name'],
        ],
      },
    });
  });

  it('takes no more memory than in proportion to the message', () => {
    // A length and a count are not believed: nothing is set aside for what is only announced.
    const lying = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) expect(() => readAttributes(wire, lying)).toThrow('268435455 bytes are announced');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});
