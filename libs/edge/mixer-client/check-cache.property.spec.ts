import { ReferencedAttributes } from '@keelson/api/istio/mixer/v1/mixer';
import {
  encodeReferences,
  globalWords,
  MapBag,
  References,
  TrackedBag,
  Vocabulary,
  type Attribute,
  type Attributes,
  type Bag,
  type ValueType,
} from '@keelson/core/attributes';
import fc from 'fast-check';
import type { PolicyAnswer } from './backend';
import { CheckCache } from './check-cache';

const types: Record<string, ValueType> = {
  'request.path': 'STRING',
  'request.headers': 'STRING_MAP',
  'source.labels': 'STRING_MAP',
  'destination.port': 'INT64',
  'connection.mtls': 'BOOL',
  'source.ip': 'IP_ADDRESS',
  'own.word': 'STRING',
};
const names = Object.keys(types);
const vocabulary = new Vocabulary(new Map(Object.entries(types)));

const texts = fc.constantFrom('', 'a', 'b', '1:a');
const keys = fc.constantFrom('user', 'source.ip', 'request.path', 'own-key');
const valueOf: Record<string, fc.Arbitrary<Attribute['value']>> = {
  STRING: texts,
  STRING_MAP: fc.array(fc.tuple(keys, texts), { maxLength: 3 }).map((entries) => new Map(entries)),
  INT64: fc.constantFrom(0, 1, 12),
  BOOL: fc.boolean(),
  IP_ADDRESS: fc.constantFrom(Buffer.from([0, 0, 0, 1]), Buffer.from([0, 0, 0, 2])),
};

const requests: fc.Arbitrary<Attributes> = fc
  .tuple(...names.map((name) => fc.option(valueOf[types[name]!]!, { freq: 2 })))
  .map((values) => {
    const entries = names.flatMap((name, i): [string, Attribute][] => {
      const value = values[i];
      return value === null || value === undefined ? [] : [[name, { type: types[name], value } as Attribute]];
    });
    return new Map(entries);
  });

/** A policy: a tree of questions about attributes, an answer at each end. */
type Policy =
  | { readonly answer: number }
  | {
      readonly name: string;
      readonly key: string | undefined;
      readonly whole: boolean;
      readonly next: readonly Policy[];
    };

const policies: fc.Arbitrary<Policy> = fc.letrec<{ node: Policy }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { weight: 1, arbitrary: fc.record({ answer: fc.integer({ min: 0, max: 16 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        name: fc.constantFrom(...names),
        key: keys,
        whole: fc.boolean(),
        next: fc.array(tie('node'), { minLength: 3, maxLength: 3 }),
      }),
    },
  ),
})).node;

/** Reads what the policy asks for, and follows the answer by a number made of it. */
function decide(policy: Policy, bag: Bag): number {
  if ('answer' in policy) return policy.answer;
  const slot = vocabulary.slotOf(policy.name)!;
  let seen: string;
  if (types[policy.name] === 'STRING_MAP') {
    if (policy.whole) {
      const map = bag.get(slot) as ReadonlyMap<string, string> | undefined;
      seen = JSON.stringify(map === undefined ? null : [...map.entries()].sort());
    } else seen = String(bag.entry(slot, policy.key ?? ''));
  } else {
    const value = bag.get(slot);
    seen = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value ?? null);
  }
  const number = Buffer.from(seen).reduce((sum, byte) => (sum * 31 + byte) % 65_537, 7) % 3;
  return decide(policy.next[number]!, bag);
}

/** What Mixer answers, references and all, through the bytes of its answer. */
function ask(
  policy: Policy,
  attributes: Attributes,
  globalWordCount: number,
): { code: number; references: ReferencedAttributes } {
  const references = new References(vocabulary);
  const plain = new Map([...attributes].map(([name, { value }]) => [name, value]));
  const code = decide(policy, new TrackedBag(new MapBag(vocabulary, plain), references));
  return { code, references: ReferencedAttributes.decode(encodeReferences(references, vocabulary, globalWordCount)) };
}

const some = fc.array(requests, { minLength: 1, maxLength: 6 });
const steps = fc.array(
  fc.record({
    which: fc.nat({ max: 5 }),
    wait: fc.integer({ min: 0, max: 40 }),
    forMs: fc.integer({ min: 0, max: 400 }),
    uses: fc.integer({ min: -1, max: 6 }),
  }),
  { minLength: 30, maxLength: 60 },
);

it('S40 no answer of the cache differs from what the policy says, nor outlives its time and uses', () => {
  const served = { hits: 0 };
  fc.assert(
    fc.property(policies, some, steps, fc.constantFrom(0, 10, globalWords.length), (policy, asked, done, words) => {
      const cache = new CheckCache({ shapes: 3, answers: 9, bytes: 100_000 });
      const given = new Map<PolicyAnswer, { until: number; uses: number }>();
      let now = 0;
      for (const { which, wait, forMs, uses } of done) {
        now += wait;
        const request = asked[which % asked.length]!;
        const { code, references } = ask(policy, request, words);
        const found = cache.use(request, now);
        if (found !== undefined) {
          served.hits++;
          expect(found.code).toBe(code);
          const limits = given.get(found)!;
          expect(now).toBeLessThan(limits.until);
          if (limits.uses >= 0) expect(--limits.uses).toBeGreaterThanOrEqual(0);
          continue;
        }
        const answer = { code, message: '', directive: undefined };
        given.set(answer, { until: now + forMs, uses: uses < 0 ? -1 : uses - 1 });
        cache.keep(request, references, answer, { forMs, uses }, now);
      }
    }),
    { numRuns: 100 },
  );
  expect(served.hits).toBeGreaterThan(300);
});
