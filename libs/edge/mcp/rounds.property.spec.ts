import fc from 'fast-check';
import { RequestResources, Resources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { encodeResource } from './encoded-resource';
import { revisionCollection } from './mark';
import { ResourceStore, type CollectionChange } from './resource-store';
import type { Round } from './round';
import { SinkHoldings } from './sink-holdings';
import { SinkSession } from './sink-session';
import { SourceStream } from './source-stream';
import { encodeRequest } from './wire';

const collections = ['x/a', 'x/b', 'x/c'];
type World = Map<string, Map<string, string>>;

/** A source and a sink with a wire between them on which messages wait until they are let through. */
class Pair {
  readonly history = new Map<string, World>();
  readonly store = new ResourceStore(collections);
  readonly seen: World = emptyWorld();
  readonly torn: string[] = [];
  private world = emptyWorld();
  private revision = 0;
  private readonly holdings = new SinkHoldings();
  private session!: SinkSession;
  private stream!: SourceStream;
  private toSource: Uint8Array[] = [];
  private toSink: Uint8Array[] = [];
  refuseRounds = false;
  /** The next response of a collection has a resource that is refused. */
  spoilNext = false;

  constructor() {
    this.history.set('e-0', copy(this.world));
    this.store.replace('e-0', new Map());
    this.connect();
  }

  connect(): void {
    this.stream = new SourceStream(this.store, { chunkBytes: 60 });
    this.session = new SinkSession(this.holdings, {
      sinkNode: {},
      collections,
      marked: true,
      onRound: (round) => {
        this.take(round);
      },
    });
    this.toSource = this.session.opening().map(encodeRequest);
    this.toSink = [];
  }

  commit(puts: [number, number][], removes: [number, number][]): void {
    const version = `e-${++this.revision}`;
    const changes = new Map<string, { put: Set<string>; remove: Set<string> }>();
    const of = (at: number): { put: Set<string>; remove: Set<string> } => {
      const name = collections[at]!;
      if (!changes.has(name)) changes.set(name, { put: new Set(), remove: new Set() });
      return changes.get(name)!;
    };
    for (const [at, n] of removes) of(at).remove.add(`ns/${n}`);
    for (const [at, n] of puts) {
      of(at).remove.delete(`ns/${n}`);
      of(at).put.add(`ns/${n}`);
    }
    const published: CollectionChange[] = [];
    for (const [collection, { put, remove }] of changes) {
      for (const name of remove) this.world.get(collection)!.delete(name);
      for (const name of put) this.world.get(collection)!.set(name, version);
      published.push({
        collection,
        put: [...put].map((name) => encodeResource({ name, version, typeUrl: 'type/x', body: new Uint8Array(8) })),
        remove: [...remove],
      });
    }
    this.history.set(version, copy(this.world));
    this.store.publish(version, published);
  }

  requestsArrive(): void {
    const request = this.toSource.shift();
    if (request) this.stream.receive(RequestResources.decode(request));
  }

  sourceSends(): void {
    this.toSink.push(...this.stream.due());
  }

  responseArrives(): void {
    const bytes = this.toSink.shift();
    if (!bytes) return;
    const response = Resources.decode(bytes);
    if (this.spoilNext && response.collection !== revisionCollection) {
      this.spoilNext = false;
      response.resources = [...(response.resources ?? []), {}];
    }
    this.toSource.push(encodeRequest(this.session.receive(response)));
  }

  settle(): void {
    for (let quiet = 0; quiet < 2; ) {
      this.sourceSends();
      if (this.toSink.length + this.toSource.length === 0) quiet++;
      while (this.toSink.length > 0) this.responseArrives();
      while (this.toSource.length > 0) this.requestsArrive();
    }
  }

  get newest(): World {
    return this.world;
  }

  private take(round: Round): void {
    if (this.refuseRounds) throw new Error('not now');
    if (round.full) for (const held of this.seen.values()) held.clear();
    for (const { collection, put, remove } of round.changes) {
      const held = this.seen.get(collection)!;
      for (const name of remove) held.delete(name);
      for (const { name, version } of put) held.set(name, version);
    }
    const expected = this.history.get(round.revision);
    if (JSON.stringify(plain(this.seen)) !== JSON.stringify(plain(expected!))) this.torn.push(round.revision);
  }
}

function emptyWorld(): World {
  return new Map(collections.map((name) => [name, new Map<string, string>()]));
}

function copy(world: World): World {
  return new Map([...world].map(([name, held]) => [name, new Map(held)]));
}

function plain(world: World): unknown {
  return [...world].map(([name, held]) => [name, [...held].sort()]);
}

const place = fc.tuple(fc.nat(2), fc.nat(9));
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      puts: fc.array(place, { maxLength: 12 }),
      removes: fc.array(place, { maxLength: 6 }),
    }),
  },
  { weight: 10, arbitrary: fc.constantFrom('request', 'send', 'response') },
  { weight: 1, arbitrary: fc.constantFrom('reconnect', 'refuse', 'accept') },
  { weight: 1, arbitrary: fc.constant('spoil') },
);

describe('rounds', () => {
  it('a sink only ever holds whole revisions, and in the end the newest', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const pair = new Pair();
        for (const next of steps) {
          if (typeof next === 'object') pair.commit(next.puts, next.removes);
          else if (next === 'request') pair.requestsArrive();
          else if (next === 'send') pair.sourceSends();
          else if (next === 'response') pair.responseArrives();
          else if (next === 'reconnect') pair.connect();
          else if (next === 'spoil') pair.spoilNext = true;
          else pair.refuseRounds = next === 'refuse';
        }
        pair.refuseRounds = pair.spoilNext = false;
        // What was refused comes again once its collection has changed.
        pair.commit(
          [
            [0, 0],
            [1, 0],
            [2, 0],
          ],
          [],
        );
        pair.settle();
        expect(pair.torn).toEqual([]);
        expect(plain(pair.seen)).toEqual(plain(pair.newest));
      }),
      { numRuns: 300 },
    );
  });

  it('what was refused of a collection and then deleted holds nothing back, and leaves nothing behind', () => {
    const pair = new Pair();
    pair.commit([[0, 1]], []);
    pair.settle();
    // Each resource is a response of its own; the second one is refused.
    pair.commit(
      [
        [0, 2],
        [0, 3],
      ],
      [],
    );
    pair.sourceSends();
    pair.responseArrives();
    pair.requestsArrive();
    pair.sourceSends();
    pair.spoilNext = true;
    pair.settle();
    expect(pair.spoilNext).toBe(false);
    expect([...pair.seen.get('x/a')!.keys()]).toEqual(['ns/1']);
    pair.commit(
      [[1, 1]],
      [
        [0, 2],
        [0, 3],
      ],
    );
    pair.settle();
    expect(plain(pair.seen)).toEqual(plain(pair.newest));
    pair.commit([[0, 4]], []);
    pair.settle();
    expect(plain(pair.seen)).toEqual(plain(pair.newest));
    expect(pair.torn).toEqual([]);
  });

  it('truncated and twisted bytes never do more than throw', () => {
    const store = new ResourceStore(collections);
    store.replace('e-1', new Map());
    const sample = RequestResources.encode({
      collection: 'x/a',
      incremental: true,
      initialResourceVersions: { 'ns/a': 'e-1' },
    }).finish();
    fc.assert(
      fc.property(fc.nat(sample.length), fc.uint8Array({ maxLength: 40 }), (cut, noise) => {
        const stream = new SourceStream(store);
        try {
          stream.receive(RequestResources.decode(Buffer.concat([sample.subarray(0, cut), noise])));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        expect(Array.isArray(stream.due())).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
