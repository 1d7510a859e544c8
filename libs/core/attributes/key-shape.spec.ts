import {
  ReferencedAttributes_Condition as Condition,
  type ReferencedAttributes,
} from '@keelson/api/istio/mixer/v1/mixer';
import type { Attribute, Attributes } from './attribute';
import { keyShape } from './key-shape';

const { ABSENCE, EXACT, REGEX, CONDITION_UNSPECIFIED } = Condition;
const path = 17;
const headers = 15;
const text = (value: string): Attribute => ({ type: 'STRING', value });
const map = (entries: Record<string, string>): Attribute => ({
  type: 'STRING_MAP',
  value: new Map(Object.entries(entries)),
});
const set = (attributes: Record<string, Attribute>): Attributes => new Map(Object.entries(attributes));

function keyOf(
  matches: ReferencedAttributes['attributeMatches'],
  attributes: Record<string, Attribute>,
): string | undefined {
  const shape = keyShape({ words: ['a', 'custom'], attributeMatches: matches });
  if (shape === undefined) throw new Error('no shape');
  return shape.keyOf(set(attributes));
}

describe('the shape of a key', () => {
  it('S40 is what must be absent and what must be there, with keys of maps, in one order', () => {
    const matches = [
      { name: headers, condition: EXACT, mapKey: -1 },
      { name: -2, condition: EXACT },
      { name: path, condition: ABSENCE },
      { name: 0, condition: EXACT },
    ];
    const words = ['a', 'custom'];
    const shape = keyShape({ words, attributeMatches: matches });
    expect(shape?.absent).toEqual([{ name: 'request.path', key: undefined }]);
    expect(shape?.present).toEqual([
      { name: 'custom', key: undefined },
      { name: 'request.headers', key: 'a' },
      { name: 'source.ip', key: undefined },
    ]);
    expect(keyShape({ words, attributeMatches: [...matches, ...matches].reverse() })?.id).toBe(shape?.id);
    expect(keyShape({ words, attributeMatches: matches.slice(1) })?.id).not.toBe(shape?.id);
  });

  it.each<[string, ReferencedAttributes]>([
    ['a pattern', { attributeMatches: [{ name: path, condition: REGEX, regex: 'a' }] }],
    ['no condition', { attributeMatches: [{ name: path, condition: CONDITION_UNSPECIFIED }] }],
    ['a name in neither list', { attributeMatches: [{ name: 222, condition: EXACT }] }],
    ['a key in neither list', { words: ['a'], attributeMatches: [{ name: headers, condition: EXACT, mapKey: -2 }] }],
  ])('is none, so that the answer is not kept: %s', (_, referenced) => {
    expect(keyShape(referenced)).toBeUndefined();
  });

  it('applies to all if nothing was referenced', () => {
    expect(keyShape({})?.keyOf(new Map())).toBe('');
    expect(keyShape({})?.keyOf(set({ 'request.path': text('/') }))).toBe('');
  });
});

describe('a key', () => {
  it('S40 is none if something is there that must be absent, or the other way round', () => {
    expect(keyOf([{ name: path, condition: ABSENCE }], {})).toBe('');
    expect(keyOf([{ name: path, condition: ABSENCE }], { 'request.path': text('') })).toBeUndefined();
    expect(keyOf([{ name: path, condition: EXACT }], {})).toBeUndefined();
    expect(keyOf([{ name: path, condition: EXACT }], { 'request.path': text('') })).toBeDefined();
  });

  it('S40 is of the keys of a map that were looked up', () => {
    const exact = [{ name: headers, condition: EXACT, mapKey: -1 }];
    const absent = [{ name: headers, condition: ABSENCE, mapKey: -1 }];
    expect(keyOf(exact, { 'request.headers': map({ a: '1', b: '2' }) })).toBe(
      keyOf(exact, { 'request.headers': map({ a: '1' }) }),
    );
    expect(keyOf(exact, { 'request.headers': map({ a: '2' }) })).not.toBe(
      keyOf(exact, { 'request.headers': map({ a: '1' }) }),
    );
    expect(keyOf(exact, { 'request.headers': map({ b: '2' }) })).toBeUndefined();
    expect(keyOf(exact, {})).toBeUndefined();
    expect(keyOf(exact, { 'request.headers': text('a') })).toBeUndefined();
    expect(keyOf(absent, { 'request.headers': map({ b: '2' }) })).toBe('');
    expect(keyOf(absent, { 'request.headers': map({ a: '' }) })).toBeUndefined();
    // A key was looked up, so the map was there.
    expect(keyOf(absent, {})).toBeUndefined();
  });

  it('S40 is of the whole map if there is no map key, or source.ip, which looks the same', () => {
    const whole = [{ name: headers, condition: EXACT, mapKey: 0 }];
    const key = keyOf(whole, { 'request.headers': map({ a: '1', b: '2' }) });
    expect(keyOf(whole, { 'request.headers': map({ b: '2', a: '1' }) })).toBe(key);
    expect(keyOf(whole, { 'request.headers': map({ a: '1', b: '2', c: '3' }) })).not.toBe(key);
    expect(keyOf(whole, { 'request.headers': map({ a: '1b', b: '' }) })).not.toBe(key);
    expect(keyOf([{ name: headers, condition: ABSENCE, mapKey: 0 }], { 'request.headers': map({}) })).toBeUndefined();
  });

  it('S40 has durations in it', () => {
    const took = [{ name: -2, condition: EXACT }];
    const key = (value: number | bigint): string | undefined => keyOf(took, { custom: { type: 'DURATION', value } });
    expect(key(1)).not.toBe(key(2));
    expect(key(1)).toBe(key(1));
    expect(key(2n ** 60n)).not.toBe(key(2n ** 60n + 1n));
  });

  it('tells values apart that look alike', () => {
    const two = [
      { name: -1, condition: EXACT },
      { name: -2, condition: EXACT },
    ];
    const key = (a: Attribute, custom: Attribute): string | undefined => keyOf(two, { a, custom });
    const keys = [
      key(text('1'), text('')),
      key(text(''), text('1')),
      key(text('1\0custom\0'), text('')),
      key(text('1:1'), text('1')),
      key(text('1'), text('1:1')),
      key({ type: 'INT64', value: 1 }, text('')),
      key({ type: 'DOUBLE', value: 1 }, text('')),
      key({ type: 'DURATION', value: 1 }, text('')),
      key({ type: 'DOUBLE', value: 0 }, text('')),
      key({ type: 'DOUBLE', value: -0 }, text('')),
      key({ type: 'BOOL', value: true }, text('')),
      key(text('true'), text('')),
      key({ type: 'IP_ADDRESS', value: Uint8Array.of(0, 0, 0, 1) }, text('')),
      key({ type: 'IP_ADDRESS', value: new Uint8Array(16).fill(1, 15) }, text('')),
      key({ type: 'TIMESTAMP', value: { seconds: 1, nanos: 11 } }, text('')),
      key({ type: 'TIMESTAMP', value: { seconds: 11, nanos: 1 } }, text('')),
      key(map({}), text('')),
      key(map({ '1': '' }), text('')),
      key(map({ '': '1' }), text('')),
      key(map({ '1': '2', '3': '4' }), text('')),
      key(map({ '1': '21:31:4' }), text('')),
    ];
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
