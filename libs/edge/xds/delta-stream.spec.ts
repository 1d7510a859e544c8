import { Bench, DeltaDriver, discovering } from './testing/clients';

const made = { put: {}, removed: [] as string[] };

function serving(driver: DeltaDriver): DeltaDriver {
  driver.bench.change({
    cds: { a: 'A', b: 'B' },
    eds: { a: 'ea', b: 'eb' },
    lds: { l: 'L' },
    rds: { 80: discovering() },
  });
  driver.request('cds');
  driver.settle();
  driver.subscribe('eds', 'a', 'b');
  driver.settle();
  driver.request('lds');
  driver.settle();
  driver.subscribe('rds', '80');
  driver.settle();
  return driver;
}

describe('S1 delta: subscriptions', () => {
  it('answers a wildcard with everything, and an empty one with an empty response', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A', b: 'B' } });
    const driver = new DeltaDriver(bench).request('cds').request('lds');
    expect(driver.next()).toMatchObject({ type: 'cds', put: { a: 'A', b: 'B' }, removed: [] });
    expect(driver.next()).toMatchObject({ type: 'lds', ...made });
  });

  it('answers a type that the view does not know: a wildcard by nothing, names not at all', () => {
    const bench = new Bench();
    const view = { layers: new Map([...bench.view.layers].filter(([, [layer]]) => layer?.label === 'cds')) };
    const wild = new DeltaDriver(bench, view).request('lds');
    expect(wild.settle()).toMatchObject([{ type: 'lds', ...made }]);
    const named = new DeltaDriver(bench, view).subscribe('lds', 'x');
    expect(named.settle()).toEqual([]);
  });

  it('tells of names that do not exist, and sends them once they do', () => {
    const bench = new Bench();
    bench.change({ eds: { a: 'ea' } });
    const driver = new DeltaDriver(bench).subscribe('eds', 'a', 'x');
    expect(driver.settle()).toMatchObject([{ type: 'eds', put: { a: 'ea' }, removed: ['x'] }]);
    bench.change({ eds: { x: 'ex', y: 'ey' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ put: { x: 'ex' } }]);
  });

  it('always answers a name that is subscribed again', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.subscribe('eds', 'a');
    expect(driver.settle()).toMatchObject([{ type: 'eds', put: { a: 'ea' }, removed: [] }]);
  });

  it('gathers the hosts of a route configuration that are asked for again', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    const names = Array.from({ length: 100 }, (_, i) => `80/h${i}`);
    driver.bench.change({ vhds: Object.fromEntries(names.map((name) => [name, `to ${name}`])) });
    driver.request('vhds').settle();
    const before = driver.bench.shared.sets.work;
    driver.subscribe('vhds', ...names, '80/none');
    const [answer] = driver.settle();
    expect(Object.keys(answer?.put ?? {})).toHaveLength(100);
    expect(answer?.removed).toEqual(['80/none']);
    expect(driver.bench.shared.sets.work - before).toBeLessThan(500);
  });

  it('sends nothing of what is not subscribed any more', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.unsubscribe('eds', 'b');
    driver.bench.change({ eds: { a: 'ea2', b: 'eb2' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ put: { a: 'ea2' } }]);
  });

  it('widens names to all by `*`, and narrows again', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A', b: 'B' } });
    const driver = new DeltaDriver(bench).subscribe('cds', 'a');
    expect(driver.settle()).toMatchObject([{ put: { a: 'A' } }]);
    driver.subscribe('cds', '*');
    expect(driver.settle()).toMatchObject([{ put: { a: 'A', b: 'B' } }]);
    driver.unsubscribe('cds', '*');
    bench.change({ cds: { a: 'A2', b: 'B2' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ put: { a: 'A2' } }]);
  });

  it('sends one change as one resource, and nothing if the bytes are equal', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ lds: { l: 'L' } });
    driver.stream.serve();
    expect(driver.inbox).toEqual([]);
    driver.bench.change({ lds: { m: 'M' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ type: 'lds', put: { m: 'M' }, removed: [] }]);
    driver.bench.change({ lds: { l: undefined } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([{ type: 'lds', put: {}, removed: ['l'] }]);
  });

  it('ignores an unknown nonce, but not what the request subscribes', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ eds: { c: 'ec' } });
    driver.request('eds', {
      responseNonce: 'foreign',
      errorDetail: { message: 'no', code: 3 },
      resourceNamesSubscribe: ['c'],
    });
    expect(driver.nacks).toEqual([]);
    expect(driver.settle()).toMatchObject([{ put: { c: 'ec' } }]);
  });
});

