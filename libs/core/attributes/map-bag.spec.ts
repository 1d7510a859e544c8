import { MapBag } from './map-bag';
import { contentsOf, internal, plain, slot, vocabulary } from './testing/samples';

describe('a bag of plain values', () => {
  it('has what it was given, a string map as an object or as a map', () => {
    const bag = new MapBag(vocabulary, {
      'request.path': '/',
      'request.time': { seconds: 1, nanos: 2 },
      'request.headers': { nanos: '1', get: 'x', entries: 'y' },
      'source.labels': new Map([['app', 'web']]),
      'custom.count': 2n ** 60n,
      [internal]: { seconds: 1, nanos: 2 },
    });
    expect(contentsOf(bag)).toEqual({
      'request.path': '/',
      'request.time': { seconds: 1, nanos: 2 },
      'request.headers': {
        map: [
          ['entries', 'y'],
          ['get', 'x'],
          ['nanos', '1'],
        ],
      },
      'source.labels': { map: [['app', 'web']] },
      'custom.count': 2n ** 60n,
      [internal]: { seconds: 1, nanos: 2 },
    });
    expect(bag.entry(slot('source.labels'), 'app')).toBe('web');
    expect(bag.entry(slot('source.labels'), 'version')).toBeNull();
    expect(bag.entry(slot('custom.map'), 'app')).toBeUndefined();
    expect(bag.entry(slot('request.path'), 'app')).toBeUndefined();
  });

  it('takes a map of values, too, and leaves out what nobody declared', () => {
    const bag = new MapBag(
      vocabulary,
      new Map([
        ['request.path', '/'],
        ['nobody', 'x'],
      ]),
    );
    expect(contentsOf(bag)).toEqual({ 'request.path': '/' });
    expect(plain(bag.get(vocabulary.size))).toBeUndefined();
  });

  it('names the attribute whose value is of another type', () => {
    expect(() => new MapBag(vocabulary, { 'request.size': 'big' })).toThrow('request.size: is no INT64');
    expect(() => new MapBag(vocabulary, { 'source.ip': '10.0.0.1' })).toThrow('source.ip: is no IP_ADDRESS');
    expect(() => new MapBag(vocabulary, { 'request.time': { seconds: 1, nanos: -1 } })).toThrow(
      'request.time: is no TIMESTAMP',
    );
  });
});
