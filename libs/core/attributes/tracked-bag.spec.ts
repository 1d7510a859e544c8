import { ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import type { Bag } from './bag';
import { globalWords } from './dictionary';
import { encodeReferences } from './encode-references';
import { MapBag } from './map-bag';
import { References } from './references';
import { isStringMap } from './string-map';
import { slot, vocabulary } from './testing/samples';
import { told } from './testing/told';
import { TrackedBag } from './tracked-bag';

const bag = new MapBag(vocabulary, {
  'source.ip': Uint8Array.of(10, 0, 0, 1),
  'request.path': '/',
  'request.size': 0,
  'connection.mtls': false,
  'request.headers': { a: '1', b: '', 'source.ip': '2' },
});

/** What reading leaves behind. */
function recorded(reading: (bag: Bag) => void): string[] {
  const references = new References(vocabulary);
  reading(new TrackedBag(bag, references));
  return told(references);
}

describe('what a bag records of readings', () => {
  it('S40 is the value of an attribute, or that it is absent', () => {
    const references = recorded((tracked) => {
      expect(tracked.get(slot('request.path'))).toBe('/');
      expect(tracked.get(slot('request.size'))).toBe(0);
      expect(tracked.get(slot('connection.mtls'))).toBe(false);
      expect(tracked.get(slot('source.uid'))).toBeUndefined();
    });
    expect(references).toEqual(['!source.uid', 'request.path', 'request.size', 'connection.mtls']);
  });

  it('S40 is the key of a map, and nothing for the map itself', () => {
    const references = recorded((tracked) => {
      expect(tracked.entry(slot('request.headers'), 'b')).toBe('');
      expect(tracked.entry(slot('request.headers'), 'c')).toBeNull();
    });
    expect(references).toEqual(['request.headers[b]', '!request.headers[c]']);
  });

  it('S40 is the absence of a map without a key', () => {
    const references = recorded((tracked) => {
      expect(tracked.entry(slot('source.labels'), 'app')).toBeUndefined();
      expect(tracked.get(slot('custom.map'))).toBeUndefined();
    });
    expect(references).toEqual(['!source.labels', '!custom.map']);
  });

  it('is nothing for a map that was only passed on, and its keys as they are looked up', () => {
    const references = recorded((tracked) => {
      const map = tracked.get(slot('request.headers'));
      if (!isStringMap(map)) throw new Error('no map');
      expect([map.get('a'), map.get('z')]).toEqual(['1', undefined]);
    });
    expect(references).toEqual(['request.headers[a]', '!request.headers[z]']);
    expect(recorded((tracked) => tracked.get(slot('request.headers')))).toEqual([]);
  });

  it('is the whole map for a reading of all its entries', () => {
    const references = recorded((tracked) => {
      const map = tracked.get(slot('request.headers'));
      if (!isStringMap(map)) throw new Error('no map');
      expect(map.get('a')).toBe('1');
      expect([...map.entries()]).toHaveLength(3);
    });
    expect(references).toEqual(['request.headers']);
  });

  it('is the value where an entry was looked for in what is no map', () => {
    expect(recorded((tracked) => tracked.entry(slot('request.path'), 'a'))).toEqual(['request.path']);
  });

  it('is the same in whichever order', () => {
    const read = [
      (b: Bag): unknown => b.get(slot('request.path')),
      (b: Bag): unknown => b.get(slot('source.ip')),
      (b: Bag): unknown => b.entry(slot('request.headers'), 'a'),
      (b: Bag): unknown => b.entry(slot('request.headers'), 'B'),
    ];
    const bytes = (steps: typeof read): string => {
      const references = new References(vocabulary);
      for (const step of steps) step(new TrackedBag(bag, references));
      return encodeReferences(references, vocabulary, 222).toString('hex');
    };
    expect(bytes(read)).toBe(bytes([...read].reverse()));
    expect(bytes(read)).not.toBe(bytes(read.slice(1)));
  });

  it('S41 starts for each quota from what the preprocessing read', () => {
    const start = new References(vocabulary);
    const preprocessing = new TrackedBag(bag, start);
    preprocessing.get(slot('source.ip'));
    preprocessing.entry(slot('request.headers'), 'a');
    const quotas = [start.clone(), start.clone()] as const;
    new TrackedBag(bag, quotas[0]).get(slot('request.path'));
    new TrackedBag(bag, quotas[1]).entry(slot('request.headers'), 'b');
    expect(quotas.map(told)).toEqual([
      ['source.ip', 'request.headers[a]', 'request.path'],
      ['source.ip', 'request.headers[a]', 'request.headers[b]'],
    ]);
    expect(told(start)).toEqual(['source.ip', 'request.headers[a]']);
  });
});

describe('the bytes of references', () => {
  const encoded = (count: number, reading: (bag: Bag) => void): ReferencedAttributes => {
    const references = new References(vocabulary);
    reading(new TrackedBag(bag, references));
    return ReferencedAttributes.decode(encodeReferences(references, vocabulary, count));
  };

  it('S40 tell words by the global list as far as the caller knows it, and put others along', () => {
    const reading = (tracked: Bag): void => {
      tracked.get(slot('source.uid'));
      tracked.get(slot('custom.mail'));
      tracked.entry(slot('request.headers'), 'cookie');
      tracked.entry(slot('request.headers'), 'a');
    };
    expect(encoded(222, reading)).toEqual({
      words: ['a', 'custom.mail'],
      attributeMatches: [
        { name: 3, condition: 1, regex: '', mapKey: 0 },
        { name: 15, condition: 2, regex: '', mapKey: -1 },
        { name: 15, condition: 1, regex: '', mapKey: globalWords.indexOf('cookie') },
        { name: -2, condition: 1, regex: '', mapKey: 0 },
      ],
    });
    expect(encoded(15, reading).words).toEqual(['request.headers', 'a', 'cookie', 'custom.mail']);
    expect(encoded(0, reading).words).toEqual(['source.uid', 'request.headers', 'a', 'cookie', 'custom.mail']);
  });

  it('have the map key 0 for no key only, not for the word source.ip', () => {
    const decoded = encoded(222, (tracked) => {
      tracked.get(slot('source.ip'));
      tracked.entry(slot('request.headers'), 'source.ip');
      tracked.entry(slot('request.headers'), '');
    });
    expect(decoded.words).toEqual(['', 'source.ip']);
    expect(decoded.attributeMatches?.map(({ name, mapKey }) => [name, mapKey])).toEqual([
      [0, 0],
      [15, -1],
      [15, -2],
    ]);
  });
});
