import { Bench, DeltaDriver, discovering } from './testing/clients';

/** A client with the listeners' route configurations 80 and 90, each with two hosts. */
function bench(): Bench {
  const made = new Bench();
  made.change({
    cds: { a: 'A' },
    lds: { l: 'L' },
    rds: { 80: discovering(), 90: discovering(), plain: 'no vhds' },
    vhds: { '80/x': 'x', '80/y': 'y', '90/x': 'x9', 'plain/p': 'p' },
  });
  return made;
}

function start(server: Bench): DeltaDriver {
  const driver = new DeltaDriver(server).request('cds').request('lds');
  driver.settle();
  return driver;
}

function serving(): DeltaDriver {
  const driver = start(bench()).subscribe('rds', '80');
  driver.settle();
  driver.request('vhds');
  driver.settle();
  return driver;
}

describe('S1 virtual hosts by discovery', () => {
  it('rule 1: serves the hosts of subscribed route configurations only, one of them a response', () => {
    const driver = start(bench()).subscribe('rds', '80');
    expect(driver.settle().map((received) => received.type)).toEqual(['rds']);
    driver.request('vhds');
    expect(driver.settle()).toMatchObject([{ type: 'vhds', put: { '80/x': 'x', '80/y': 'y' }, removed: [] }]);
    driver.bench.change({ vhds: { '90/x': 'x9+' } });
    driver.stream.serve();
    expect(driver.settle()).toEqual([]);
  });

  it('rule 1: serves none for a route configuration that does not ask for any', () => {
    const driver = serving().subscribe('rds', 'plain');
    expect(driver.settle().map((received) => received.type)).toEqual(['rds']);
  });

  it('rule 2: sends all hosts right behind the route configuration, on every subscription', () => {
    const driver = serving().subscribe('rds', '90');
    expect(driver.inbox).toMatchObject([
      { type: 'rds', put: { 90: expect.anything() as string } },
      { type: 'vhds', put: { '90/x': 'x9' } },
    ]);
    driver.settle();
    driver.subscribe('rds', '80');
    expect(driver.settle()).toMatchObject([
      { type: 'rds', put: { 80: expect.anything() as string } },
      { type: 'vhds', put: { '80/x': 'x', '80/y': 'y' } },
    ]);
  });

  it('rule 1: takes the hosts of a route configuration back that the client refused and never had', () => {
    const driver = serving();
    driver.bench.change(
      { cds: { b: 'B' }, rds: { 70: discovering('bad') }, vhds: { '70/x': 'x7' } },
      { '70/x': ['b'] },
    );
    driver.stream.serve();
    driver.settle();
    driver.subscribe('rds', '70');
    const [routes, hosts] = [driver.next(), driver.next()];
    driver.nack(routes);
    driver.ack(hosts);
    expect(driver.settle()).toMatchObject([{ type: 'vhds', put: {}, removed: ['70/x'] }]);
    // Nothing of it holds the cluster any more.
    driver.bench.change({ cds: { b: undefined }, rds: { 70: undefined }, vhds: { '70/x': undefined } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ type: 'cds', removed: ['b'] }]);
    // When it can be taken it comes with its hosts.
    driver.bench.change({ rds: { 70: discovering('good') }, vhds: { '70/x': 'x7' } });
    driver.stream.serve();
    expect(driver.settle().slice(1)).toMatchObject([{ type: 'vhds', put: { '70/x': 'x7' } }]);
  });

  it('rule 2: releases a route configuration without hosts', () => {
    const driver = serving();
    driver.bench.change({ rds: { empty: discovering() } });
    driver.stream.serve();
    driver.subscribe('rds', 'empty');
    expect(driver.settle().slice(1)).toMatchObject([{ type: 'vhds', put: {}, removed: ['empty/none'] }]);
    driver.bench.change({ vhds: { 'empty/h': 'h' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ type: 'vhds', put: { 'empty/h': 'h' }, removed: [] }]);
  });

  it('rule 3: removes all hosts when a route configuration is dropped', () => {
    const driver = serving().subscribe('rds', '90');
    driver.settle();
    driver.unsubscribe('rds', '80');
    expect(driver.settle()).toMatchObject([{ type: 'vhds', put: {}, removed: ['80/x', '80/y'] }]);
    driver.bench.change({ vhds: { '80/x': 'x+', '90/x': 'x9+' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ put: { '90/x': 'x9+' } }]);
    driver.subscribe('rds', '80');
    expect(driver.settle().slice(1)).toMatchObject([{ put: { '80/x': 'x+', '80/y': 'y' } }]);
  });

  it('rule 3: removes and sends anew what was dropped and asked for in one request', () => {
    const driver = serving().request('rds', { resourceNamesSubscribe: ['80'], resourceNamesUnsubscribe: ['80'] });
    expect(driver.settle()).toMatchObject([
      { type: 'vhds', removed: ['80/x', '80/y'] },
      { type: 'rds' },
      { type: 'vhds', put: { '80/x': 'x', '80/y': 'y' } },
    ]);
  });

  describe('rule 4: reconnects', () => {
    function claims(driver: DeltaDriver, ...names: string[]): Record<string, string> {
      return Object.fromEntries(names.map((name) => [name, driver.version('vhds', name)]));
    }

    it('resends nothing that is equal, whichever request comes first', () => {
      const first = serving();
      for (const hostsFirst of [true, false]) {
        const second = start(first.bench);
        const routes = () =>
          second.request('rds', {
            resourceNamesSubscribe: ['80'],
            initialResourceVersions: { 80: first.version('rds', '80') },
          });
        const hosts = () => second.request('vhds', { initialResourceVersions: claims(first, '80/x', '80/y') });
        if (hostsFirst) hosts();
        routes();
        if (!hostsFirst) hosts();
        expect(second.settle()).toEqual([]);
        first.bench.change({ vhds: { '80/x': `x${first.bench.shared.tick}` } });
        second.stream.serve();
        expect(Object.keys(second.next().put)).toEqual(['80/x']);
        first.bench.change({ vhds: { '80/x': 'x' } });
      }
    });

    it('sends what differs, removes what is gone and what is of route configurations that are not asked for', () => {
      const first = serving();
      const second = start(first.bench);
      second.request('vhds', {
        initialResourceVersions: {
          ...claims(first, '80/x'),
          '80/y': 'older',
          '80/old': 'v',
          '90/x': 'v',
          nonsense: 'v',
        },
      });
      expect(second.settle()).toEqual([]);
      second.request('rds', {
        resourceNamesSubscribe: ['80'],
        initialResourceVersions: { 80: first.version('rds', '80') },
      });
      const received = second.settle();
      expect(received).toContainEqual(expect.objectContaining({ put: { '80/y': 'y' }, removed: ['80/old'] }));
      expect(received.flatMap(({ removed }) => removed).sort()).toEqual(['80/old', '90/x', 'nonsense']);
    });

    it('sends all hosts of a route configuration that began anew in between', () => {
      const first = serving();
      const second = start(first.bench);
      second.request('vhds', { initialResourceVersions: { ...claims(first, '80/x', '80/y'), '80/old': 'v' } });
      second.subscribe('rds', '80');
      expect(second.settle()).toMatchObject([
        { type: 'rds' },
        { type: 'vhds', put: { '80/x': 'x', '80/y': 'y' }, removed: ['80/old'] },
      ]);
    });

    it('removes claimed hosts of a route configuration that is gone once the client drops it', () => {
      const first = serving();
      first.bench.change({ rds: { 80: undefined }, vhds: { '80/x': undefined, '80/y': undefined } });
      const second = start(first.bench);
      second.request('vhds', { initialResourceVersions: claims(first, '80/x', '80/y') });
      second.subscribe('rds', '80');
      expect(second.settle()).toMatchObject([{ type: 'rds', removed: ['80'] }]);
      second.unsubscribe('rds', '80');
      expect(second.settle()).toMatchObject([{ type: 'vhds', removed: ['80/x', '80/y'] }]);
    });

    it('releases a route configuration that still waits for hosts that it has not', () => {
      const first = serving();
      first.bench.change({ rds: { empty: discovering() } });
      const second = start(first.bench);
      const version = first.bench.layers.rds.get('empty')?.version ?? '';
      second.request('rds', { resourceNamesSubscribe: ['empty'], initialResourceVersions: { empty: version } });
      second.request('vhds');
      expect(second.settle()).toMatchObject([{ type: 'vhds', removed: ['empty/none'] }]);
    });
  });

  describe('rule 6: refusals', () => {
    function refusing(driver: DeltaDriver, bad: (put: Record<string, string>) => boolean): Record<string, string> {
      const taken: Record<string, string> = {};
      for (let received = driver.inbox.shift(); received !== undefined; received = driver.inbox.shift()) {
        if (received.type === 'vhds' && bad(received.put)) {
          driver.nack(received, 'one of them is bad');
        } else {
          if (received.type === 'vhds') Object.assign(taken, received.put);
          driver.ack(received);
        }
      }
      return taken;
    }

    it('finds the culprit, and lets the others through', () => {
      const driver = serving();
      const hosts = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`80/h${i}`, i === 5 ? 'bad' : 'good']));
      driver.bench.change({ vhds: hosts });
      driver.stream.serve();
      const taken = refusing(driver, (put) => Object.values(put).includes('bad'));
      expect(Object.keys(taken).sort()).toEqual(Object.keys(hosts).filter((name) => name !== '80/h5'));
      expect(driver.nacks.at(-1)).toMatchObject({ names: ['80/h5'], exact: true });
      expect(driver.stream.progress()).toEqual({ sent: driver.bench.shared.tick, acked: driver.bench.shared.tick });
      driver.bench.change({ vhds: { '80/h0': 'better' } });
      driver.stream.serve();
      expect(driver.settle()).toMatchObject([{ put: { '80/h0': 'better' } }]);
      driver.bench.change({ vhds: { '80/h5': 'mended' } });
      driver.stream.serve();
      expect(driver.settle()).toMatchObject([{ put: { '80/h5': 'mended' } }]);
    });

    it('tries a culprit again after the others were taken: they may have made room for it', () => {
      const driver = serving();
      driver.bench.change({ vhds: { '80/a': 'd1', '80/b': 'd2', '80/c': 'bad' } });
      driver.stream.serve();
      const held: Record<string, string> = {};
      const conflicts = (put: Record<string, string>) => {
        const after = { ...held, ...put };
        const values = Object.values(after);
        const refused = values.includes('bad') || new Set(values).size < values.length;
        if (!refused) Object.assign(held, put);
        return refused;
      };
      refusing(driver, conflicts);
      expect(held).toEqual({ '80/a': 'd1', '80/b': 'd2' });
      // A swap of domains, together with something bad: the halves are refused, the whole would not be.
      driver.bench.change({ vhds: { '80/a': 'd2', '80/b': 'd3', '80/c': 'bad' } });
      driver.bench.change({ vhds: { '80/a': 'd2', '80/b': 'd3', '80/c': 'bad', '80/d': 'bad' } });
      driver.stream.serve();
      refusing(driver, conflicts);
      expect(held).toEqual({ '80/a': 'd2', '80/b': 'd3' });
    });

    it('sends the removals of a refused response, too', () => {
      const driver = serving();
      driver.bench.change({ vhds: { '80/x': undefined, '80/p': 'p', '80/q': 'q' } });
      driver.stream.serve();
      driver.nack(driver.next());
      expect(driver.settle()).toMatchObject([
        { put: { '80/p': 'p' }, removed: ['80/x'] },
        { put: { '80/q': 'q' }, removed: [] },
      ]);
    });
  });

  it('rule 6: sends the removals that stood beside a single culprit', () => {
    const driver = serving();
    driver.bench.change({ vhds: { '80/x': undefined, '80/p': 'bad' } });
    driver.stream.serve();
    driver.nack(driver.next());
    expect(driver.nacks).toMatchObject([{ names: ['80/p'], exact: true }]);
    expect(driver.settle()).toMatchObject([{ put: {}, removed: ['80/x'] }]);
  });

  it('rule 7: moves a domain from host to host in one response', () => {
    const driver = serving();
    driver.bench.change({ vhds: { '80/x': 'y', '80/y': 'x', '80/new': 'n' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ put: { '80/x': 'y', '80/y': 'x', '80/new': 'n' } }]);
  });

  it('rule 8: has one response in flight for each route configuration', () => {
    const driver = serving().subscribe('rds', '90');
    driver.settle();
    for (const body of ['1', '2', '3']) {
      driver.bench.change({ vhds: { '80/x': body, '90/x': body } });
      driver.stream.serve();
    }
    const [one, two] = [driver.next(), driver.next()];
    expect([one.put, two.put]).toEqual([{ '80/x': '1' }, { '90/x': '1' }]);
    expect(driver.inbox).toEqual([]);
    driver.ack(two);
    expect(driver.next().put).toEqual({ '90/x': '3' });
    expect(driver.inbox).toEqual([]);
    driver.ack(one);
    expect(driver.next().put).toEqual({ '80/x': '3' });
  });

  it('rule 10: sends a host after its new cluster is acknowledged, and removes the old one after the host', () => {
    const driver = serving();
    driver.bench.change({ vhds: { '80/x': 'to a' } }, { '80/x': ['a'] });
    driver.stream.serve();
    driver.settle();
    driver.bench.change({ cds: { a: undefined, b: 'B' }, vhds: { '80/x': 'to b' } }, { '80/x': ['b'] });
    driver.stream.serve();
    const clusters = driver.next();
    expect(clusters).toMatchObject({ type: 'cds', put: { b: 'B' } });
    expect(driver.inbox).toEqual([]);
    driver.ack(clusters);
    const hosts = driver.next();
    expect(hosts.put).toEqual({ '80/x': 'to b' });
    expect(driver.inbox).toEqual([]);
    driver.ack(hosts);
    expect(driver.settle()).toMatchObject([{ type: 'cds', removed: ['a'] }]);
  });

  it('waits with the first response of a route configuration until it is whole', () => {
    const driver = serving();
    driver.bench.change({ cds: { b: 'B' }, vhds: { '90/y': 'to b' } }, { '90/y': ['b'] });
    driver.stream.serve();
    const clusters = driver.next();
    driver.subscribe('rds', '90');
    expect(driver.next().type).toBe('rds');
    expect(driver.inbox).toEqual([]);
    driver.ack(clusters);
    expect(driver.settle()).toMatchObject([{ put: { '90/x': 'x9', '90/y': 'to b' } }]);
  });

  it('makes a route configuration live without the hosts whose cluster does not come', () => {
    const driver = serving();
    driver.bench.change({ cds: { b: 'B' }, vhds: { '90/y': 'to b' } }, { '90/y': ['b'] });
    driver.stream.serve();
    const clusters = driver.next();
    driver.subscribe('rds', '90');
    driver.next();
    driver.bench.clock = 5_000;
    driver.stream.serve();
    const partial = driver.next();
    expect(partial.put).toEqual({ '90/x': 'x9' });
    driver.ack(partial).ack(clusters);
    expect(driver.settle()).toMatchObject([{ put: { '90/y': 'to b' } }]);
  });

  it('keeps the hosts of a route configuration that is gone until the client drops it', () => {
    const driver = serving();
    driver.bench.change({
      lds: { l: undefined },
      rds: { 80: undefined },
      vhds: { '80/x': undefined, '80/y': undefined },
    });
    driver.stream.serve();
    expect(driver.settle().map(({ type, removed }) => [type, removed])).toEqual([
      ['lds', ['l']],
      ['rds', ['80']],
    ]);
    driver.unsubscribe('rds', '80');
    expect(driver.settle()).toMatchObject([{ type: 'vhds', removed: ['80/x', '80/y'] }]);
  });

  it('removes the hosts that did not come back with their route configuration', () => {
    const driver = serving();
    driver.bench.change({ rds: { 80: undefined }, vhds: { '80/x': undefined, '80/y': undefined } });
    driver.stream.serve();
    driver.settle();
    driver.bench.change({ rds: { 80: discovering('again') }, vhds: { '80/x': 'x', '80/z': 'z' } });
    driver.stream.serve();
    const received = driver.settle().filter(({ type }) => type === 'vhds');
    expect(received.flatMap(({ removed }) => removed)).toEqual(['80/y']);
    expect(Object.assign({}, ...received.map(({ put }) => put))).toMatchObject({ '80/z': 'z' });
  });

  it('answers a host that is asked for by name', () => {
    const driver = serving().subscribe('vhds', '80/x', '80/nobody', '90/x');
    const received = driver.settle();
    expect(received.flatMap(({ put }) => Object.keys(put))).toEqual(['80/x']);
    expect(received.flatMap(({ removed }) => removed).sort()).toEqual(['80/nobody', '90/x']);
  });
});
