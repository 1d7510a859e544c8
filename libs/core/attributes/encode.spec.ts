import { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { CheckRequest, ReportRequest } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attribute, Attributes } from './attribute';
import { encodeAttributes, encodeCheckRequest, encodeReportRequest } from './encode';
import type { ValueType } from './value';

const text = (value: string): Attribute => ({ type: 'STRING', value });
const number = (value: number): Attribute => ({ type: 'INT64', value });
const set = (attributes: Record<string, Attribute>): Attributes => new Map(Object.entries(attributes));

describe('attributes for the wire', () => {
  it('S43 use the words that the other side knows, and send each other word once', () => {
    const attributes = set({
      'request.path': text('request.path'),
      'context.proxy_version': text('new'),
      other: text('new'),
    });
    expect(CompressedAttributes.decode(encodeAttributes(attributes))).toMatchObject({
      words: ['new', 'other'],
      strings: { 17: 17, 221: -1, [-2]: -1 },
    });
    expect(CompressedAttributes.decode(encodeAttributes(attributes, 221))).toMatchObject({
      words: ['context.proxy_version', 'new', 'other'],
      strings: { 17: 17, [-1]: -2, [-3]: -2 },
    });
    expect(CompressedAttributes.decode(encodeAttributes(attributes, 0)).words).toHaveLength(4);
  });

  it.each<[ValueType, unknown]>([
    ['STRING', 1],
    ['INT64', 1.5],
    ['INT64', 2 ** 53],
    ['INT64', 2n ** 63n],
    ['DURATION', -(2n ** 63n) - 1n],
    ['DOUBLE', 1n],
    ['BOOL', 'true'],
    ['TIMESTAMP', { seconds: 1, nanos: 1_000_000_000 }],
    ['TIMESTAMP', { seconds: 253_402_300_800, nanos: 0 }],
    ['IP_ADDRESS', '10.0.0.1'],
    ['IP_ADDRESS', new Uint8Array(5)],
    ['STRING_MAP', { a: 'b' }],
    ['STRING_MAP', null],
  ])('are refused with their name where the value is no %s: %p', (type, value) => {
    const attributes = new Map([['a', { type, value } as Attribute]]);
    expect(() => encodeAttributes(attributes)).toThrow(`a: is no ${type}`);
    expect(() => encodeReportRequest([attributes])).toThrow(`a: is no ${type}`);
  });
});

describe('a check request', () => {
  it('S40 S41 is what the generated codec reads', () => {
    const attributes = set({ 'request.path': text('/x') });
    const quotas = new Map([
      ['requestcount', { amount: 5, bestEffort: true }],
      ['größe', { amount: -1, bestEffort: false }],
    ]);
    const bytes = encodeCheckRequest({ attributes, deduplicationId: 'id-1', quotas, globalWordCount: 100 });
    expect(CheckRequest.decode(bytes)).toEqual({
      attributes: CompressedAttributes.decode(encodeAttributes(attributes, 100)),
      globalWordCount: 100,
      deduplicationId: 'id-1',
      quotas: Object.fromEntries(quotas),
    });
    expect(CheckRequest.decode(encodeCheckRequest({ attributes: new Map() }))).toMatchObject({
      globalWordCount: 222,
      deduplicationId: '',
      quotas: {},
    });
  });

  it('is refused where a quota has no whole amount', () => {
    const quotas = new Map([['q', { amount: 0.5, bestEffort: false }]]);
    expect(() => encodeCheckRequest({ attributes: new Map(), quotas })).toThrow('quotas[q].amount: is no INT64');
  });
});