describe('S1 delta: reconnects', () => {
  it('resends nothing that the client claims to have, and removes what is gone', () => {
    const first = serving(new DeltaDriver(new Bench()));
    const { bench } = first;
    const second = new DeltaDriver(bench);
    second.request('cds', { initialResourceVersions: { a: first.version('cds', 'a'), b: 'other', old: 'x' } });
    second.request('lds', { initialResourceVersions: { l: first.version('lds', 'l') } });
    second.request('rds', {
      resourceNamesSubscribe: ['80'],
      initialResourceVersions: { 80: first.version('rds', '80') },
    });
    expect(second.settle()).toMatchObject([{ type: 'cds', put: { b: 'B' }, removed: [] }]);
    // It never asks for virtual hosts: it has none that could point at the old cluster.
    bench.clock = 5_000;
    second.stream.serve();
    expect(second.settle()).toMatchObject([{ type: 'cds', put: {}, removed: ['old'] }]);
  });

  it('does not resend to a proxy that moved to another Pilot with the same resources', () => {
    const first = serving(new DeltaDriver(new Bench({ prefix: 'p-' })));
    const other = serving(new DeltaDriver(new Bench({ prefix: 'q-' })));
    const moved = new DeltaDriver(other.bench);
    const claims = { a: first.version('cds', 'a'), b: first.version('cds', 'b') };
    moved.request('cds', { initialResourceVersions: claims });
    expect(moved.inbox).toEqual([]);
  });

  it('sends endpoints and no routes to a client that came back with clusters that warm, and asks for none of them', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A' }, eds: { a: 'ea' }, rds: { 80: discovering() }, vhds: { '80/x': 'to a' } });
    const first = new DeltaDriver(bench).request('cds').subscribe('eds', 'a').request('lds').subscribe('rds', '80');
    first.request('vhds').settle();
    first.stream.end();
    bench.change({ cds: { b: 'B' }, eds: { b: 'eb' }, vhds: { '80/x': 'to b' } }, { '80/x': ['b'] });
    const claim = (type: 'eds' | 'lds' | 'rds' | 'vhds', names: string[], ...wanted: string[]) =>
      [type, { resourceNamesSubscribe: wanted, initialResourceVersions: versions(type, names) }] as const;
    const versions = (type: 'eds' | 'lds' | 'rds' | 'vhds', names: string[]) =>
      Object.fromEntries(names.map((name) => [name, first.version(type, name)]));
    const driver = new DeltaDriver(bench);
    driver.request(...claim('eds', ['a'], 'a'));
    driver.request(...claim('lds', []));
    driver.request(...claim('rds', ['80'], '80'));
    driver.request(...claim('vhds', ['80/x']));
    expect(driver.settle()).toMatchObject([
      { type: 'eds', put: { a: 'ea' } },
      { type: 'lds', put: {} },
    ]);
    expect(driver.stream.progress()).toEqual({ sent: 0, acked: 0 });
    driver.request('cds', { initialResourceVersions: { a: first.version('cds', 'a') } });
    const clusters = driver.next();
    expect(clusters).toMatchObject({ type: 'cds', put: { b: 'B' } });
    expect(driver.inbox).toEqual([]);
    driver.ack(clusters);
    expect(driver.settle()).toMatchObject([{ type: 'vhds', put: { '80/x': 'to b' } }]);
  });

  it('sends endpoints that the client claims where their cluster was sent anew before it asked for them', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A', b: 'B' }, eds: { a: 'ea', b: 'eb' } });
    const first = new DeltaDriver(bench).request('cds').subscribe('eds', 'a', 'b');
    first.settle();
    first.stream.end();
    bench.change({ cds: { a: 'A changed' } });
    const versions = (type: 'cds' | 'eds') => ({ a: first.version(type, 'a'), b: first.version(type, 'b') });
    const driver = new DeltaDriver(bench).request('cds', { initialResourceVersions: versions('cds') });
    driver.request('eds', { resourceNamesSubscribe: ['a', 'b'], initialResourceVersions: versions('eds') });
    // The client holds back the ACK of its clusters until the changed one has its endpoints.
    expect(driver.inbox).toMatchObject([
      { type: 'cds', put: { a: 'A changed' } },
      { type: 'eds', put: { a: 'ea' } },
    ]);
    expect(Object.keys(driver.inbox[1]!.put)).toEqual(['a']);
  });

  it('tells a changed cluster that it has no endpoints, so that it does not wait for them', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A' }, eds: {} });
    const driver = new DeltaDriver(bench).request('cds').subscribe('eds', 'a');
    driver.settle();
    bench.change({ cds: { a: 'A changed' } });
    driver.stream.serve();
    expect(driver.inbox).toMatchObject([
      { type: 'cds', put: { a: 'A changed' } },
      { type: 'eds', put: {}, removed: ['a'] },
    ]);
  });

  it('answers for endpoints of a cluster that warms and is gone, though a host at the client still uses it', () => {
    const bench = new Bench();
    bench.change(
      { cds: { a: 'A' }, eds: { a: 'ea' }, rds: { 80: discovering() }, vhds: { '80/x': 'to a' } },
      { '80/x': ['a'] },
    );
    const first = new DeltaDriver(bench).request('cds').subscribe('eds', 'a').request('lds').subscribe('rds', '80');
    first.request('vhds').settle();
    first.stream.end();
    bench.change(
      { cds: { a: undefined, b: 'B' }, eds: { a: undefined, b: 'eb' }, vhds: { '80/x': 'to b' } },
      { '80/x': ['b'] },
    );
    const driver = new DeltaDriver(bench);
    const claim = (type: 'eds' | 'rds' | 'vhds', name: string) => ({ [name]: first.version(type, name) });
    driver.request('eds', { resourceNamesSubscribe: ['a'], initialResourceVersions: claim('eds', 'a') });
    driver.request('lds');
    driver.request('rds', { resourceNamesSubscribe: ['80'], initialResourceVersions: claim('rds', '80') });
    driver.request('vhds', { initialResourceVersions: claim('vhds', '80/x') });
    // Only after this answer does Envoy ask for clusters, and only then can the host move.
    expect(driver.settle()).toContainEqual(expect.objectContaining({ type: 'eds', removed: ['a'] }));
  });
});

