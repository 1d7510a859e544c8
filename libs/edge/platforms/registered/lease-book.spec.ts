import { decodeLease, encodeLease, leaseKey, type Lease } from './lease';
import { LeaseBook } from './lease-book';

const ttl = 30_000;

function lease(uid: string, over: Partial<Lease> = {}): Lease {
  return {
    format: 1,
    uid,
    cluster: 'Kubernetes',
    network: '',
    locality: '',
    namespace: 'default',
    name: uid,
    serviceAccount: 'reviews',
    address: '10.0.0.1',
    ports: { http: 9080 },
    labels: { app: 'reviews' },
    weight: 1,
    health: 'healthy',
    renewedAt: 0,
    ...over,
  };
}

function bookOf(uids: string[]) {
  const clock = { now: 1_000_000 };
  const book = new LeaseBook({
    ttlMs: ttl,
    now: () => clock.now,
    servicesOf: (workload) => [workload.labels.app ?? ''],
  });
  let revision = 0;
  const put = (uid: string, over: Partial<Lease> = {}): void => {
    book.put(uid, lease(uid, over), ++revision);
  };
  book.connected();
  for (const uid of uids) put(uid);
  return { book, clock, put };
}

const ended = (book: LeaseBook): string[] => book.judge().map(({ key }) => key);

describe('leases of workloads', () => {
  test('a renewal is no change of the model, a new label is', () => {
    const { book, put } = bookOf(['a']);
    expect(book.take()?.put.map(({ uid }) => uid)).toEqual(['default/a']);
    put('a', { renewedAt: 77 });
    expect(book.take()).toBeUndefined();
    put('a', { labels: { app: 'reviews', version: 'v2' } });
    expect(book.take()?.put[0]?.labels).toEqual({ app: 'reviews', version: 'v2' });
  });

  test('a lease ends when nobody renewed it for its whole life', () => {
    const { book, clock, put } = bookOf(['a', 'b', 'c']);
    clock.now += ttl - 1;
    put('a');
    put('b');
    expect(ended(book)).toEqual([]);
    clock.now += 1;
    expect(ended(book)).toEqual(['c']);
  });

  test('times that another wrote do not count: clocks differ', () => {
    const { book, clock, put } = bookOf(['a', 'b']);
    clock.now += ttl - 1;
    put('a', { renewedAt: -1e12 });
    put('b', { renewedAt: -1e12 });
    clock.now += 1;
    expect(ended(book)).toEqual([]);
  });

  test('a break in the connection gives everybody a whole life again', () => {
    const { book, clock, put } = bookOf(['a', 'b', 'c']);
    clock.now += ttl * 3;
    book.disconnected();
    expect(ended(book)).toEqual([]);
    clock.now += ttl * 3;
    book.connected();
    expect(ended(book)).toEqual([]);
    clock.now += ttl - 1;
    put('a');
    put('b');
    expect(ended(book)).toEqual([]);
    clock.now += 1;
    expect(ended(book)).toEqual(['c']);
  });

  test('a gap in observation counts as a break', () => {
    const { book, clock, put } = bookOf(['a', 'b', 'c']);
    clock.now += ttl;
    put('a');
    put('b');
    book.interrupted();
    expect(ended(book)).toEqual([]);
  });

  test('more than half of a service is kept and reported', () => {
    const { book, clock, put } = bookOf(['a', 'b', 'c']);
    clock.now += ttl - 1;
    put('a');
    clock.now += 1;
    expect(ended(book)).toEqual([]);
    expect(book.kept).toEqual([
      { key: 'b', uid: 'default/b', service: 'reviews', silent: 2, members: 3 },
      { key: 'c', uid: 'default/c', service: 'reviews', silent: 2, members: 3 },
    ]);
    put('b');
    expect(ended(book)).toEqual(['c']);
    expect(book.kept).toEqual([]);
  });

  test('a partition takes no service down one by one, though its leases run out one after another', () => {
    const { book, clock, put } = bookOf([]);
    const uids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const uid of uids) {
      put(uid);
      clock.now += ttl / 18;
    }
    put('f');
    for (let step = 0; step < 20; step++) {
      clock.now += ttl / 10;
      put('f');
      for (const ending of book.judge()) {
        book.endedByJudgement(ending);
        book.remove(ending.key, 1000 + step);
      }
    }
    expect(book.size).toBe(6);
  });

  test('what ended a moment ago counts against the next ones', () => {
    const { book, clock, put } = bookOf(['a', 'b', 'c', 'd']);
    clock.now += ttl - 1;
    for (const uid of ['b', 'c', 'd']) put(uid);
    clock.now += 1;
    const [first] = book.judge();
    expect(first?.key).toBe('a');
    book.endedByJudgement(first!);
    book.remove('a', 99);
    clock.now += ttl * 0.6;
    put('d');
    clock.now += ttl * 0.4;
    // Of the four, one ended a life ago and two are silent now.
    expect(ended(book)).toEqual([]);
  });

  test('a workload that stands behind no service ends like any other', () => {
    const clock = { now: 0 };
    const book = new LeaseBook({ ttlMs: ttl, now: () => clock.now, servicesOf: () => [] });
    book.connected();
    book.put('a', lease('a'), 1);
    clock.now = ttl;
    expect(ended(book)).toEqual(['a']);
  });

  test('an ended lease is told as removed, by a uid that carries its namespace', () => {
    const { book } = bookOf(['a']);
    book.take();
    book.remove('a', 9);
    expect(book.take()).toEqual({ put: [], remove: ['default/a'] });
    expect(book.sequence).toBe(9);
  });
});

describe('the stored form of a lease', () => {
  test('format 1 is read back; what is not format 1 is not', () => {
    const text = encodeLease(lease('vm-7/reviews'), 123);
    expect(text).toBe(
      '{"format":1,"uid":"vm-7/reviews","cluster":"Kubernetes","network":"","locality":"","namespace":"default",' +
        '"name":"vm-7/reviews","serviceAccount":"reviews","address":"10.0.0.1","ports":{"http":9080},' +
        '"labels":{"app":"reviews"},"weight":1,"health":"healthy","renewedAt":123}',
    );
    expect(decodeLease(text)).toEqual(lease('vm-7/reviews', { renewedAt: 123 }));
    expect(decodeLease(text.replace('"format":1', '"format":2'))).toBeUndefined();
    expect(decodeLease(text.replace('9080', '"9080"'))).toBeUndefined();
    expect(decodeLease('{')).toBeUndefined();
  });

  test('keys hold what the store takes, whatever the uid', () => {
    expect(leaseKey('default', 'vm~7:reviews')).toMatch(/^default\.[0-9a-f]{32}$/);
    expect(leaseKey('default', 'a')).not.toBe(leaseKey('default', 'b'));
  });
});
