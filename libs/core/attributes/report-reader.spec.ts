import type { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { ReportRequest_RepeatedAttributesSemantics as Semantics } from '@keelson/api/istio/mixer/v1/mixer';
import { ReportReader } from './report-reader';
import { delta, independent, readAll, request } from './testing/reports';
import { slot, wire } from './testing/samples';
import type { DecodedBag } from './wire-bag';

describe('a report in delta encoding', () => {
  it('lays each record over the one before', () => {
    const bytes = delta(
      { words: ['one'], strings: { 17: -1 }, int64s: { 23: 1 }, stringMaps: { 15: { entries: { 40: -1, 41: -1 } } } },
      { int64s: { 23: 2 } },
      { words: ['two'], strings: { 17: -1 }, stringMaps: { 15: { entries: { 40: -1 } } } },
      {},
    );
    const first = {
      map: [
        ['access-control-request-headers', 'one'],
        ['access-control-request-method', 'one'],
      ],
    };
    const headers = { map: [['access-control-request-method', 'two']] };
    const names = (map: unknown): unknown => JSON.parse(JSON.stringify(map));
    const records = readAll(bytes) as Record<string, unknown>[];
    expect(records.map((record) => [record['request.path'], record['request.size']])).toEqual([
      ['one', 1],
      ['one', 2],
      ['two', 2],
      ['two', 2],
    ]);
    expect(records.map((record) => names(record['request.headers']))).toEqual([first, first, headers, headers]);
  });

  it('keeps a bag as it was while later records are read', () => {
    const reader = new ReportReader(
      wire,
      delta({ int64s: { 23: 1 } }, { int64s: { 23: 2 } }, { bools: { 17: true } }, { int64s: { 23: 3 } }),
    );
    const bags: DecodedBag[] = [];
    for (let bag = reader.next(); bag !== undefined; bag = reader.next()) bags.push(bag);
    expect(bags.map((bag) => bag.get(slot('request.size')))).toEqual([1, 2, 2, 3]);
    expect(bags.map(({ problems }) => problems.length)).toEqual([0, 0, 1, 0]);
  });

  it('decodes a value once for all records', () => {
    const changed = { bytes: { 0: Buffer.alloc(16) } };
    const reader = new ReportReader(wire, delta({ bytes: { 0: Buffer.alloc(4) } }, { int64s: { 23: 2 } }, changed, {}));
    const [base, next] = [reader.next(), reader.next()];
    expect(next?.get(slot('source.ip'))).toBeInstanceOf(Uint8Array);
    expect(next?.get(slot('source.ip'))).toBe(base?.get(slot('source.ip')));
    const [third, fourth] = [reader.next(), reader.next()];
    expect(third?.get(slot('source.ip'))).toHaveLength(16);
    expect(fourth?.get(slot('source.ip'))).toBe(third?.get(slot('source.ip')));
  });

  it('takes an attribute that comes with another type than declared away, since its old value is not true any more', () => {
    const bytes = delta(
      { words: ['one'], strings: { 17: -1 } },
      { int64s: { 17: 1 } },
      {},
      { words: ['two'], strings: { 17: -1 } },
    );
    expect(readAll(bytes)).toEqual([{ 'request.path': 'one' }, {}, {}, { 'request.path': 'two' }]);
  });

  it.each<[string, CompressedAttributes, string]>([
    [
      'a name in neither list',
      { strings: { 300: 0 } },
      'ReportRequest attributes[1]: attributes[1].strings: word index 300 is neither',
    ],
    [
      'a text in neither list',
      { strings: { 17: -1 } },
      'ReportRequest attributes[1]: request.path: word index -1 is neither',
    ],
    [
      'a word of a map in neither list',
      { stringMaps: { 15: { entries: { 1: 300 } } } },
      'ReportRequest attributes[1]: request.headers: word index 300 is neither',
    ],
    [
      'a name under two types',
      { strings: { 17: 1 }, int64s: { 17: 1 } },
      'ReportRequest attributes[1]: request.path: is there twice',
    ],
    [
      'a name under two indices',
      { words: ['request.path'], strings: { 17: 1, [-1]: 2 } },
      'ReportRequest attributes[1]: request.path: is there twice',
    ],
    [
      'a time that is none',
      { timestamps: { 24: { nanos: -1 } } },
      'ReportRequest attributes[1]: request.time: is a timestamp outside',
    ],
  ])('refuses a record, and reads those behind it: %s', (_, record, text) => {
    const base = { words: ['/'], strings: { 17: -1 }, int64s: { 23: 1 } };
    const [first, broken, ...rest] = readAll(delta(base, { ...record, bools: { 153: true } }, { int64s: { 23: 2 } }));
    expect(first).toEqual({ 'request.path': '/', 'request.size': 1 });
    expect(broken).toContain(text);
    // What could not be read is absent; the rest of the refused record counts.
    const expected = text.includes('request.path') ? {} : { 'request.path': '/' };
    expect(rest).toEqual([{ ...expected, 'request.size': 2 }]);
  });

  it('takes an index for what it says in later records, and looks names up in the first one', () => {
    const record = { words: ['request.path', 'text'], strings: { 17: -2 } };
    expect(readAll(delta(record, record))).toEqual([{}, { 'request.path': 'text' }]);
  });

  it('ends behind a record that is not protobuf, and tells how far it came', () => {
    // Three records: one attribute, a cut varint, one attribute.
    const bytes = Buffer.from([
      0x0a, 6, 0x1a, 4, 0x08, 46, 0x10, 1, 0x0a, 1, 0x80, 0x0a, 6, 0x1a, 4, 0x08, 46, 0x10, 2,
    ]);
    const reader = new ReportReader(wire, bytes);
    expect(reader.next()?.get(slot('request.size'))).toBe(1);
    expect(() => reader.next()).toThrow('ReportRequest: attributes[1]: a varint is cut off at byte 10');
    expect(reader.next()).toBeUndefined();
    expect([reader.read, reader.recordCount]).toEqual([2, 3]);
    // Where each record stands alone, the last one can be read.
    expect(readAll(Buffer.concat([bytes, Buffer.from([0x20, 1])]))).toEqual([
      { 'request.size': 1 },
      'ReportRequest: attributes[1]: a varint is cut off at byte 10',
      { 'request.size': 2 },
    ]);
  });

  it('finds words that stand behind the attributes of a later record', () => {
    const moved = Buffer.from([0x12, 4, 0x08, 34, 0x10, 1, 0x1a, 4, 0x08, 46, 0x10, 2, 0x0a, 1, 0x78]);
    const bytes = Buffer.concat([delta({ int64s: { 23: 1 } }), Buffer.from([0x0a, moved.length]), moved]);
    expect(readAll(bytes)).toEqual([{ 'request.size': 1 }, { 'request.size': 2, 'request.path': 'x' }]);
  });
});

describe('a report in independent encoding', () => {
  it('has records that stand alone', () => {
    expect(readAll(independent({ int64s: { 23: 1 } }, { bools: { 153: true } }, {}))).toEqual([
      { 'request.size': 1 },
      {},
      {},
    ]);
  });

  it('tells what cannot be read, and goes on', () => {
    const reader = new ReportReader(wire, independent({ strings: { 300: 0 } }, { int64s: { 23: 1 } }));
    expect(reader.next()?.problems).toHaveLength(1);
    expect(reader.next()?.get(slot('request.size'))).toBe(1);
    expect(reader.next()).toBeUndefined();
  });
});

describe('the frame of a report', () => {
  it('tells what the caller knows and how many records there are', () => {
    const reader = new ReportReader(
      wire,
      request({
        attributes: [{}, {}],
        globalWordCount: 300,
        repeatedAttributesSemantics: Semantics.INDEPENDENT_ENCODING,
      }),
    );
    expect([reader.globalWordCount, reader.recordCount, reader.independent, reader.read]).toEqual([300, 2, true, 0]);
    const empty = new ReportReader(wire, new Uint8Array());
    expect([empty.recordCount, empty.independent, empty.next()]).toEqual([0, false, undefined]);
  });

  it('gives default words to records without own ones, wherever they stand', () => {
    const attributes: CompressedAttributes[] = [
      { strings: { 17: -1 } },
      { words: ['own'], strings: { 17: -1 } },
      { strings: { [-2]: -1 } },
    ];
    const bytes = request({
      attributes,
      defaultWords: ['default', 'custom.größe'],
      repeatedAttributesSemantics: Semantics.INDEPENDENT_ENCODING,
    });
    const records = [{ 'request.path': 'default' }, { 'request.path': 'own' }, { 'custom.größe': 'default' }];
    expect(readAll(bytes)).toEqual(records);
    // The words in front of the records.
    const words = request({ defaultWords: ['default', 'custom.größe'] });
    expect(
      readAll(
        Buffer.concat([words, request({ attributes, repeatedAttributesSemantics: Semantics.INDEPENDENT_ENCODING })]),
      ),
    ).toEqual(records);
  });

  it('has ten thousand records at most', () => {
    const records = (count: number): Buffer => Buffer.alloc(2 * count, Buffer.of(0x0a, 0));
    expect(new ReportReader(wire, records(10_000)).recordCount).toBe(10_000);
    expect(() => new ReportReader(wire, records(10_001))).toThrow(
      expect.objectContaining({
        problems: [
          {
            code: 'too-large',
            object: 'ReportRequest',
            field: 'attributes',
            message: 'more than 10000 records, send them in several calls',
          },
        ],
      }) as Error,
    );
  });

  it('refuses semantics that nobody knows, and what is not protobuf', () => {
    expect(() => new ReportReader(wire, Uint8Array.of(0x20, 2))).toThrow(
      'ReportRequest: repeated_attributes_semantics: 2 is neither DELTA_ENCODING (0) nor INDEPENDENT_ENCODING (1)',
    );
    expect(() => new ReportReader(wire, Uint8Array.of(0x0a, 2, 0))).toThrow(
      'ReportRequest: attributes[0]: 2 bytes are announced, 1 are there, at byte 2',
    );
    expect(() => new ReportReader(wire, Uint8Array.of(0x10, 2))).toThrow(
      'default_words: field 2 has wire type 0 instead of 2',
    );
  });
});
