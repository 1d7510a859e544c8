import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { CompressedAttributes } from '@keelson/api/istio/mixer/v1/attributes';
import { globalWords } from './dictionary';
import { contentsOf, internal, plain, slot, wire } from './testing/samples';
import { readAttributes, type DecodedBag } from './wire-bag';

const bytesOf = (message: CompressedAttributes): Uint8Array => CompressedAttributes.encode(message).finish();
const read = (message: CompressedAttributes): DecodedBag => readAttributes(wire, bytesOf(message));
const get = (message: CompressedAttributes, name: string): unknown => plain(read(message).get(slot(name)));

describe('attributes from the wire', () => {
  it.each([
    [0n, 0],
    [127n, 127],
    [128n, 128],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n, 2n ** 53n],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [-1n, -1],
    [-(2n ** 53n) + 1n, -(2 ** 53) + 1],
    [-(2n ** 53n), -(2n ** 53n)],
    [-(2n ** 63n), -(2n ** 63n)],
  ])('read %d from another encoder', (sent, value) => {
    const writer = new BinaryWriter();
    writer.uint32((3 << 3) | 2).fork();
    // 23 is request.size.
    writer.uint32(8).sint32(23).uint32(16).int64(sent).join();
    expect(readAttributes(wire, writer.finish()).get(slot('request.size'))).toBe(value);
  });

  it('give single texts of a map, null for a key that is not there, undefined for no map', () => {
    const words = ['x-own', 'own text', 'größe', 'x-owm', 'x-o', 'y-own'];
    const entries = { [-1]: -2, [-3]: 17, 41: -2, [-6]: -1 };
    const bag = read({ words, stringMaps: { 15: { entries } } });
    const headers = slot('request.headers');
    expect(bag.entry(headers, 'x-own')).toBe('own text');
    expect(bag.entry(headers, 'größe')).toBe('request.path');
    expect(bag.entry(headers, 'accept-encoding')).toBeNull();
    expect(bag.entry(headers, 'access-control-request-headers')).toBe('own text');
    expect(bag.entry(headers, 'x-owm')).toBeNull();
    expect(bag.entry(headers, '')).toBeNull();
    expect(bag.entry(slot('source.labels'), 'app')).toBeUndefined();
    expect(bag.entry(slot('request.path'), 'app')).toBeUndefined();
  });

  it('take the last of equal keys of a map', () => {
    const words = ['a', 'a', 'first', 'second'];
    const bag = read({ words, stringMaps: { 15: { entries: { [-1]: -3, [-2]: -4 } } } });
    expect(bag.entry(slot('request.headers'), 'a')).toBe('second');
  });

  it('are decoded once', () => {
    const bag = read({
      words: ['text'],
      strings: { 17: -1 },
      stringMaps: { 15: { entries: {} } },
      bytes: { 0: Buffer.alloc(4) },
    });
    for (const name of ['request.headers', 'source.ip']) expect(bag.get(slot(name))).toBe(bag.get(slot(name)));
    expect(bag.get(slot('request.path'))).toBe('text');
  });

  it('do not keep the request for an address that somebody keeps', () => {
    const address = read({ bytes: { 0: Uint8Array.of(10, 0, 0, 1) } }).get(slot('source.ip')) as Uint8Array;
    expect([...address]).toEqual([10, 0, 0, 1]);
    expect(address.buffer.byteLength).toBe(4);
  });

  it('may stand anywhere in a larger buffer', () => {
    const message = bytesOf({ words: ['text'], strings: { 17: -1 }, stringMaps: { 15: { entries: { [-1]: -1 } } } });
    const larger = new Uint8Array(message.length + 20).fill(0xff);
    larger.set(message, 7);
    const bag = readAttributes(wire, larger.subarray(7, 7 + message.length));
    expect(contentsOf(bag)).toEqual({ 'request.path': 'text', 'request.headers': { map: [['text', 'text']] } });
  });

  it('keep a byte order mark and replace what is no UTF-8', () => {
    expect(get({ words: ['\ufeffa'], strings: { 17: -1 } }, 'request.path')).toBe('\ufeffa');
    const bytes = Buffer.from([0x0a, 2, 0x61, 0xff, 0x12, 4, 0x08, 34, 0x10, 1]);
    expect(readAttributes(wire, bytes).get(slot('request.path'))).toBe('a\ufffd');
  });
});

