import { inspect } from 'node:util';
import fc from 'fast-check';
import { ReferencedAttributes_Condition as Condition } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes } from './attribute';
import { keyShape } from './key-shape';
import { attributeSets } from './testing/random-attributes';
import { contentsOfSet, declared } from './testing/samples';

describe('a key', () => {
  it('is the same for two sets exactly if they have the same values', () => {
    const matches = [...declared.keys()].map((_, i) => ({ name: -i - 1, condition: Condition.EXACT }));
    const full = attributeSets().filter((attributes) => attributes.size > 15);
    let same = 0;
    const property = fc.property(full, full, fc.func(fc.boolean()), (one, other, taken) => {
      const mixed = new Map([...one].map(([name, value]) => [name, taken(name) ? (other.get(name) ?? value) : value]));
      const words = [...one.keys()].filter((name) => declared.has(name));
      const shape = keyShape({ words, attributeMatches: matches.slice(0, words.length) });
      const equal = JSON.stringify(told(one)) === JSON.stringify(told(mixed));
      if (equal) same++;
      expect(shape?.keyOf(one) === shape?.keyOf(mixed)).toBe(equal);
    });
    fc.assert(property, { numRuns: 80 });
    expect(same).toBeGreaterThan(0);
  });
});

/** Declared values as text, in which -0 and bigints can be told apart. */
function told(attributes: Attributes): string[] {
  const contents = contentsOfSet(new Map([...attributes].filter(([name]) => declared.has(name))));
  return Object.entries(contents).map(
    ([name, value]) => `${name} ${inspect(value, { depth: null, maxStringLength: null })}`,
  );
}