describe('S1 delta: collecting', () => {
  it('sends at once when nothing is in flight, and the newest at the ACK otherwise', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    for (const body of ['L1', 'L2', 'L3']) {
      driver.bench.change({ lds: { l: body } });
      driver.stream.serve();
    }
    const one = driver.next();
    expect(one.put).toEqual({ l: 'L1' });
    expect(driver.inbox).toEqual([]);
    driver.ack(one);
    expect(driver.settle()).toMatchObject([{ put: { l: 'L3' } }]);
  });

  it('goes on after the time-out', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ lds: { l: 'L1' } });
    driver.stream.serve();
    driver.next();
    driver.bench.change({ lds: { m: 'M' } });
    driver.bench.clock = 4_999;
    driver.stream.serve();
    expect(driver.inbox).toEqual([]);
    driver.bench.clock = 5_000;
    driver.stream.serve();
    expect(driver.next().put).toEqual({ m: 'M' });
  });

  it('keeps no queue for a reader that is behind', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.full = true;
    driver.bench.change({ lds: { l: 'L1' } });
    driver.stream.serve();
    const one = driver.next();
    driver.full = false;
    driver.ack(one);
    for (const body of ['L2', 'L3']) {
      driver.bench.change({ lds: { l: body }, cds: { a: body } });
      driver.stream.serve();
    }
    expect(driver.inbox).toEqual([]);
    driver.stream.drained();
    expect(driver.settle().map((received) => received.put)).toEqual([{ a: 'L3' }, { a: 'ea' }, { l: 'L3' }]);
  });

  it('sends the same buffer to every stream at the same state', () => {
    const bench = new Bench();
    const drivers = Array.from({ length: 5 }, () => serving(new DeltaDriver(bench)));
    const built = bench.shared.writer.built;
    const computed = bench.shared.parts.computed;
    bench.change({ lds: { l: 'L2' } });
    for (const driver of drivers) driver.stream.serve();
    expect(new Set(drivers.map((driver) => driver.next().nonce)).size).toBe(1);
    expect(bench.shared.writer.built - built).toBe(1);
    expect(bench.shared.parts.computed - computed).toBe(1);
  });
});

