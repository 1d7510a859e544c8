import * as fc from 'fast-check';

import { Bench, SotwDriver, type ShortType } from './testing/clients';
import { meaningOf } from './testing/model-client';

const types = ['cds', 'eds', 'lds', 'rds'] as const;
type Type = (typeof types)[number];
const names: Record<Type, string[]> = {
  cds: ['a', 'b', 'c'],
  eds: ['a', 'b', 'c'],
  lds: ['l', 'm', 'n'],
  rds: ['r', 's'],
};

type Change = { type: Type; name: string; gone: boolean; value: string; bad: boolean; needs: string[] };
type Step =
  | { kind: 'change'; changes: Change[]; serve: boolean; swap: boolean }
  | { kind: 'take'; count: number }
  | { kind: 'routes'; wanted: string[] }
  | { kind: 'wait'; ms: number };

const bodyOf = ({ name, value, bad, needs }: Change) =>
  `${name}=${value}${bad ? '!' : ''}{${value}|${bad ? '!' : ''}|${needs.join()}}`;

const change = fc.constantFrom<Type>(...types).chain((type) =>
  fc.record<Change>({
    type: fc.constant(type),
    name: fc.constantFrom(...names[type]),
    gone: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    value: fc.constantFrom('1', '2', '3', '4'),
    bad: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    needs: type === 'lds' || type === 'rds' ? fc.subarray(names.cds, { maxLength: 2 }) : fc.constant([]),
  }),
);
const step = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  {
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 5 }),
      serve: fc.boolean(),
      swap: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant('routes' as const), wanted: fc.subarray(names.rds) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 6_000) }), weight: 1 },
);

/** Takes clusters and listeners as wholes, but for bad ones, which it names; of others it refuses whole responses. */
class Model {
  readonly state: Record<Type, Map<string, string>> = {
    cds: new Map(),
    eds: new Map(),
    lds: new Map(),
    rds: new Map(),
  };
  readonly wanted: Record<Type, string[]> = { cds: [], eds: [], lds: [], rds: [] };
  readonly broken: string[] = [];
  readonly driver: SotwDriver;
  readonly #sent = new Set<string>();
  readonly #nonces = new Map<ShortType, string>();

  constructor(readonly bench: Bench) {
    this.driver = new SotwDriver(bench, (body) => body.split('=')[0] ?? '');
    const { inbox } = this.driver;
    const push = inbox.push.bind(inbox);
    inbox.push = (...all) => {
      for (const { type, put } of all) if (type === 'lds') this.#inspect(put);
      return push(...all);
    };
    this.driver.request('cds').request('lds');
  }

  #inspect(put: Record<string, string>): void {
    for (const [name, body] of Object.entries(put))
      for (const need of meaningOf(body).needs) {
        const again = this.#sent.has(body); // it was in a response before the cluster came to be
        if (!again && this.bench.layers.cds.get(need) !== undefined && !this.state.cds.has(need))
          this.broken.push(`lds ${name} was sent before cluster ${need}`);
      }
    for (const body of Object.values(put)) this.#sent.add(body);
  }

  want(type: Type, wanted: readonly string[]): void {
    if (this.wanted[type].join() === wanted.join()) return;
    this.wanted[type] = [...wanted];
    for (const name of this.state[type].keys()) if (!wanted.includes(name)) this.state[type].delete(name);
    this.driver.request(type, this.wanted[type], this.#nonces.get(type));
  }

  take(): boolean {
    const received = this.driver.inbox.shift();
    if (received === undefined) return false;
    const { nonce, put } = received;
    const type = received.type as Type;
    this.#nonces.set(type, nonce);
    const whole = type === 'cds' || type === 'lds';
    const state = this.state[type];
    const good = Object.entries(put).filter(([, body]) => !meaningOf(body).bad);
    const bad = Object.entries(put).filter(([, body]) => meaningOf(body).bad);
    if (whole) for (const name of state.keys()) if (!(name in put)) state.delete(name);
    if (whole || bad.length === 0)
      for (const [name, body] of good) if (whole || this.wanted[type].includes(name)) state.set(name, body);
    const error = bad.map(([name]) => `${name}: bad`).join();
    this.driver.request(type, this.wanted[type], nonce, bad.length === 0 ? undefined : whole ? error : 'bad');
    if (type === 'cds') this.want('eds', [...state.keys()].sort());
    return true;
  }
}

