import { load } from 'js-yaml';
import { connect, type NatsConnection } from 'nats';
import { checkObject, encodeCommit, parseRevision, type Commit } from '@keelson/core/config';
import { connectMcpSink, type Round } from '@keelson/edge/mcp';
import { createLog } from '@keelson/edge/service';
import { NatsServer } from '@keelson/edge/service/testing';
import { keyedCommitId, requestDigest } from './keyed-commits';
import { servedCollections } from './mcp-feed';
import { entry, route, TestGalley, type Answer } from './testing/galley';

interface Snapshot {
  revision: string;
  hash: string;
  objects: number;
}

async function until<T>(ask: () => Promise<T>, enough: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (enough(value)) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('S52 two Galleys on one NATS', () => {
  const server = new NatsServer();
  const stopping = new AbortController();
  let a: TestGalley;
  let b: TestGalley;
  const snapshot = async (galley: TestGalley): Promise<Snapshot> =>
    (await galley.call('/v1/snapshot')).body as unknown as Snapshot;
  /** The snapshots of both, once they are at the same revision. */
  const settled = async (): Promise<Snapshot> => {
    const goal = await snapshot(a);
    return until(
      () => snapshot(b),
      ({ revision }) => revision === goal.revision,
    );
  };

  beforeAll(async () => {
    await server.start();
    const flags = ['--config-log=nats', `--nats-url=${server.url}`];
    [a, b] = [await TestGalley.start(...flags), await TestGalley.start(...flags)];
  });
  afterAll(async () => {
    stopping.abort();
    await Promise.all([a.stop(), b.stop()]);
    await server.stop();
  });

  it('two writers at once end with one history, and the same snapshot on both', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? a : b).apply(entry(`s${i}`))));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const [left, right] = [await settled(), await snapshot(a)];
    expect(left.hash).toBe(right.hash);
    expect(left.objects).toBe(30);
    const histories = await Promise.all([a, b].map((galley) => galley.call('/v1/revisions?limit=1000')));
    expect(histories[0]!.body).toEqual(histories[1]!.body);
  });

  it('two writers cannot break the references of each other', async () => {
    await a.apply([entry('shared'), subsets('rule', 'shared.example.com')].join('---\n'));
    await settled();
    const race: [Answer, Answer] = await Promise.all([
      a.apply(route('uses', 'shared.example.com', 'v1')),
      b.call('/apis/networking.istio.io/v1/namespaces/shop/destinationrules/rule', { method: 'DELETE' }),
    ]);
    expect(race.map(({ status }) => status).sort()).toEqual([200, 422]);
    expect(race.find(({ status }) => status === 422)!.body.error?.code).toBe('bad-reference');
  });

  it('the same request at both, by the same key, is one commit', async () => {
    const headers = { 'idempotency-key': 'twice' };
    const answers = await Promise.all([a, b, a, b].map((galley) => galley.apply(entry('twice'), '', headers)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await settled();
    const history = (await a.call('/v1/revisions?limit=1000')).body as unknown as { changes: { name: string }[] }[];
    expect(history.filter(({ changes }) => changes.some(({ name }) => name === 'twice'))).toHaveLength(1);
  });

  it('two requests at both, by the same key: one is committed, the other is told so', async () => {
    const headers = { 'idempotency-key': 'torn' };
    const answers = await Promise.all(
      [a, b, a, b].map((galley, i) => galley.apply(entry('torn', `torn-${i}.example.com`), '', headers)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const won = answers.findIndex(({ status }) => status === 200);
    await settled();
    const { body } = await b.call('/apis/networking.istio.io/v1/namespaces/shop/serviceentries/torn');
    expect(body['spec']).toMatchObject({ hosts: [`torn-${won}.example.com`] });
  });

  it.each([
    ['', keyedCommitId],
    // As it was made before requests were told apart by it: such commits are in logs.
    [' with an id of its key alone', (key: string): string => keyedCommitId(key, '0'.repeat(64)).replace('-b', '-a')],
  ])(
    'a request repeated at the other one, after the first died%s between publish and reply, is one commit',
    async (how, idOf) => {
      const { revision } = await settled();
      const { epoch, seq } = parseRevision(revision)!;
      const [key, name] = [`died${how}`, how === '' ? 'orphan' : 'old-orphan'];
      const { object } = checkObject(load(entry(name)), { namespace: 'shop' });
      const id = idOf(`anonymous\n${key}`, requestDigest([{ op: 'put', object }], 'api'));
      const { apiVersion, kind, metadata } = object;
      const change = { op: 'put' as const, apiVersion, kind, ...metadata, object: object as never, owner: 'api' };
      const dead: Commit = {
        format: 1,
        id,
        epoch,
        changes: [change],
        author: 'anonymous',
        reason: 'apply',
        source: 'api',
        time: new Date().toISOString(),
      };
      const connection = await connect({ servers: server.url });
      await connection.jetstream().publish('mesh.config.commit', encodeCommit(dead), {
        msgID: dead.id,
        expect: { lastSequence: seq },
      });
      await connection.close();
      const headers = { 'idempotency-key': key };
      const { body } = await b.apply(entry(name), '', headers);
      expect(body).toMatchObject({ revision: `${epoch}-${seq + 1}`, committed: true });
      expect((await settled()).revision).toBe(`${epoch}-${seq + 1}`);
      expect((await b.apply(entry(name, 'other.example.com'), '', headers)).status).toBe(409);
    },
  );

  it('a sink of the one gets the commits of the other, whole', async () => {
    const rounds: Round[] = [];
    let heard: () => void = () => undefined;
    connectMcpSink({
      address: b.mcp,
      collections: servedCollections,
      sinkNode: { id: 'test' },
      log: createLog('test', 'silent'),
      signal: stopping.signal,
      onRound: (round) => {
        rounds.push(round);
        heard();
      },
    });
    while (rounds.length === 0) await new Promise<void>((resolve) => (heard = resolve));
    const names = (round: Round): number => round.changes.reduce((sum, { put }) => sum + put.length, 0);
    expect(rounds[0]).toMatchObject({ full: true, synced: true });
    expect(names(rounds[0]!)).toBe((await snapshot(b)).objects);
    const { body } = await a.apply([entry('pair'), route('pair', 'pair.example.com')].join('---\n'));
    while (rounds.at(-1)!.revision !== body['revision']) await new Promise<void>((resolve) => (heard = resolve));
    expect(rounds.at(-1)!.changes.flatMap(({ put }) => put.map(({ version }) => version))).toEqual([
      body['revision'],
      body['revision'],
    ]);
  });

  it('loses no acknowledged commit while NATS is killed and comes back', async () => {
    const acknowledged: string[] = [];
    let stopped = false;
    const write = async (galley: TestGalley, name: string): Promise<void> => {
      for (let i = 0; !stopped; i++) {
        const { status } = await galley.apply(entry(`${name}-${i}`));
        if (status === 200) acknowledged.push(`${name}-${i}`);
        else expect(status).toBe(503);
      }
    };
    const reach = (count: number): Promise<number> =>
      until(
        () => Promise.resolve(acknowledged.length),
        (length) => length >= count,
      );
    const writers = [write(a, 'k-a'), write(b, 'k-b')];
    await reach(20);
    await server.kill();
    await server.start();
    await reach(acknowledged.length + 20);
    stopped = true;
    await Promise.all(writers);
    const { hash } = await settled();
    expect((await snapshot(a)).hash).toBe(hash);
    const { items } = (await b.call('/apis/networking.istio.io/v1/serviceentries')).body as unknown as {
      items: { metadata: { name: string } }[];
    };
    const names = new Set(items.map(({ metadata }) => metadata.name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });

  describe('M6 receipts', () => {
    let pilot: NatsConnection;
    const tell = (message: Record<string, unknown>): void => {
      const base = { format: 1, pilot: 'p1', debug: 'http://p1', time: '', gone: [], full: false, proxies: [] };
      pilot.publish('mesh.receipts.p1', JSON.stringify({ ...base, ...message }));
    };
    const receipts = async (galley: TestGalley, revision: string): Promise<Record<string, unknown>> =>
      (await galley.call(`/v1/revisions/${revision}`)).body['receipts'] as Record<string, unknown>;

    beforeAll(async () => {
      pilot = await connect({ servers: server.url });
    });
    afterAll(() => pilot.close());

    it('are asked for by a Galley that is new', async () => {
      const { revision } = await settled();
      const base = { format: 1, pilot: 'p0', debug: 'http://p0', time: '', gone: [], full: true };
      const row = { proxy: 'z', type: 'sidecar', evaluated: revision, sent: revision, acked: revision, refused: [] };
      const questions = pilot.subscribe('mesh.receipts', {
        callback: (_, question) => {
          question.respond(JSON.stringify({ ...base, revision, proxies: [row] }));
        },
      });
      await pilot.flush();
      const c = await TestGalley.start('--config-log=nats', `--nats-url=${server.url}`);
      const told = await until(
        () => receipts(c, revision),
        ({ waitingFor }) => (waitingFor as string[]).length === 0,
      );
      expect(told).toMatchObject({ proxies: 1, acked: 1, pending: 0 });
      questions.unsubscribe();
      await c.stop();
    });

    it('are told by any replica, with who refused what', async () => {
      const before = (await settled()).revision;
      const at = (proxy: string, evaluated: string, acked: string): Record<string, string> => ({
        proxy,
        type: 'sidecar',
        evaluated,
        sent: evaluated,
        acked,
      });
      // A book that is young is not trusted with who there is.
      for (const galley of [a, b])
        await until(
          () => receipts(galley, before),
          ({ waitingFor }) => (waitingFor as string[]).length === 0,
        );
      tell({ revision: before, full: true, proxies: [at('x', before, before), at('y', before, before)] });
      for (const galley of [a, b])
        await until(
          () => galley.call('/v1/proxies'),
          ({ body }) => (body as unknown as unknown[]).length === 2,
        );
      const { revision } = (await a.apply(entry('receipted'))).body as { revision: string };
      await settled();
      expect(await receipts(b, revision)).toMatchObject({ proxies: 2, acked: 0, pending: 2, waitingFor: ['x', 'y'] });
      tell({ revision, proxies: [at('x', revision, revision), at('y', revision, before)] });
      const nack = { format: 1, pilot: 'p1', proxy: 'y', type: 'listener', resource: 'l', message: 'in use', time: '' };
      await pilot
        .jetstream()
        .publish('mesh.nacks.p1', JSON.stringify({ ...nack, revision, provenance: ['Sidecar shop/y'] }));
      for (const galley of [a, b]) {
        const told = await until(
          () => receipts(galley, revision),
          ({ acked, nacks }) => acked === 1 && (nacks as unknown[]).length === 1,
        );
        expect(told).toMatchObject({
          pending: 0,
          nacks: [{ proxy: 'y', type: 'listener', message: 'in use', provenance: ['Sidecar shop/y'] }],
        });
      }
    });
  });
});

function subsets(name: string, host: string): string {
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: DestinationRule',
    `metadata: {name: ${name}, namespace: shop}`,
    `spec: {host: ${host}, subsets: [{name: v1, labels: {version: v1}}]}`,
    '',
  ].join('\n');
}
