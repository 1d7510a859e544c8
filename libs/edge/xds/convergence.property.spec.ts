import * as fc from 'fast-check';

import { Bench, discovering, type ShortType } from './testing/clients';
import { bodyOf, meaningOf, ModelClient, routingTypes } from './testing/model-client';

const clusters = ['a', 'b', 'c', 'd'];
const configurations = ['80', '90'];
const hosts = configurations.flatMap((scope) => ['x', 'y', 'z'].map((host) => `${scope}/${host}`));
const names: Record<ShortType, string[]> = {
  cds: clusters,
  eds: clusters,
  lds: ['l', 'm'],
  rds: configurations,
  vhds: hosts,
};

type Change = { type: ShortType; name: string; gone: boolean; value: string; bad: boolean; needs: string[] };
type Step =
  | { kind: 'change'; changes: Change[]; serve: boolean }
  | { kind: 'view'; changes: Change[]; serve: boolean }
  | { kind: 'take'; count: number }
  | { kind: 'routes'; wanted: string[] }
  | { kind: 'reconnect'; hostsFirst: boolean }
  | { kind: 'wait'; ms: number };

const change = fc.constantFrom<ShortType>('cds', 'eds', 'lds', 'rds', 'vhds').chain((type) =>
  fc.record<Change>({
    type: fc.constant(type),
    name: fc.constantFrom(...names[type]),
    gone: fc.integer({ max: 3, min: 0 }).map((n) => n === 0),
    value: fc.constantFrom('1', '2', '3', '4', '5'),
    bad: fc.integer({ max: 5, min: 0 }).map((n) => n === 0),
    needs: (routingTypes as readonly string[]).includes(type)
      ? fc.subarray(clusters, { maxLength: 2 })
      : fc.constant([]),
  }),
);

const step = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  {
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 6 }),
      serve: fc.boolean(),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('view' as const),
      changes: fc.array(change, { maxLength: 12 }),
      serve: fc.boolean(),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) }),
    weight: 5,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('routes' as const), wanted: fc.subarray(configurations) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('reconnect' as const), hostsFirst: fc.boolean() }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 6_000) }),
    weight: 1,
  },
);

function apply(bench: Bench, changes: readonly Change[]): void {
  const batch: Parameters<Bench['change']>[0] = {};
  const needs: Record<string, string[]> = {};
  for (const { type, name, gone, ...meaning } of changes) {
    const text = bodyOf(meaning);
    (batch[type] ??= {})[name] = gone ? undefined : type === 'rds' ? discovering(text) : text;
    if (meaning.needs.length > 0) needs[name] = meaning.needs;
    else if ((routingTypes as readonly string[]).includes(type)) Reflect.deleteProperty(needs, name);
  }
  bench.change(batch, needs);
}

describe('S1 delta: whatever happens', () => {
  it('ends with the client holding what the view holds, never in an unsafe order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const bench = new Bench();
        const client = new ModelClient(bench);
        client.ask('cds');
        client.ask('lds');
        for (const next of steps) {
          switch (next.kind) {
            case 'change':
              apply(bench, next.changes);
              if (next.serve) client.driver.stream.serve();
              break;
            case 'view': {
              const view = bench.swap();
              apply(bench, next.changes);
              client.driver.stream.setView(view);
              if (next.serve) client.driver.stream.serve();
              break;
            }
            case 'take':
              for (let i = 0; i < next.count; i++) client.take();
              break;
            case 'routes':
              client.want('rds', new Set(next.wanted));
              break;
            case 'reconnect':
              client.reconnect(next.hostsFirst);
              break;
            case 'wait':
              bench.clock += next.ms;
              client.driver.stream.serve();
          }
        }
        for (let round = 0; round < 4; round++) {
          client.driver.stream.serve();
          while (client.take());
          bench.clock += 6_000;
        }
        expect(client.broken).toEqual([]);
        expect([...client.warming.keys()]).toEqual([]);
        expect(differences(bench, client)).toEqual([]);
        const { tick } = bench.shared;
        expect(client.driver.stream.progress()).toEqual({ sent: tick, acked: tick });
        for (const layer of Object.values(bench.layers)) {
          layer.trim();
          expect(layer.logLength).toBe(0);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});

/** Where the client and the view differ, but for what the client refuses and what depends on that. */
function differences(bench: Bench, client: ModelClient): string[] {
  const found: string[] = [];
  const waits = (type: ShortType, needs: readonly string[]) =>
    type !== 'rds' && needs.some((need) => bench.layers.cds.get(need) !== undefined && !client.state.cds.has(need));
  const current = (type: ShortType, name: string) => {
    const resource = bench.layers[type].get(name);
    return resource === undefined ? undefined : Buffer.from(resource.body).toString();
  };
  const scopeOf = (name: string) => name.slice(0, name.lastIndexOf('/'));
  const wanted = (type: ShortType, name: string) =>
    type === 'eds'
      ? client.state.cds.has(name)
      : type === 'rds'
        ? client.routes.has(name)
        : type !== 'vhds' || (client.state.rds.has(scopeOf(name)) && current('rds', scopeOf(name)) !== undefined);
  /** Whether something that the client was left with points at a cluster, or may for all that a new stream tells. */
  const used = (cluster: string) =>
    routingTypes.some((type) =>
      [...client.state[type]].some(
        ([name, body]) =>
          body !== current(type, name) && (meaningOf(body).needs.includes(cluster) || client.reconnected),
      ),
    );
  for (const [type, all] of Object.entries(names) as [ShortType, string[]][]) {
    for (const name of all.filter((each) => wanted(type, each))) {
      const has = client.state[type].get(name);
      const should = current(type, name);
      if (has === should) continue;
      if (should === undefined && (type === 'rds' || type === 'eds' || (type === 'cds' && used(name)))) continue;
      const { bad, needs } = meaningOf(should ?? '');
      if (bad || waits(type, needs)) continue;
      found.push(`${type} ${name}: ${String(has)} instead of ${String(should)}`);
    }
  }
  for (const scope of client.state.rds.keys())
    if (current('rds', scope) !== undefined && !client.live.has(scope)) {
      const some = hosts.some((name) => scopeOf(name) === scope && !meaningOf(current('vhds', name) ?? '{|!|}').bad);
      if (some) found.push(`route configuration ${scope} waits for its hosts`);
    }
  return found;
}
