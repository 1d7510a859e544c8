import { DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';

import { ResourceLayer } from './layer';
import { splitRequest } from './sotw-request';
import { Bench, SotwDriver, type Received, type ShortType } from './testing/clients';
import { listenerType, routeType } from './type-urls';

// Here a resource's body is `name=text`.
const nameOf = (body: string) => body.split('=')[0] ?? '';

/** A client that ACKs all and keeps its subscriptions. */
class Client {
  readonly driver: SotwDriver;
  readonly names: Partial<Record<ShortType, string[]>> = {};
  readonly nonces: Partial<Record<ShortType, string>> = {};

  constructor(readonly bench: Bench) {
    this.driver = new SotwDriver(bench, nameOf);
  }

  subscribe(type: ShortType, ...names: string[]): this {
    this.names[type] = names;
    this.driver.request(type, names, this.nonces[type]);
    return this;
  }

  answer(received: Received, error?: string): this {
    this.nonces[received.type] = received.nonce;
    this.driver.request(received.type, this.names[received.type], received.nonce, error);
    return this;
  }

  settle(): Received[] {
    const all: Received[] = [];
    for (let received = this.driver.inbox.shift(); received !== undefined; received = this.driver.inbox.shift()) {
      all.push(received);
      this.answer(received);
    }
    return all;
  }

  serve(): this {
    this.driver.stream.serve();
    return this;
  }
}

function serving(): Client {
  const bench = new Bench();
  bench.change({
    cds: { a: 'a=A', b: 'b=B' },
    eds: { a: 'a=ea', b: 'b=eb' },
    lds: { l: 'l=L' },
    rds: { r: 'r=R', s: 's=S' },
  });
  const client = new Client(bench).subscribe('cds');
  client.settle();
  client.subscribe('eds', 'a', 'b').settle();
  client.subscribe('lds').settle();
  client.subscribe('rds', 'r').settle();
  return client;
}

describe('S1 state of the world', () => {
  it('sends all clusters and listeners at each change, and of the others what changed', () => {
    const client = serving();
    client.bench.change({ cds: { c: 'c=C' }, eds: { a: 'a=ea2' }, rds: { r: 'r=R2' } });
    expect(client.serve().settle()).toMatchObject([
      { type: 'cds', put: { a: 'a=A', b: 'b=B', c: 'c=C' } },
      { type: 'eds', put: { a: 'a=ea2' } },
      { type: 'rds', put: { r: 'r=R2' } },
    ]);
  });

  it('answers an empty wildcard, an unknown type and listeners by name that do not exist', () => {
    const client = new Client(new Bench()).subscribe('lds', 'host:80');
    expect(client.settle()).toMatchObject([{ type: 'lds', put: {} }]);
    client.subscribe('cds');
    expect(client.settle()).toMatchObject([{ type: 'cds', put: {} }]);
    client.subscribe('vhds');
    expect(client.settle()).toHaveLength(1);
    client.subscribe('eds').subscribe('rds', 'nowhere');
    expect(client.settle()).toEqual([]);
  });

  it('sends what a request newly names', () => {
    const client = serving().subscribe('rds', 'r', 's');
    expect(client.settle()).toMatchObject([{ type: 'rds', put: { s: 's=S' } }]);
    client.subscribe('rds', 's');
    expect(client.settle()).toEqual([]);
    client.bench.change({ rds: { r: 'r=2', s: 's=2' } });
    expect(client.serve().settle()).toMatchObject([{ put: { s: 's=2' } }]);
  });

  it('takes an empty list after a name as nothing', () => {
    const bench = new Bench();
    bench.change({ lds: { l: 'l=L' } });
    const client = new Client(bench).subscribe('lds', 'l');
    client.settle();
    client.subscribe('lds');
    expect(client.settle()).toMatchObject([{ put: {} }]);
    bench.change({ lds: { l: 'l=2' } });
    expect(client.serve().settle()).toEqual([]);
  });

  it('ignores a stale nonce, and takes an unknown one as a new beginning', () => {
    const client = serving();
    const { driver } = client;
    client.bench.change({ lds: { l: 'l=2' } });
    client.serve();
    const older = driver.next();
    client.answer(older);
    client.bench.change({ lds: { l: 'l=3' } });
    client.serve();
    const newer = driver.next();
    driver.request('lds', [], older.nonce, 'late');
    expect(driver.nacks).toEqual([]);
    client.bench.change({ lds: { l: 'l=4' } });
    client.serve();
    expect(driver.inbox).toEqual([]); // the newer one is still in flight
    driver.request('lds', [], 'of another server');
    expect(driver.next().put).toEqual({ l: 'l=4' });
    expect(newer.put).toEqual({ l: 'l=3' });
  });

  it('tells spellings of names apart, whatever nonce they come with', () => {
    const bench = new Bench();
    bench.change({ rds: { a: 'a=1', b: 'b=1' } });
    const { driver } = new Client(bench);
    const spelled = (name: string, nonce: string) => {
      const bytes = DiscoveryRequest.encode({
        typeUrl: routeType,
        resourceNames: [name],
        responseNonce: nonce,
      }).finish();
      const { request, names } = splitRequest(bytes);
      driver.stream.receive(request, names);
    };
    spelled('a', '');
    const first = driver.next();
    spelled('a', first.nonce);
    spelled('b', 'n-stale');
    spelled('a', first.nonce);
    spelled('b', first.nonce);
    expect(driver.next().put).toEqual({ b: 'b=1' });
  });

  it('hears from a late answer that a name was dropped, so that it is sent when it is asked for again', () => {
    const client = serving().subscribe('rds', 'r', 's');
    const { driver } = client;
    client.settle();
    client.bench.change({ rds: { r: 'r=2' } });
    const older = client.serve().driver.next();
    client.answer(older);
    client.bench.change({ rds: { r: 'r=3' } });
    const newer = client.serve().driver.next();
    driver.request('rds', ['r'], older.nonce, 'late');
    expect(driver.nacks).toEqual([]);
    client.answer(newer);
    expect(driver.inbox.map(({ put }) => put)).toEqual([{ s: 's=S' }]);
  });

  it('sends once when a name is added before the first response was answered', () => {
    const bench = new Bench();
    bench.change({ eds: { a: 'a=1', b: 'b=1' } });
    const client = new Client(bench).subscribe('eds', 'a').subscribe('eds', 'a', 'b');
    const received = client.settle();
    expect(Object.assign({}, ...received.map(({ put }) => put))).toEqual({ a: 'a=1', b: 'b=1' });
  });

  it('follows a changed cluster with its endpoints', () => {
    const client = serving();
    client.bench.change({ cds: { a: 'a=A2' } });
    expect(client.serve().settle()).toMatchObject([
      { type: 'cds', put: { a: 'a=A2', b: 'b=B' } },
      { type: 'eds', put: { a: 'a=ea' } },
    ]);
  });

  it('keeps a removed cluster until the routes are acknowledged', () => {
    const client = serving();
    client.bench.change({ cds: { a: undefined, c: 'c=C' }, rds: { r: 'r=to c' } }, { r: ['c'] });
    client.serve();
    const clusters = client.driver.next();
    expect(clusters.put).toEqual({ a: 'a=A', b: 'b=B', c: 'c=C' });
    expect(client.driver.inbox).toEqual([]);
    client.answer(clusters);
    const routes = client.driver.next();
    expect(routes).toMatchObject({ type: 'rds', put: { r: 'r=to c' } });
    expect(client.driver.inbox).toEqual([]);
    client.answer(routes);
    expect(client.settle()).toMatchObject([{ type: 'cds', put: { b: 'b=B', c: 'c=C' } }]);
  });

  it('keeps the last good version of what was refused', () => {
    const client = serving();
    client.bench.change({ lds: { l: 'l=bad', m: 'm=M' } });
    client.serve();
    client.answer(client.driver.next(), 'Error adding/updating listener(s) l: no such thing');
    expect(client.driver.nacks).toMatchObject([{ names: ['l'], exact: true }]);
    expect(client.settle()).toEqual([]);
    client.bench.change({ lds: { n: 'n=N' } });
    expect(client.serve().settle()).toMatchObject([{ put: { l: 'l=L', m: 'm=M', n: 'n=N' } }]);
    client.bench.change({ lds: { l: 'l=good' } });
    expect(client.serve().settle()).toMatchObject([{ put: { l: 'l=good', m: 'm=M', n: 'n=N' } }]);
  });

  it('finds the culprit where the message names none', () => {
    const client = serving();
    client.bench.change({ lds: { l: 'l=bad', m: 'm=1', n: 'n=1', o: 'o=1' } });
    client.serve();
    const refused: Received[] = [];
    let last: Received | undefined;
    for (let next = client.driver.inbox.shift(); next !== undefined; next = client.driver.inbox.shift()) {
      const bad = Object.values(next.put).includes('l=bad');
      if (bad) refused.push(next);
      else last = next;
      client.answer(next, bad ? 'something' : undefined);
    }
    expect(client.driver.nacks.at(-1)).toMatchObject({ names: ['l'], exact: true });
    client.bench.change({ lds: { p: 'p=1' } });
    expect(last?.put).toMatchObject({ l: 'l=L' });
    expect(client.serve().settle()).toMatchObject([{ put: { l: 'l=L', m: 'm=1', n: 'n=1', o: 'o=1', p: 'p=1' } }]);
  });

  it('does not let one refused cluster stop the routes of a port', () => {
    const client = serving();
    client.bench.change({ cds: { c: 'c=bad' }, rds: { r: 'r=2' } }, { r: ['a', 'c'] });
    client.serve();
    client.answer(client.driver.next(), 'Error adding/updating cluster(s) c: bad');
    expect(client.settle()).toMatchObject([{ type: 'rds', put: { r: 'r=2' } }]);
  });

  it('sends what differs when the view changes', () => {
    const client = serving();
    const listeners = new ResourceLayer(listenerType, 'another class');
    listeners.replace(0, 'l', [{ name: 'l', body: Buffer.from('l=other') }]);
    client.driver.stream.setView({ layers: new Map([...client.bench.view.layers, [listenerType, [listeners]]]) });
    expect(client.serve().settle()).toMatchObject([{ type: 'lds', put: { l: 'l=other' } }]);
  });
});
