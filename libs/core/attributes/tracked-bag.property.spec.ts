import fc from 'fast-check';
import { ReferencedAttributes, ReferencedAttributes_Condition as Condition } from '@keelson/api/istio/mixer/v1/mixer';
import type { Attributes } from './attribute';
import type { Bag } from './bag';
import { globalWords } from './dictionary';
import { encodeAttributes } from './encode';
import { encodeReferences } from './encode-references';
import { keyShape } from './key-shape';
import { References } from './references';
import { isStringMap } from './string-map';
import { attributeSets, word } from './testing/random-attributes';
import { declared, plain, vocabulary, wire } from './testing/samples';
import { told } from './testing/told';
import { TrackedBag } from './tracked-bag';
import { readAttributes } from './wire-bag';

/** A decoded `ReferencedAttributes` in the same form; no key where the map key is 0. */
function toldOf({ words = [], attributeMatches = [] }: ReferencedAttributes): string[] {
  const wordAt = (index: number): string | undefined => (index < 0 ? words[-index - 1] : globalWords[index]);
  return attributeMatches.map(({ name = 0, condition, mapKey = 0 }) => {
    return `${condition === Condition.ABSENCE ? '!' : ''}${wordAt(name)}${mapKey === 0 ? '' : `[${wordAt(mapKey)}]`}`;
  });
}

describe('the bytes of references', () => {
  it('are what was recorded, for any readings and any count of words', () => {
    fc.assert(
      fc.property(attributeSets(), readings(), fc.nat(222), (attributes, steps, count) => {
        const references = new References(vocabulary);
        run(steps, new TrackedBag(readAttributes(wire, encodeAttributes(attributes)), references));
        const decoded = ReferencedAttributes.decode(encodeReferences(references, vocabulary, count));
        expect(toldOf(decoded)).toEqual(told(references));
        expect(decoded.words).toEqual([...new Set(decoded.words)]);
      }),
      { numRuns: 100 },
    );
  });
});

/** A reading of an attribute: of all of it, or, of a map, of one key in two ways. */
interface Step {
  readonly at: number;
  readonly how: 'whole' | 'entry' | 'key';
  readonly key: string;
}

const keys = fc.oneof(fc.constantFrom('a', 'b', 'source.ip', 'cookie'), word);

function readings(): fc.Arbitrary<Step[]> {
  const step = fc.record({
    at: fc.nat(vocabulary.size - 1),
    how: fc.constantFrom('whole' as const, 'entry' as const, 'key' as const),
    key: keys,
  });
  return fc.array(step, { maxLength: 12 });
}

/** The answer of a program that reads: what it sees decides how it reads on. */
function run(steps: readonly Step[], from: Bag): unknown[] {
  const seen: unknown[] = [];
  for (const { at, how, key } of steps) {
    // After something unseen, every second reading is left out.
    if (seen.at(-1) === undefined && seen.length % 2 === 1) {
      seen.push('skipped');
      continue;
    }
    if (how === 'entry') {
      seen.push(from.entry(at, key));
      continue;
    }
    const value = from.get(at);
    seen.push(isStringMap(value) && how === 'key' ? value.get(key) : plain(value));
  }
  return seen;
}

/** Two sets that are partly the same, so that shapes of one often apply to the other. */
const pairs = fc
  .tuple(attributeSets(), attributeSets(), fc.func(fc.boolean()), fc.func(fc.boolean()))
  .map(([one, other, taken, merged]): readonly [Attributes, Attributes] => {
    const changed = new Map(one);
    for (const name of declared.keys()) {
      if (!taken(name)) continue;
      const [a, b] = [one.get(name), other.get(name)];
      if (a?.type === 'STRING_MAP' && b?.type === 'STRING_MAP' && merged(name)) {
        changed.set(name, { type: 'STRING_MAP', value: new Map([...b.value.entries(), ...a.value.entries()]) });
      } else if (b === undefined) changed.delete(name);
      else changed.set(name, b);
    }
    return [one, changed];
  });

describe('an answer that is kept by its references', () => {
  it('S40 is the right one for every request of the same key', () => {
    let applied = 0;
    const property = fc.property(pairs, readings(), fc.nat(222), ([one, other], steps, count) => {
      const references = new References(vocabulary);
      const answer = run(steps, new TrackedBag(readAttributes(wire, encodeAttributes(one)), references));
      const shape = keyShape(ReferencedAttributes.decode(encodeReferences(references, vocabulary, count)));
      const key = shape?.keyOf(one);
      expect(key).toBeDefined();
      if (shape?.keyOf(other) !== key) return;
      applied++;
      expect(run(steps, readAttributes(wire, encodeAttributes(other)))).toEqual(answer);
    });
    fc.assert(property, { numRuns: 300 });
    expect(applied).toBeGreaterThan(50);
  });

  it('S40 does not depend on what it did not read', () => {
    fc.assert(
      fc.property(attributeSets(), attributeSets(), readings(), (one, other, steps) => {
        const references = new References(vocabulary);
        const answer = run(steps, new TrackedBag(readAttributes(wire, encodeAttributes(one)), references));
        const touched = new Set(references.list().map(({ slot: at }) => vocabulary.names[at]));
        const changed = new Map(one);
        for (const name of declared.keys()) {
          if (touched.has(name)) continue;
          const value = other.get(name);
          if (value === undefined) changed.delete(name);
          else changed.set(name, value);
        }
        expect(run(steps, readAttributes(wire, encodeAttributes(changed)))).toEqual(answer);
      }),
      { numRuns: 100 },
    );
  });
});