describe('how names are found', () => {
  it('looks among the own words first: what stands under the global index then is absent', () => {
    const bag = read({ words: ['request.path', 'text'], strings: { 17: -2 } });
    expect(bag.get(slot('request.path'))).toBeUndefined();
    expect(bag.problems).toEqual([
      {
        code: 'invalid-value',
        field: 'request.path',
        message: 'is sent under the word index 17, but another word of the message is its name, too',
      },
    ]);
    expect(get({ words: ['request.path', 'own', 'global'], strings: { 17: -3, [-1]: -2 } }, 'request.path')).toBe(
      'own',
    );
  });

  it('takes the last of equal own words', () => {
    const words = ['custom.count', 'custom.count'];
    expect(get({ words, int64s: { [-2]: 2 } }, 'custom.count')).toBe(2);
    expect(get({ words, int64s: { [-1]: 1 } }, 'custom.count')).toBeUndefined();
  });

  it('finds words that stand behind the attributes', () => {
    const attributes = bytesOf({ strings: { [-1]: -2 }, stringMaps: { 15: { entries: { [-2]: -1 } } } });
    const words = bytesOf({ words: ['custom.größe', 'text'] });
    const bag = readAttributes(wire, Buffer.concat([attributes, words]));
    expect(contentsOf(bag)).toEqual({ 'custom.größe': 'text', 'request.headers': { map: [['text', 'custom.größe']] } });
    expect(bag.problems).toEqual([]);
  });

  it('forgets what it found before it knew the words', () => {
    const attributes = bytesOf({ strings: { 17: 1 }, int64s: { 23: 1 }, bools: { 300: true } });
    const words = bytesOf({ words: ['request.path', 'request.size'] });
    const bag = readAttributes(wire, Buffer.concat([attributes, words]));
    expect(contentsOf(bag)).toEqual({});
    expect(bag.problems).toHaveLength(3);
  });

  it('skips attributes that nobody declared, and what is wrong inside of them', () => {
    const bag = read({ words: ['custom.undeclared'], strings: { [-1]: 999, 2: 999 }, bools: { 17: true } });
    expect(contentsOf(bag)).toEqual({});
    expect(bag.problems.map(({ field }) => field)).toEqual(['request.path']);
  });

  it('takes any type for a name without one, a text first', () => {
    const reporter = globalWords.indexOf(internal);
    expect(get({ strings: { [reporter]: globalWords.indexOf('inbound') } }, internal)).toBe('inbound');
    expect(get({ int64s: { [reporter]: 7 } }, internal)).toBe(7);
    expect(get({ strings: { [reporter]: globalWords.indexOf('inbound') }, int64s: { [reporter]: 7 } }, internal)).toBe(
      'inbound',
    );
    expect(get({ bytes: { [reporter]: Uint8Array.of(1) } }, internal)).toBe('bytes 01');
  });
});

describe('what cannot be read of an attribute', () => {
  const lists = "in the global list (222 words) nor in the message's (1)";

  it.each<[string, CompressedAttributes, string | undefined, string]>([
    ['a name in neither list', { strings: { 222: 0 } }, 'attributes.strings', `word index 222 is neither ${lists}`],
    [
      'an own name that is not there',
      { bools: { [-2]: true } },
      'attributes.bools',
      `word index -2 is neither ${lists}`,
    ],
    ['a text in neither list', { strings: { 17: -2 } }, 'request.path', `word index -2 is neither ${lists}`],
    [
      'a key of a map',
      { stringMaps: { 15: { entries: { 1: 1, 222: 0 } } } },
      'request.headers',
      `word index 222 is neither ${lists}`,
    ],
    [
      'a text of a map',
      { stringMaps: { 15: { entries: { 1: 1, 2: -3 } } } },
      'request.headers',
      `word index -3 is neither ${lists}`,
    ],
    ['another type', { int64s: { 17: 1 } }, 'request.path', 'is declared as STRING, but sent among the int64s'],
    ['an address', { bytes: { 0: new Uint8Array(5) } }, 'source.ip', 'is an IP address of 5 bytes instead of 4 or 16'],
    [
      'a time',
      { timestamps: { 24: { seconds: 253_402_300_800 } } },
      'request.time',
      'is a timestamp outside of the years 1 to 9999',
    ],
    [
      'nanoseconds of a time',
      { timestamps: { 24: { nanos: -1 } } },
      'request.time',
      'is a timestamp outside of the years 1 to 9999',
    ],
    [
      'a duration',
      { durations: { 29: { seconds: 9_223_372_037 } } },
      'response.duration',
      'is no duration of at most 2^63 nanoseconds',
    ],
    [
      'signs of a duration',
      { durations: { 29: { seconds: 1, nanos: -1 } } },
      'response.duration',
      'is no duration of at most 2^63 nanoseconds',
    ],
  ])('makes it absent and is told: %s', (_, message, field, text) => {
    const bag = read({ words: ['own'], ...message });
    expect(contentsOf(bag)).toEqual({});
    expect(bag.problems).toEqual([{ code: 'invalid-value', field, message: text }]);
  });

  it('leaves the others alone, and a value of the declared type, too', () => {
    const bag = read({ strings: { 17: 1, 1: 999 }, bools: { 17: true }, int64s: { 23: 5 } });
    expect(contentsOf(bag)).toEqual({ 'request.path': 'source.port', 'request.size': 5 });
    expect(bag.problems).toHaveLength(1);
  });

  it('is told of sixteen entries at most', () => {
    const strings = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [300 + i, 0]));
    expect(read({ strings }).problems).toHaveLength(16);
  });
});