const put = (type: Type, name: string, bad = false): Change => ({
  type,
  name,
  gone: false,
  value: '1',
  bad,
  needs: [],
});
const gone = (type: Type, name: string): Change => ({ ...put(type, name), gone: true });
const nothing = gone('cds', 'a');
const changed = (swap: boolean, ...changes: Change[]): Step => ({ kind: 'change', changes, serve: false, swap });
const routes: Step = { kind: 'routes', wanted: ['r', 's'] };
const take = (count: number): Step => ({ kind: 'take', count });

/** What random runs had found; each was once an end without an end, or with something missing. */
const found: Step[][] = [
  // Two that are refused together and gone in another view, from which nothing tells of them.
  [
    changed(true, put('rds', 's', true), put('rds', 'r', true)),
    routes,
    { kind: 'wait', ms: 6_000 },
    changed(true, nothing),
  ],
  // A part of a refused response of another view, which the client no longer asks for when it answers.
  [
    changed(true, put('rds', 's')),
    changed(false, put('rds', 'r', true)),
    routes,
    changed(true, nothing),
    changed(false, put('rds', 's', true), gone('rds', 'r')),
    take(1),
    take(2),
    changed(true, nothing),
  ],
  // Refused as another view had it, and good again in the view that the client came from.
  [
    changed(true, put('rds', 's'), gone('eds', 'a')),
    take(1),
    changed(false, put('rds', 'r', true)),
    routes,
    changed(true, put('rds', 's', true), nothing),
    take(2),
    changed(true, nothing),
  ],
];

describe('S1 state of the world: whatever happens', () => {
  it('ends with the client holding what the view holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const bench = new Bench();
        const model = new Model(bench);
        const { stream } = model.driver;
        for (const next of steps) {
          switch (next.kind) {
            case 'change': {
              if (next.swap) stream.setView(bench.swap());
              const batch: Parameters<Bench['change']>[0] = {};
              const needs: Record<string, string[]> = {};
              for (const each of next.changes) {
                (batch[each.type] ??= {})[each.name] = each.gone ? undefined : bodyOf(each);
                needs[each.name] = each.needs;
              }
              bench.change(batch, needs);
              if (next.serve) stream.serve();
              break;
            }
            case 'take':
              for (let i = 0; i < next.count; i++) model.take();
              break;
            case 'routes':
              model.want('rds', next.wanted);
              break;
            case 'wait':
              bench.clock += next.ms;
              stream.serve();
          }
        }
        for (let round = 0; round < 4; round++) {
          stream.serve();
          while (model.take());
          bench.clock += 6_000;
        }
        expect(model.broken).toEqual([]);
        expect(differences(bench, model)).toEqual([]);
        expect(stream.progress()).toEqual({ sent: bench.shared.tick, acked: bench.shared.tick });
      }),
      { numRuns: 1_000, examples: found.map((steps) => [steps]) },
    );
  });
});

function differences(bench: Bench, { state, wanted }: Model): string[] {
  const found: string[] = [];
  const current = (type: Type, name: string) => {
    const resource = bench.layers[type].get(name);
    return resource === undefined ? undefined : Buffer.from(resource.body).toString();
  };
  const older = (['lds', 'rds'] as const).some((type) =>
    [...state[type]].some(([name, body]) => body !== current(type, name)),
  );
  for (const type of types)
    for (const name of names[type]) {
      if ((type === 'eds' || type === 'rds') && !wanted[type].includes(name)) continue;
      const has = state[type].get(name);
      const should = current(type, name);
      if (has === should) continue;
      if (should === undefined && (type === 'eds' || type === 'rds' || (type === 'cds' && older))) continue; // cannot be told
      const { bad, needs } = meaningOf(should ?? '');
      const waits = type === 'lds' && needs.some((need) => current('cds', need) !== undefined && !state.cds.has(need));
      if (!bad && !waits) found.push(`${type} ${name}: ${String(has)} instead of ${String(should)}`);
    }
  return found;
}