describe('S1 delta: make before break', () => {
  it('holds a resource, by name, until the cluster that it needs is acknowledged', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ cds: { c: 'C' }, lds: { needy: 'N', free: 'F' } }, { needy: ['c', 'nowhere'] });
    driver.stream.serve();
    const clusters = driver.next();
    expect(clusters.put).toEqual({ c: 'C' });
    const free = driver.next();
    expect(free.put).toEqual({ free: 'F' });
    driver.ack(free);
    expect(driver.inbox).toEqual([]);
    driver.ack(clusters);
    expect(driver.settle()).toMatchObject([{ type: 'lds', put: { needy: 'N' } }]);
  });

  it('holds back only what depends on clusters that stay unacknowledged', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ cds: { c: 'C' }, lds: { needy: 'N' } }, { needy: ['c'] });
    driver.stream.serve();
    const clusters = driver.next();
    driver.bench.clock = 6_000;
    driver.bench.change({ cds: { d: 'D' }, lds: { free: 'F' } });
    driver.stream.serve();
    expect(driver.inbox.map((received) => received.put)).toEqual([{ d: 'D' }, { free: 'F' }]);
    const later = driver.next();
    driver.ack(clusters).ack(later);
    expect(driver.settle().map((received) => received.put)).toEqual([{ free: 'F' }, { needy: 'N' }]);
  });

  it('follows a changed cluster with its endpoints, unchanged', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ cds: { a: 'A2' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([
      { type: 'cds', put: { a: 'A2' } },
      { type: 'eds', put: { a: 'ea' }, removed: [] },
    ]);
  });

  it('sends changed endpoints once when their cluster changed too', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ cds: { a: 'A2' }, eds: { a: 'ea2', b: 'eb2' } });
    driver.stream.serve();
    expect(driver.settle()).toMatchObject([
      { type: 'cds', put: { a: 'A2' } },
      { type: 'eds', put: { a: 'ea2', b: 'eb2' } },
    ]);
  });

  it('removes a cluster after the routes are acknowledged that used it, and its endpoints after it', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A', b: 'B' }, eds: { a: 'ea' }, lds: { l: 'to a' } }, { l: ['a'] });
    const driver = new DeltaDriver(bench).request('cds').subscribe('eds', 'a').request('lds');
    driver.settle();
    bench.change({ cds: { a: undefined }, eds: { a: undefined }, lds: { l: 'to b' } }, { l: ['b'] });
    driver.stream.serve();
    const listeners = driver.next();
    expect(listeners).toMatchObject({ type: 'lds', put: { l: 'to b' } });
    expect(driver.inbox).toEqual([]);
    driver.ack(listeners);
    const clusters = driver.next();
    expect(clusters).toMatchObject({ type: 'cds', put: {}, removed: ['a'] });
    expect(driver.inbox).toEqual([]);
    driver.ack(clusters);
    expect(driver.settle()).toMatchObject([{ type: 'eds', put: {}, removed: ['a'] }]);
  });

  it('swaps clusters under a listener: add, route, remove', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A' }, lds: { l: 'to a' } }, { l: ['a'] });
    const driver = new DeltaDriver(bench).request('cds').request('lds');
    driver.settle();
    bench.change({ cds: { a: undefined, b: 'B' }, lds: { l: 'to b' } }, { l: ['b'] });
    driver.stream.serve();
    expect(driver.inbox).toHaveLength(1);
    expect(driver.settle()).toMatchObject([
      { type: 'cds', put: { b: 'B' }, removed: [] },
      { type: 'lds', put: { l: 'to b' } },
      { type: 'cds', put: {}, removed: ['a'] },
    ]);
  });

  it('does not send what was removed and came back before the removal went out', () => {
    const bench = new Bench();
    bench.change({ cds: { a: 'A' }, lds: { l: '1' } });
    const driver = new DeltaDriver(bench).request('cds').request('lds');
    driver.settle();
    bench.change({ cds: { a: undefined }, lds: { l: '2' } });
    driver.stream.serve();
    bench.change({ cds: { a: 'A' } });
    driver.stream.serve();
    expect(driver.settle().map((received) => received.type)).toEqual(['lds']);
  });
});

