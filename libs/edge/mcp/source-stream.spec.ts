import { Resources, type RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { encodeResource, type EncodedResource } from './encoded-resource';
import { decodeMark, revisionCollection } from './mark';
import { ResourceStore } from './resource-store';
import { InvalidRequestError, SourceStream, type Refusal } from './source-stream';

const routes = 'istio/networking/v1alpha3/virtualservices';
const rules = 'istio/networking/v1alpha3/destinationrules';

function resource(name: string, version: string, bytes = 3): EncodedResource {
  return encodeResource({ name, version, typeUrl: 'type.googleapis.com/test.Kind', body: new Uint8Array(bytes) });
}

function storeWith(contents: Record<string, EncodedResource[]>, revision = 'e-1'): ResourceStore {
  const store = new ResourceStore([routes, rules]);
  store.replace(revision, new Map(Object.entries(contents)));
  return store;
}

function due(stream: SourceStream): Resources[] {
  return stream.due().map((bytes) => Resources.decode(bytes));
}

function names(message: Resources | undefined): (string | undefined)[] {
  return (message?.resources ?? []).map(({ metadata }) => metadata?.name);
}

function ack({ collection, nonce }: Resources): RequestResources {
  return { collection, responseNonce: nonce };
}

function nack(message: Resources, text = 'no'): RequestResources {
  return { ...ack(message), errorDetail: { code: 3, message: text } };
}

describe('the source end of an MCP stream', () => {
  it('answers nobody before everything was loaded', () => {
    const store = new ResourceStore([routes]);
    const stream = new SourceStream(store);
    stream.receive({ collection: routes });
    expect(due(stream)).toEqual([]);
    store.replace('e-1', new Map());
    expect(due(stream)).toHaveLength(1);
  });

  it('ends the stream for a collection that it does not have, and names it', () => {
    const stream = new SourceStream(storeWith({}));
    expect(() => {
      stream.receive({ collection: 'istio/nothing' });
    }).toThrow(new InvalidRequestError('unsupported collection "istio/nothing"'));
  });

  it('cuts all collections at one revision, with the mark last', () => {
    const store = storeWith({ [routes]: [resource('a/r', 'e-1')], [rules]: [resource('a/d', 'e-1')] });
    const stream = new SourceStream(store);
    for (const collection of [routes, rules, revisionCollection]) stream.receive({ collection, incremental: true });
    const messages = due(stream);
    expect(messages.map(({ collection }) => collection)).toEqual([routes, rules, revisionCollection]);
    expect(new Set(messages.map(({ systemVersionInfo }) => systemVersionInfo))).toEqual(new Set(['e-1']));
    expect(decodeMark(messages[2]!.resources![0]!.body!)).toBe('e-1');
    expect(messages.map(({ nonce }) => nonce)).toEqual(['1', '2', '3']);
  });

  it('starts the next round when each message of the last was answered, and sends what changed only', () => {
    const store = storeWith({ [routes]: [resource('a/r', 'e-1'), resource('a/s', 'e-1')], [rules]: [] });
    const stream = new SourceStream(store);
    for (const collection of [routes, rules, revisionCollection]) stream.receive({ collection, incremental: true });
    const first = due(stream);
    store.publish('e-2', [{ collection: routes, put: [resource('a/r', 'e-2')], remove: ['a/s'] }]);
    store.publish('e-3', [{ collection: rules, put: [resource('a/d', 'e-3')], remove: [] }]);
    for (const message of first.slice(0, 2)) {
      stream.receive(ack(message));
      expect(due(stream)).toEqual([]);
    }
    stream.receive(ack(first[2]!));
    const second = due(stream);
    expect(second.map(({ collection }) => collection)).toEqual([routes, rules, revisionCollection]);
    expect(second[0]).toMatchObject({ systemVersionInfo: 'e-3', removedResources: ['a/s'], incremental: true });
    expect(names(second[0])).toEqual(['a/r']);
    expect(second[0]!.resources![0]!.metadata!.version).toBe('e-2');
    expect(names(second[1])).toEqual(['a/d']);
  });

  it('sends the mark alone for a commit that touches nothing of this sink', () => {
    const store = storeWith({});
    const stream = new SourceStream(store);
    for (const collection of [routes, revisionCollection]) stream.receive({ collection, incremental: true });
    for (const message of due(stream)) stream.receive(ack(message));
    store.publish('e-2', [{ collection: rules, put: [resource('a/d', 'e-2')], remove: [] }]);
    expect(due(stream).map(({ collection }) => collection)).toEqual([revisionCollection]);
  });

  it('gives a sink that is not incremental the whole set, in one message', () => {
    const many = Array.from({ length: 40 }, (_, i) => resource(`a/r${i}`, 'e-1', 1000));
    const store = storeWith({ [routes]: many });
    const stream = new SourceStream(store, { chunkBytes: 4000 });
    stream.receive({ collection: routes });
    const [whole] = due(stream);
    expect(whole).toMatchObject({ incremental: false });
    expect(names(whole)).toHaveLength(40);
    stream.receive(ack(whole!));
    store.publish('e-2', [{ collection: routes, put: [], remove: ['a/r7'] }]);
    const [next] = due(stream);
    expect(names(next)).toHaveLength(39);
    expect(next!.removedResources).toEqual([]);
  });

  it('sends an incremental sink chunks, one at a time, the mark after the last', () => {
    const store = storeWith({ [routes]: Array.from({ length: 10 }, (_, i) => resource(`a/r${i}`, 'e-1', 1000)) });
    const stream = new SourceStream(store, { chunkBytes: 4000 });
    stream.receive({ collection: routes, incremental: true });
    stream.receive({ collection: revisionCollection });
    const received: string[] = [];
    const sizes: number[] = [];
    let messages = stream.due();
    while (messages.length > 0) {
      const [message] = messages.map((bytes) => Resources.decode(bytes));
      if (message!.collection === revisionCollection) break;
      expect(message!.incremental).toBe(true);
      received.push(...names(message).map(String));
      sizes.push(messages[0]!.length);
      if (messages.length > 1) break;
      stream.receive(ack(message!));
      messages = stream.due();
    }
    expect(received).toHaveLength(10);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(4200);
  });

  it('honours initial_resource_versions: only what differs, and removals', () => {
    const store = storeWith({ [routes]: [resource('a/same', 'e-1'), resource('a/newer', 'e-5')] }, 'e-5');
    const stream = new SourceStream(store);
    stream.receive({
      collection: routes,
      incremental: true,
      initialResourceVersions: { 'a/same': 'e-1', 'a/newer': 'e-2', 'a/gone': 'e-3' },
    });
    const [message] = due(stream);
    expect(names(message)).toEqual(['a/newer']);
    expect(message!.removedResources).toEqual(['a/gone']);
  });

  it('answers a first request even where nothing differs', () => {
    const stream = new SourceStream(storeWith({ [routes]: [resource('a/r', 'e-1')] }));
    stream.receive({ collection: routes, incremental: true, initialResourceVersions: { 'a/r': 'e-1' } });
    expect(due(stream)).toMatchObject([{ collection: routes, resources: [], removedResources: [], incremental: true }]);
  });

  it('does not send a refused version again, and then sends against what was acknowledged', () => {
    const refusals: Refusal[] = [];
    const store = storeWith({ [routes]: [resource('a/r', 'e-1')] });
    const stream = new SourceStream(store, { onRefused: (refusal) => refusals.push(refusal) });
    stream.receive({ collection: routes, incremental: true });
    for (const message of due(stream)) stream.receive(ack(message));
    store.publish('e-2', [{ collection: routes, put: [resource('a/bad', 'e-2')], remove: [] }]);
    for (const message of due(stream)) stream.receive(nack(message, 'cannot read a/bad'));
    expect(refusals).toEqual([{ collection: routes, revision: 'e-2', message: 'cannot read a/bad' }]);
    expect(due(stream)).toEqual([]);
    store.publish('e-3', [{ collection: rules, put: [], remove: [] }]);
    expect(due(stream)).toEqual([]);
    store.publish('e-4', [{ collection: routes, put: [resource('a/r', 'e-4')], remove: [] }]);
    expect(names(due(stream)[0])).toEqual(['a/bad', 'a/r']);
  });

  it('ignores nonces that are not under way', () => {
    const store = storeWith({ [routes]: [resource('a/r', 'e-1')] });
    const stream = new SourceStream(store);
    stream.receive({ collection: routes, incremental: true });
    const [message] = due(stream);
    stream.receive({ collection: routes, responseNonce: '99' });
    stream.receive({ collection: rules, responseNonce: message!.nonce });
    store.publish('e-2', [{ collection: routes, put: [resource('a/r', 'e-2')], remove: [] }]);
    expect(due(stream)).toEqual([]);
    stream.receive(ack(message!));
    expect(due(stream)).toHaveLength(1);
  });

  it('starts anew for a sink that asks again without a nonce', () => {
    const stream = new SourceStream(storeWith({ [routes]: [resource('a/r', 'e-1')] }));
    stream.receive({ collection: routes, incremental: true });
    for (const message of due(stream)) stream.receive(ack(message));
    stream.receive({ collection: routes, incremental: true });
    expect(names(due(stream)[0])).toEqual(['a/r']);
  });

  it('does not let the mark vouch for a collection that was asked for in the middle of a round', () => {
    const store = storeWith({ [routes]: [resource('a/r', 'e-1')], [rules]: [resource('a/d', 'e-1')] });
    const stream = new SourceStream(store);
    stream.receive({ collection: routes, incremental: true });
    const [first] = due(stream);
    stream.receive({ collection: rules, incremental: true });
    stream.receive({ collection: revisionCollection });
    expect(due(stream)).toEqual([]);
    stream.receive(ack(first!));
    expect(due(stream).map(({ collection }) => collection)).toEqual([rules, revisionCollection]);
  });

  it('encodes a resource once for all streams', () => {
    const one = resource('a/r', 'e-1', 100);
    const store = storeWith({ [routes]: [one] });
    const messages = [new SourceStream(store), new SourceStream(store)].map((stream) => {
      stream.receive({ collection: routes, incremental: true });
      return stream.due()[0]!;
    });
    expect(messages.every((bytes) => bytes.includes(Buffer.from(one.frame)))).toBe(true);
    expect(messages[0]).toEqual(messages[1]);
  });

  it('compares as a whole when a sink is further behind than the journal goes', () => {
    const store = storeWith({ [routes]: [resource('a/first', 'e-1')] });
    const stream = new SourceStream(store);
    stream.receive({ collection: routes, incremental: true });
    const [message] = due(stream);
    for (let i = 2; i < 9_000; i++)
      store.publish(`e-${i}`, [{ collection: routes, put: [resource(`a/r${i % 5}`, `e-${i}`)], remove: ['a/first'] }]);
    stream.receive(ack(message!));
    const [next] = due(stream);
    expect(names(next)).toEqual(['a/r0', 'a/r1', 'a/r2', 'a/r3', 'a/r4']);
    expect(next!.removedResources).toEqual(['a/first']);
  });
});
