import { connect } from 'nats';
import { NatsServer } from '@keelson/edge/service/testing';
import { entry, TestGalley } from './testing/galley';

interface Entry {
  revision: string;
  sequence: number;
  changes: { op: string; name: string }[];
}

const object = '/apis/networking.istio.io/v1/namespaces/shop/serviceentries';

describe('S52 the history of a log', () => {
  const server = new NatsServer();
  const flags = (): string[] => ['--config-log=nats', `--nats-url=${server.url}`];
  let galley: TestGalley;
  const list = async (query = '', from = galley): Promise<Entry[]> =>
    (await from.call(`/v1/revisions${query}`)).body as unknown as Entry[];
  const start = async (from = galley): Promise<unknown> => (await from.call('/v1/snapshot')).body['history'];

  beforeAll(async () => {
    await server.start();
    galley = await TestGalley.start(...flags());
    await galley.apply([entry('a'), entry('b')].join('---\n'));
    await galley.apply(entry('a', 'other.example.com'));
    await galley.apply(entry('c'));
    await galley.call(`${object}/a`, { method: 'DELETE' });
  });
  afterAll(async () => {
    await galley.stop();
    await server.stop();
  });

  it('tells at which revisions one object changed, and how', async () => {
    const told = await list('?kind=ServiceEntry&namespace=shop&name=a');
    expect(told.map(({ sequence, changes }) => [sequence, changes.map(({ op, name }) => `${op} ${name}`)])).toEqual([
      [4, ['deleted a']],
      [2, ['configured a']],
      [1, ['created a']],
    ]);
    expect(await list('?kind=ServiceEntry&namespace=shop&name=nothing')).toEqual([]);
  });

  it('is read in pages', async () => {
    expect((await list('?limit=2&before=4')).map(({ sequence }) => sequence)).toEqual([3, 2]);
    const [, { revision }] = (await list('?limit=2')) as [Entry, Entry];
    expect((await list(`?limit=2&before=${revision}`)).map(({ sequence }) => sequence)).toEqual([2, 1]);
  });

  it.each([
    ['?before=0', 'before'],
    ['?before=x', 'before'],
    ['?before=0123abcd-3', 'before'],
    ['?kind=ServiceEntry&name=a', 'namespace'],
    ['?name=', 'kind'],
    ['?limit=0', 'limit'],
  ])('refuses %s and names the parameter', async (query, field) => {
    const { status, body } = await galley.call(`/v1/revisions${query}`);
    expect([status, body.error?.problems[0]?.['field']]).toEqual([422, field]);
  });

  it('says that the log begins later where its old part was compacted', async () => {
    expect(await start()).toEqual({ from: 1, earlier: 'none' });
    const connection = await connect({ servers: server.url });
    await (await connection.jetstreamManager()).streams.purge('MESH_CONFIG', { seq: 3 });
    await connection.close();
    const late = await TestGalley.start(...flags());
    expect(await start(late)).toEqual({ from: 3, earlier: 'compacted' });
    expect((await list('', late)).map(({ sequence }) => sequence)).toEqual([4, 3]);
    await late.stop();
    // The one that has read them remembers them.
    expect(await start()).toEqual({ from: 1, earlier: 'none' });
  });
});