describe('M6 delta: refusals', () => {
  it('does not take for a culprit what is left of a part because the client let go of the rest', () => {
    const bench = new Bench();
    bench.change({ rds: { r: 'R', s: 'S', t: 'T' } });
    const driver = new DeltaDriver(bench).request('cds').request('lds');
    driver.settle();
    driver.subscribe('rds', 'r', 's', 't').nack(driver.next(), 'bad');
    driver.ack(driver.next());
    const half = driver.next();
    expect(Object.keys(half.put)).toEqual(['s', 't']);
    driver.unsubscribe('rds', 't').nack(half, 'bad');
    expect(driver.settle()).toMatchObject([{ type: 'rds', put: { s: 'S' } }]);
    expect(driver.nacks.filter(({ exact }) => exact)).toEqual([]);
    expect(driver.stream.refusals()).toEqual([]);
  });

  it('forgets what was refused when the client no longer asked for it', () => {
    const bench = new Bench();
    bench.change({ rds: { r: 'R' } });
    const driver = new DeltaDriver(bench).request('cds').request('lds');
    driver.settle();
    driver.subscribe('rds', 'r').unsubscribe('rds', 'r').nack(driver.next(), 'bad');
    expect(driver.stream.refusals()).toEqual([]);
  });

  it('forgets what was refused and is gone', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ lds: { bad: 'x' } });
    driver.stream.serve();
    driver.nack(driver.next());
    expect(driver.stream.refusals()).toMatchObject([{ name: 'bad' }]);
    driver.bench.change({ lds: { bad: undefined } });
    driver.stream.serve();
    driver.settle();
    expect(driver.stream.refusals()).toEqual([]);
  });
});

describe('M6 delta: progress', () => {
  it('waits for another version of a refused cluster, on which something waits', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    driver.bench.change({ cds: { c: 'bad' } });
    driver.stream.serve();
    driver.nack(driver.next(), 'c: bad');
    driver.bench.change({ cds: { d: 'D' } });
    driver.stream.serve();
    const inFlight = driver.next();
    // Nothing of clusters can be sent now, so the listener is held back; others are not.
    const held = driver.bench.change({ cds: { c: 'good' }, lds: { needy: 'N' } }, { needy: ['c'] });
    driver.stream.serve();
    const tick = driver.bench.change({ lds: { free: 'F' } });
    driver.stream.serve();
    const free = driver.next();
    driver.ack(inFlight);
    expect(driver.inbox).toMatchObject([{ type: 'cds', put: { c: 'good' } }]);
    expect(driver.stream.progress().sent).toBeLessThan(held);
    driver.ack(free);
    expect(driver.settle()).toMatchObject([
      { type: 'cds', put: { c: 'good' } },
      { type: 'lds', put: { needy: 'N' } },
    ]);
    expect(driver.stream.progress()).toEqual({ sent: tick, acked: tick });
  });

  it('counts what is held, in flight and refused', () => {
    const driver = serving(new DeltaDriver(new Bench()));
    const start = driver.bench.shared.tick;
    expect(driver.stream.progress()).toEqual({ sent: start, acked: start });
    const tick = driver.bench.change({ cds: { c: 'C' }, lds: { needy: 'N' } }, { needy: ['c'] });
    driver.stream.serve();
    expect(driver.stream.progress()).toEqual({ sent: start, acked: start });
    driver.ack(driver.next());
    expect(driver.stream.progress()).toEqual({ sent: tick, acked: start });
    driver.nack(driver.next());
    expect(driver.nacks).toMatchObject([{ names: ['needy'], exact: true, tick }]);
    expect(driver.stream.progress()).toEqual({ sent: tick, acked: tick });
    driver.bench.shared.tick++;
    expect(driver.stream.progress()).toEqual({ sent: tick + 1, acked: tick + 1 });
  });
});