describe('a report request', () => {
  const encoded = (...records: Attributes[]): ReportRequest => ReportRequest.decode(encodeReportRequest(records));
  const strings = (message: ReportRequest): unknown => message.attributes?.map((record) => record.strings);

  it('tells of each record what differs from the one before, and each word once', () => {
    const message = encoded(
      set({ 'request.path': text('/a'), 'request.host': text('h'), 'request.size': number(1) }),
      set({ 'request.path': text('/b'), 'request.host': text('h'), 'request.size': number(1) }),
      set({
        'request.path': text('/b'),
        'request.host': text('h'),
        'request.size': number(1),
        'source.uid': text('/a'),
      }),
    );
    expect(message).toMatchObject({
      defaultWords: ['/a', 'h', '/b'],
      globalWordCount: 222,
      repeatedAttributesSemantics: 0,
    });
    expect(strings(message)).toEqual([{ 17: -1, 18: -2 }, { 17: -3 }, { 3: -1 }]);
    expect(message.attributes?.map(({ int64s }) => int64s)).toEqual([{ 23: 1 }, {}, {}]);
  });

  it('has whole records if an attribute is not there any more, which differences cannot tell', () => {
    const message = encoded(
      set({ 'request.path': text('/a'), 'request.host': text('h') }),
      set({ 'request.path': text('/a') }),
      set({ 'request.path': text('/a') }),
    );
    expect(message).toMatchObject({ defaultWords: ['/a', 'h'], repeatedAttributesSemantics: 1 });
    expect(strings(message)).toEqual([{ 17: -1, 18: -2 }, { 17: -1 }, { 17: -1 }]);
  });

  it.each<[string, Attribute, Attribute, boolean]>([
    ['a text', text('a'), text('a'), true],
    ['a type', text('a'), { type: 'URI', value: 'a' }, false],
    ['a number', number(1), number(2), false],
    ['a zero', { type: 'DOUBLE', value: 0 }, { type: 'DOUBLE', value: -0 }, false],
    ['no number', { type: 'DOUBLE', value: NaN }, { type: 'DOUBLE', value: NaN }, true],
    [
      'a time',
      { type: 'TIMESTAMP', value: { seconds: 1, nanos: 2 } },
      { type: 'TIMESTAMP', value: { seconds: 1, nanos: 2 } },
      true,
    ],
    [
      'nanoseconds',
      { type: 'TIMESTAMP', value: { seconds: 1, nanos: 2 } },
      { type: 'TIMESTAMP', value: { seconds: 1, nanos: 3 } },
      false,
    ],
    [
      'an address',
      { type: 'IP_ADDRESS', value: Buffer.alloc(4) },
      { type: 'IP_ADDRESS', value: new Uint8Array(4) },
      true,
    ],
    [
      'a longer address',
      { type: 'IP_ADDRESS', value: new Uint8Array(16) },
      { type: 'IP_ADDRESS', value: new Uint8Array(4) },
      false,
    ],
    [
      'a map',
      {
        type: 'STRING_MAP',
        value: new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      },
      {
        type: 'STRING_MAP',
        value: new Map([
          ['b', '2'],
          ['a', '1'],
        ]),
      },
      true,
    ],
    [
      'a smaller map',
      {
        type: 'STRING_MAP',
        value: new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      },
      { type: 'STRING_MAP', value: new Map([['a', '1']]) },
      false,
    ],
    [
      'a larger map',
      { type: 'STRING_MAP', value: new Map([['a', '1']]) },
      {
        type: 'STRING_MAP',
        value: new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      },
      false,
    ],
    [
      'a map of other texts',
      { type: 'STRING_MAP', value: new Map([['a', '1']]) },
      { type: 'STRING_MAP', value: new Map([['a', '2']]) },
      false,
    ],
  ])('tells of the next record: %s', (_, first, second, same) => {
    const bytes = encodeReportRequest([new Map([['a', first]]), new Map([['a', second]])]);
    const { attributes = [] } = ReportRequest.decode(bytes);
    const empty = CompressedAttributes.decode(new Uint8Array());
    expect(attributes[1]).toEqual(same ? empty : expect.not.objectContaining(empty));
  });

  it('can be empty', () => {
    expect(encoded().attributes).toEqual([]);
    expect(encoded(new Map(), new Map()).attributes).toHaveLength(2);
  });
});
