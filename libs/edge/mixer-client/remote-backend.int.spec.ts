import { status } from '@grpc/grpc-js';
import { globalWords, type Attribute, type Attributes } from '@keelson/core/attributes';
import { createLog, GrpcError, SettableIdentity } from '@keelson/edge/service';
import { LogSink, TrialAuthority } from '@keelson/edge/service/testing';
import { RemoteBackend } from '.';
import type { PolicyDecision } from './backend';
import type { RemoteBackendOptions } from './remote-backend';
import { PlainMixer } from './testing/plain-mixer';

const log = createLog('test', 'silent');

function attributes(values: Record<string, string>): Attributes {
  return new Map(Object.entries(values).map(([name, value]): [string, Attribute] => [name, { type: 'STRING', value }]));
}

/** Without waiting long. */
const retries = (maxRetry: number) => ({ retry: { maxRetry, baseRetryWaitMs: 1, maxRetryWaitMs: 5 } });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('Mixer over a real connection', () => {
  let mixer: PlainMixer;
  const backends: RemoteBackend[] = [];

  function backend(options: Partial<RemoteBackendOptions> = {}): RemoteBackend {
    const made = new RemoteBackend({ address: mixer.address, log, ...options });
    backends.push(made);
    return made;
  }

  const ask = async (client: RemoteBackend, values: Record<string, string>): Promise<PolicyDecision> =>
    client.check({ attributes: attributes(values) });
  const path = (value: string): Record<string, string> => ({ 'request.path': value });

  beforeEach(async () => {
    mixer = new PlainMixer();
    await mixer.start();
  });

  afterEach(async () => {
    await Promise.all(backends.splice(0).map((each) => each.close()));
    await mixer.stop();
  });

  describe('S40 checks', () => {
    it('asks once, then answers by what the answer depended on', async () => {
      mixer.onCheck = (told) => ({
        code: told['request.path'] === '/a' ? 0 : 7,
        message: 'not there',
        references: ['request.path', 'source.name'],
      });
      const client = backend();
      const seen = [];
      for (const values of [path('/a'), { ...path('/a'), 'request.method': 'PUT' }, path('/b'), path('/b')])
        seen.push(await ask(client, values));
      expect(seen.map(({ answer, checkCacheHit }) => [answer.code, answer.message, checkCacheHit])).toEqual([
        [0, 'not there', false],
        [0, 'not there', true],
        [7, 'not there', false],
        [7, 'not there', true],
      ]);
      expect(mixer.checks.length).toBe(2);
      expect(client.counters).toMatchObject({ checks: 4, checkCacheHits: 2, denials: 2, checkCalls: 2 });
    });

    it('asks once for requests that come at the same time and are alike in what answers depend on', async () => {
      mixer.onCheck = () => ({ references: ['request.path'] });
      const client = backend();
      await ask(client, path('/a'));
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => ask(client, { ...path('/b'), 'request.id': String(i) })),
      );
      expect(all.map(({ answer }) => answer.code)).toEqual(all.map(() => 0));
      expect(mixer.checks.length).toBe(2);
    });

    it('asks for each of them where answers turn out to depend on more', async () => {
      mixer.onCheck = (told) => ({
        code: told['request.id'] === '3' ? 7 : 0,
        references: told['request.path'] === '/a' ? ['request.path'] : ['request.path', 'request.id'],
      });
      const client = backend();
      await ask(client, path('/a'));
      const all = await Promise.all(
        Array.from({ length: 5 }, (_, i) => ask(client, { ...path('/b'), 'request.id': String(i) })),
      );
      expect(all.map(({ answer }) => answer.code)).toEqual([0, 0, 0, 7, 0]);
    });

    it('asks each time where the answer has no references', async () => {
      mixer.onCheck = () => ({ references: undefined });
      const client = backend();
      for (let i = 0; i < 3; i++) await ask(client, path('/a'));
      expect(mixer.checks.length).toBe(3);
    });

    it('speaks to a Mixer that knows fewer words', async () => {
      mixer.onCheck = ({ 'destination.service.host': host }, _, { globalWordCount = 0 }) => {
        const known = 100;
        if (globalWordCount > known)
          throw new GrpcError(
            status.INTERNAL,
            `inconsistent global dictionary versions used: mixer knows ${known} words, caller knows ${globalWordCount}`,
          );
        return { code: host === 'a' ? 7 : 0 };
      };
      const client = backend();
      expect((await ask(client, { 'destination.service.host': 'a' })).answer.code).toBe(7);
      await ask(client, { 'destination.service.host': 'b' });
      expect(mixer.checks.map(({ globalWordCount }) => globalWordCount)).toEqual([globalWords.length, 100]);
      expect(client.counters).toMatchObject({ checkFailures: 0 });
    });

    it('shows its certificate, and trusts only the Mixer that it was told of', async () => {
      await mixer.stop();
      const authority = new TrialAuthority();
      await mixer.start(new SettableIdentity(authority.material('istio-system/mixer')));
      const identity = new SettableIdentity(authority.material('shop/ratings'));
      const options = { address: `localhost:${mixer.port}`, identity };
      const trusting = backend({ ...options, serverId: 'spiffe://cluster.local/ns/istio-system/sa/mixer' });
      expect((await ask(trusting, path('/a'))).answer.code).toBe(0);
      const other = backend({ ...options, serverId: 'spiffe://cluster.local/ns/istio-system/sa/other' });
      await expect(ask(other, path('/a'))).rejects.toMatchObject({ code: status.UNAVAILABLE });
      expect(mixer.checks.length).toBe(1);
    });
  });

  describe('S41 S13 quotas', () => {
    const take = async (client: RemoteBackend, quotas: Record<string, number> = { q: 1 }, values = path('/a')) => {
      const asked = Object.entries(quotas).map(([name, amount]) => [name, { amount, bestEffort: false }] as const);
      return client.check({ attributes: attributes(values), quotas: new Map(asked) });
    };

    /** Grants at most so much in all, as much of it as there is, or all or nothing. */
    function limited(limit: number, validMs = 60_000): { granted: number } {
      const state = { granted: 0 };
      const ids = new Map<string, number>();
      mixer.onCheck = (_, asked, { deduplicationId = '', quotas = {} }) => {
        const amount = asked['q'] ?? 0;
        const left = limit - state.granted;
        const given = ids.get(deduplicationId) ?? (left >= amount ? amount : quotas['q']?.bestEffort ? left : 0);
        if (!ids.has(deduplicationId)) state.granted += given;
        ids.set(deduplicationId, given);
        return { references: ['request.path'], quotas: { q: { amount: given, validMs } } };
      };
      return state;
    }

    it('lets N pass and refuses the next, with few calls', async () => {
      limited(25);
      const client = backend();
      const codes: number[] = [];
      for (let i = 0; i < 40; i++) codes.push((await take(client)).answer.code);
      expect(codes).toEqual([...Array<number>(25).fill(0), ...Array<number>(15).fill(status.RESOURCE_EXHAUSTED)]);
      expect(mixer.checks.length).toBeLessThan(10);
      expect(client.counters).toMatchObject({ quotaChecks: 40, denials: 15 });
      const { answer, quotaCacheHit } = await take(client);
      expect(answer.message).toBe('Quota is exhausted for: q');
      expect(quotaCacheHit).toBe(true);
    });

    it('lets N of many at the same time pass', async () => {
      limited(30);
      const client = backend();
      await take(client);
      const all = await Promise.all(Array.from({ length: 50 }, () => take(client)));
      expect(all.filter(({ answer }) => answer.code === 0).length).toBe(29);
    });

    it('never lets more than N pass through two proxies that ask ahead', async () => {
      const state = limited(40);
      const [one, two] = [backend(), backend()];
      let passed = 0;
      for (let i = 0; i < 60; i++) if ((await take(i % 2 === 0 ? one : two)).answer.code === 0) passed++;
      expect(passed).toBeLessThanOrEqual(40);
      expect(passed).toBeGreaterThan(20);
      expect(state.granted).toBe(40);
    });

    it('lets exactly N pass through two proxies that cannot, as grants are valid for no time', async () => {
      limited(15, 0);
      const [one, two] = [backend(), backend()];
      const codes: number[] = [];
      for (let i = 0; i < 20; i++) codes.push((await take(i % 2 === 0 ? one : two)).answer.code);
      expect(codes).toEqual([...Array<number>(15).fill(0), ...Array<number>(5).fill(status.RESOURCE_EXHAUSTED)]);
      expect(mixer.checks.map(({ quotas }) => quotas?.['q'])).toEqual(
        mixer.checks.map(() => ({ amount: 1, bestEffort: false })),
      );
    });

    it('asks again some time after it was refused', async () => {
      const state = limited(1);
      const client = backend({ prefetch: { minAmount: 10, windowMs: 1_000, closeWaitMs: 20 } });
      expect((await take(client)).answer.code).toBe(0);
      expect((await take(client)).answer.code).toBe(status.RESOURCE_EXHAUSTED);
      state.granted = 0;
      await new Promise((resolve) => setTimeout(resolve, 25));
      expect((await take(client)).answer.code).toBe(0);
    });

    it('keeps quotas apart by what they depend on', async () => {
      const left: Record<string, number> = { ann: 3, bob: 5 };
      mixer.onCheck = ({ 'request.useragent': user }, asked, { quotas = {} }) => {
        const name = typeof user === 'string' ? user : '';
        const there = left[name] ?? 0;
        const wanted = asked['q'] ?? 0;
        const amount = there >= wanted || quotas['q']?.bestEffort ? Math.min(there, wanted) : 0;
        left[name] = there - amount;
        return { references: ['request.path'], quotas: { q: { amount, references: ['request.useragent'] } } };
      };
      const client = backend();
      const passed: Record<string, number> = { ann: 0, bob: 0 };
      for (let i = 0; i < 16; i++) {
        const user = i % 2 === 0 ? 'ann' : 'bob';
        const { answer } = await take(client, { q: 1 }, { ...path('/a'), 'request.useragent': user });
        if (answer.code === 0) passed[user]!++;
      }
      expect(passed).toEqual({ ann: 3, bob: 5 });
    });

    it('takes no quota for what is denied', async () => {
      mixer.onCheck = () => ({ code: 7, references: ['request.path'] });
      const client = backend();
      await take(client);
      const { answer, quotaCacheHit } = await take(client);
      expect([answer.code, quotaCacheHit]).toEqual([7, undefined]);
      expect(client.counters).toMatchObject({ quotaChecks: 0, checkCalls: 1 });
    });

    it('gives back what it drew for a request that another quota refused', async () => {
      mixer.onCheck = (_, asked) => ({
        references: ['request.path'],
        quotas: { q: { amount: asked['q'] ?? 0 }, other: { amount: 0 } },
      });
      const client = backend();
      // The first call makes the pool, the second fills it.
      for (let i = 0; i < 2; i++) await take(client);
      const calls = mixer.checks.length;
      for (let i = 0; i < 30; i++)
        expect((await take(client, { q: 1, other: 1 })).answer.message).toBe('Quota is exhausted for: other');
      expect(mixer.checks.slice(calls).filter(({ quotas }) => quotas?.['q'] !== undefined)).toEqual([]);
    });

    it('uses one id for all attempts of a call, and another for each call', async () => {
      const limits = limited(100, 0);
      const { onCheck } = mixer;
      let calls = 0;
      mixer.onCheck = async (...given) => {
        const reply = await onCheck(...given);
        if (calls++ % 2 === 0) throw new GrpcError(status.UNAVAILABLE, 'lost on the way');
        return reply;
      };
      const client = backend({ transport: retries(1) });
      for (let i = 0; i < 3; i++) expect((await take(client)).answer.code).toBe(0);
      const ids = mixer.checks.map(({ deduplicationId }) => deduplicationId);
      expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 2, 2, 4, 4]);
      expect(limits.granted).toBe(3);
    });
  });

  describe("S40 a change of Mixer's configuration", () => {
    beforeEach(async () => {
      await mixer.stop();
      mixer.version = '1';
      await mixer.start();
    });

    const changes = (client: RemoteBackend, count: number): Promise<void> =>
      until(() => client.counters.policyChanges >= count);

    it('ends what it had answered before', async () => {
      mixer.onCheck = () => ({ references: ['request.path'] });
      const client = backend();
      await changes(client, 1);
      await ask(client, path('/a'));
      expect(await ask(client, path('/a'))).toMatchObject({ answer: { code: 0 }, checkCacheHit: true });
      mixer.onCheck = () => ({ code: 7, references: ['request.path'] });
      mixer.change('2');
      await changes(client, 2);
      expect(await ask(client, path('/a'))).toMatchObject({ answer: { code: 7 }, checkCacheHit: false });
    });

    it('ends what it had granted ahead', async () => {
      const quotas = new Map([['q', { amount: 1, bestEffort: false }]]);
      const take = async (): Promise<number> =>
        (await client.check({ attributes: attributes(path('/a')), quotas })).answer.code;
      const client = backend();
      await changes(client, 1);
      for (let i = 0; i < 3; i++) expect(await take()).toBe(0);
      mixer.onCheck = () => ({ quotas: { q: { amount: 0 } } });
      mixer.change('2');
      await changes(client, 2);
      expect(await take()).toBe(status.RESOURCE_EXHAUSTED);
    });

    it('lets no answer stay that was asked for before and comes after', async () => {
      const asked: ((value?: unknown) => void)[] = [];
      mixer.onCheck = async () => {
        await new Promise((resolve) => asked.push(resolve));
        return { references: ['request.path'] };
      };
      const client = backend();
      await changes(client, 1);
      const first = ask(client, path('/a'));
      while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      mixer.change('2');
      await changes(client, 2);
      asked[0]?.();
      expect((await first).answer.code).toBe(0);
      mixer.onCheck = () => ({ code: 7, references: ['request.path'] });
      expect(await ask(client, path('/a'))).toMatchObject({ answer: { code: 7 }, checkCacheHit: false });
    });

    it('is none if the same is told again, or a Mixer came back with it', async () => {
      mixer.onCheck = () => ({ references: ['request.path'] });
      const client = backend();
      await changes(client, 1);
      await ask(client, path('/a'));
      mixer.change('1');
      await mixer.stop();
      const watched = mixer.watched;
      await mixer.start();
      await mixer.until(() => mixer.watched > watched);
      await ask(client, path('/b'));
      expect(await ask(client, path('/a'))).toMatchObject({ checkCacheHit: true });
      expect(client.counters.policyChanges).toBe(1);
    });

    it('is not told by every Mixer: answers then hold as long as they say', async () => {
      await mixer.stop();
      mixer.version = undefined;
      await mixer.start();
      mixer.onCheck = () => ({ references: ['request.path'] });
      const client = backend();
      await ask(client, path('/a'));
      expect(await ask(client, path('/a'))).toMatchObject({ checkCacheHit: true });
      expect(client.counters).toMatchObject({ policyChanges: 0, checkFailures: 0 });
    });
  });

  describe('failures', () => {
    const away = 'Mixer could not be asked whether the request may pass: ';
    const undecided = 'Mixer could not decide whether the request may pass: ';
    const told = (sink: LogSink, message: string): unknown[] =>
      sink.lines.filter(({ msg }) => msg === message).map(({ reason }) => reason);

    it('S40 decides on nothing while Mixer is away, serves what it knows, and comes back', async () => {
      mixer.onCheck = () => ({ references: ['request.path'] });
      const sink = new LogSink();
      const client = backend({ log: sink.log });
      await ask(client, path('/known'));
      await mixer.stop();
      for (let i = 0; i < 3; i++)
        await expect(ask(client, path('/new'))).rejects.toMatchObject({
          code: status.UNAVAILABLE,
          message: expect.stringContaining(away) as string,
        });
      expect(await ask(client, path('/known'))).toMatchObject({ answer: { code: 0 }, checkCacheHit: true });
      expect(client.counters).toMatchObject({ checks: 5, failures: 3, denials: 0, checkFailures: 3 });
      expect(told(sink, 'Mixer does not answer checks')).toHaveLength(1);
      await mixer.start();
      for (;;) {
        const decision = await ask(client, path('/new')).catch(() => undefined);
        if (decision?.answer.code === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await ask(client, path('/other'));
      expect(told(sink, 'Mixer answers again')).toHaveLength(1);
    });

    it.each([status.INTERNAL, status.UNKNOWN, status.RESOURCE_EXHAUSTED, status.INVALID_ARGUMENT])(
      'S40 takes a call that ends with %d for a failure, which is no outage and comes again if it is asked again',
      async (code) => {
        mixer.onCheck = () => {
          throw new GrpcError(code, 'performing check operation failed');
        };
        const sink = new LogSink();
        const client = backend({ log: sink.log, transport: retries(3) });
        for (let i = 0; i < 3; i++)
          await expect(ask(client, path('/a'))).rejects.toMatchObject({
            code,
            message: `${undecided}performing check operation failed`,
          });
        expect(mixer.checks.length).toBe(3);
        expect(sink.lines.map(({ msg, reason }) => [msg, reason])).toEqual([
          ['Mixer could not decide on a request', 'performing check operation failed'],
        ]);
        expect(client.counters).toMatchObject({ failures: 3, denials: 0 });
      },
    );

    it('S40 logs a failure to decide again when it is another', async () => {
      let reason = 'one';
      mixer.onCheck = () => {
        throw new GrpcError(status.INTERNAL, reason);
      };
      const sink = new LogSink();
      const client = backend({ log: sink.log });
      for (reason of ['one', 'one', 'two', 'two']) await expect(ask(client, path('/a'))).rejects.toThrow(reason);
      expect(told(sink, 'Mixer could not decide on a request')).toEqual(['one', 'two']);
    });

    it('S40 takes an answer with such a code for a denial', async () => {
      mixer.onCheck = () => ({ code: status.INTERNAL, message: 'no', references: ['request.path'] });
      const client = backend();
      expect((await ask(client, path('/a'))).answer).toMatchObject({ code: status.INTERNAL, message: 'no' });
      expect(client.counters).toMatchObject({ failures: 0, denials: 1 });
    });

    it.each([status.UNAVAILABLE, status.DEADLINE_EXCEEDED])(
      'S40 tries again after %d, as often as it was told to',
      async (code) => {
        let left = 3;
        mixer.onCheck = () => {
          if (left-- > 0) throw new GrpcError(code, 'too many calls wait for adapters');
          return { references: ['request.path'] };
        };
        const client = backend({ transport: retries(2) });
        await expect(ask(client, path('/a'))).rejects.toMatchObject({
          code,
          message: `${away}too many calls wait for adapters`,
        });
        expect(mixer.checks.length).toBe(3);
        expect(client.counters.checkFailures).toBe(1);
        // While Mixer is away, one try each.
        left = 1;
        await expect(ask(client, path('/a'))).rejects.toMatchObject({ code });
        expect((await ask(client, path('/a'))).answer.code).toBe(0);
        expect(mixer.checks.length).toBe(5);
        left = 2;
        expect((await ask(client, path('/b'))).answer.code).toBe(0);
        expect(mixer.checks.length).toBe(8);
        expect(client.counters.checkFailures).toBe(2);
      },
    );

    it('S40 does not wait for ever for a Mixer that says nothing', async () => {
      mixer.onCheck = () => new Promise(() => undefined);
      const client = backend({ transport: { checkTimeoutMs: 50, ...retries(5) } });
      await expect(ask(client, path('/a'))).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    });

    it('S40 tells all who wait for one answer that Mixer is away', async () => {
      mixer.onCheck = ({ 'request.path': asked }) => {
        if (asked === '/b') throw new GrpcError(status.UNAVAILABLE, 'no database');
        return { references: ['request.path'] };
      };
      const client = backend({ transport: retries(0) });
      await ask(client, path('/a'));
      const all = await Promise.allSettled(Array.from({ length: 5 }, () => ask(client, path('/b'))));
      expect(all.map((each) => (each.status === 'rejected' ? String(each.reason) : each.status))).toEqual(
        all.map(() => `Error: ${away}no database`),
      );
      expect(mixer.checks.length).toBe(2);
      expect(client.counters).toMatchObject({ failures: 5, checkFailures: 1 });
      // As long as it is away, one call asks for all of them.
      await Promise.allSettled(Array.from({ length: 5 }, () => ask(client, path('/b'))));
      expect(mixer.checks.length).toBe(3);
    });

    it('S40 decides on a request although another on which Mixer cannot decide looked like it', async () => {
      // By the answer to /a requests are alike whose path is; Mixer looks at the user only where the path is /b.
      mixer.onCheck = async ({ 'request.path': asked, 'source.user': user }) => {
        if (asked !== '/b') return { references: ['request.path'] };
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (user === 'garbage') throw new GrpcError(status.INTERNAL, 'no address');
        return { code: user === 'mallory' ? 7 : 0, references: ['request.path', 'source.user'] };
      };
      const client = backend();
      const of = (user: string): Record<string, string> => ({ ...path('/b'), 'source.user': user });
      await ask(client, path('/a'));
      for (let round = 0; round < 3; round++) {
        const attack = ask(client, of('garbage')).catch((error: unknown) => (error as Error).message);
        const [alice, mallory] = await Promise.all([ask(client, of('alice')), ask(client, of('mallory'))]);
        expect([alice.answer.code, mallory.answer.code, await attack]).toEqual([0, 7, `${undecided}no address`]);
      }
      expect(client.counters).toMatchObject({ failures: 3, denials: 3 });
    });

    it('S41 does not decide on a request whose quota nobody can tell, and gives back what it drew of others', async () => {
      mixer.onCheck = (_, asked) => ({ references: ['request.path'], quotas: { q: { amount: asked['q'] ?? 0 } } });
      const take = (...names: string[]) =>
        client.check({
          attributes: attributes(path('/a')),
          quotas: new Map(names.map((name) => [name, { amount: 1, bestEffort: false }])),
        });
      const client = backend();
      // The first call makes the pool, the second fills it with ten, of which it takes one.
      for (let i = 0; i < 2; i++) await take('q');
      await mixer.stop();
      for (let i = 0; i < 20; i++) await expect(take('q', 'other')).rejects.toMatchObject({ code: status.UNAVAILABLE });
      expect(client.counters).toMatchObject({ failures: 20, quotaChecks: 2, denials: 0 });
      for (let i = 0; i < 9; i++) expect(await take('q')).toMatchObject({ answer: { code: 0 }, quotaCacheHit: true });
    });
  });

  describe('S42 reports', () => {
    const record = (id: number, more: Record<string, string> = {}): Attributes =>
      new Map([...attributes(more), ['destination.port', { type: 'INT64', value: id }]]);
    const ids = (): unknown[] => mixer.reports.map((told) => told['destination.port']);
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

    it('sends batches of which each record tells what differs', async () => {
      const client = backend({ transport: { reportBatchMaxEntries: 10, reportBatchMaxTimeMs: 20 } });
      client.report(
        upTo(25).map((id) => record(id, { 'source.name': id < 12 ? 'a' : 'b', ...(id % 3 && path('/x')) })),
      );
      await mixer.until(() => mixer.reports.length === 25);
      expect(mixer.reportSizes).toEqual([10, 10, 5]);
      expect(mixer.reports).toEqual(
        upTo(25).map((id) => ({
          'destination.port': id,
          'source.name': id < 12 ? 'a' : 'b',
          ...(id % 3 && { 'request.path': '/x' }),
        })),
      );
    });

    it('sends what came while Mixer was away when it is back', async () => {
      const sink = new LogSink();
      const client = backend({ log: sink.log, transport: { reportBatchMaxTimeMs: 10 }, maxQueuedReports: 50 });
      client.report([record(0)]);
      await until(() => client.counters.reportsSent === 1);
      await mixer.stop();
      client.report(upTo(60).map((id) => record(id + 1)));
      expect(client.counters).toMatchObject({ reports: 61, reportsSent: 1, reportsDropped: 10 });
      await sink.line('Mixer cannot be told of requests');
      await mixer.start();
      await until(() => client.counters.reportsSent === 51);
      expect(ids()).toEqual([0, ...upTo(50).map((id) => id + 11)]);
    });

    it('sends no call that is larger than Mixer takes', async () => {
      const client = backend({ transport: { reportBatchMaxTimeMs: 10 } });
      client.report(upTo(30).map((id) => record(id, { 'request.path': `/${String(id).padEnd(100_000, 'x')}` })));
      await mixer.until(() => mixer.reports.length === 30);
      expect(ids()).toEqual(upTo(30));
      expect(mixer.reportSizes.length).toBeGreaterThan(2);
    });

    it('loses no record for the sake of one that is wrong', async () => {
      const client = backend({ transport: { reportBatchMaxTimeMs: 10 } });
      const wrong = new Map([['destination.port', { type: 'INT64', value: 'x' } as unknown as Attribute]]);
      client.report([record(0), record(1), wrong, record(2)]);
      await until(() => client.counters.reportsDropped === 1 && client.counters.reportsSent === 3);
      expect(ids()).toEqual([0, 1, 2]);
      expect(client.counters).toMatchObject({ reportsSent: 3, reportsDropped: 1 });
    });

    it('sends what is left when it ends', async () => {
      const client = backend();
      client.report([record(0)]);
      await client.close();
      expect(ids()).toEqual([0]);
    });
  });
});
