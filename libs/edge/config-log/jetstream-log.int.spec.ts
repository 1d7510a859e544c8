import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { checkObject, decodeCommit, type Commit, type ConfigLog, type RequestedChange } from '@keelson/core/config';
import { connectNats, createLog, SettableIdentity, type NatsLink, type TlsIdentity } from '@keelson/edge/service';
import { NatsServer, TrialAuthority } from '@keelson/edge/service/testing';
import { CommitWriter, type WriteResult } from './commit-writer';
import { JetStreamLog, type JetStreamLogOptions } from './jetstream-log';
import { SnapshotFollower } from './snapshot-follower';

const logger = createLog('test', 'silent');

function put(name: string, hosts = [`${name}.example.com`]): RequestedChange {
  const { object } = checkObject(
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name },
      spec: { hosts, ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'STATIC' },
    },
    { namespace: 'shop' },
  );
  return { op: 'put', object };
}

/** One Galley's view of the log: a connection, the fold, a writer. */
class Replica {
  private readonly stopping = new AbortController();
  readonly replaced: string[] = [];

  private constructor(
    readonly link: NatsLink,
    readonly log: JetStreamLog,
    readonly follower: SnapshotFollower,
    readonly writer: CommitWriter,
  ) {
    follower.listen({
      onReplaced: () => this.replaced.push(log.epoch),
    });
  }

  static async start(
    url: string,
    options: Partial<JetStreamLogOptions> = {},
    identity?: TlsIdentity,
  ): Promise<Replica> {
    const link = connectNats({ url, prefix: 'mesh', name: 'galley', log: logger, identity });
    const log = await JetStreamLog.open({ link, log: logger, ...options });
    const follower = new SnapshotFollower({ log, logger });
    const replica = new Replica(link, log, follower, new CommitWriter({ log, follower }));
    const loaded = new Promise<void>((onLoaded) => {
      follower.listen({
        onLoaded: () => {
          onLoaded();
        },
      });
    });
    void follower.run(replica.stopping.signal);
    await loaded;
    return replica;
  }

  write(id: string | undefined, ...changes: RequestedChange[]): Promise<WriteResult> {
    return this.writer.write({ changes: () => changes, owner: 'api', author: 't', reason: '', source: 'api', id });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.link.stop();
  }
}

describe('the log in JetStream', () => {
  const server = new NatsServer();
  let replicas: Replica[] = [];
  const start = async (options?: Partial<JetStreamLogOptions>): Promise<Replica> => {
    const replica = await Replica.start(server.url, options);
    replicas.push(replica);
    return replica;
  };

  beforeEach(async () => {
    await server.start();
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    replicas = [];
    await server.stop();
  });

  it('is made as the reference has it', async () => {
    await start();
    const connection = await connect({ servers: server.url });
    const { config } = await (await connection.jetstreamManager()).streams.info('MESH_CONFIG');
    await connection.close();
    expect(config).toMatchObject({
      subjects: ['mesh.config.commit'],
      storage: 'file',
      retention: 'limits',
      discard: 'new',
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      allow_rollup_hdrs: false,
      num_replicas: 1,
    });
    expect(config.metadata?.['keelson-epoch']).toMatch(/^[0-9a-f]{8}$/);
  });

  it('two replicas, two writers at once: one history, one snapshot', async () => {
    const [a, b] = [await start(), await start()];
    expect(a.log.epoch).toBe(b.log.epoch);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b).write(undefined, put(`s${i}`))),
    );
    expect(new Set(results.map(({ revision }) => revision)).size).toBe(40);
    await Promise.all([a.follower.reached(40), b.follower.reached(40)]);
    expect(a.follower.snapshot.size).toBe(40);
    expect(a.follower.snapshot.hash).toBe(b.follower.snapshot.hash);
    const late = await start();
    expect(late.follower.snapshot.hash).toBe(a.follower.snapshot.hash);
  });

  it('keeps a body over 512 KiB in the object store, and folds it everywhere', async () => {
    const [a, b] = [await start(), await start()];
    const many = Array.from({ length: 3000 }, (_, i) => put(`s${i}`, [`host-${i}.${'x'.repeat(50)}.example.com`]));
    await a.write(undefined, ...many);
    await b.follower.reached(1);
    expect(b.follower.snapshot.size).toBe(3000);
    expect(b.follower.snapshot.hash).toBe(a.follower.snapshot.hash);
  });

  it('finds its own commit where the answer was lost, and a repeat is no second one', async () => {
    const a = await start();
    const commit: Commit = {
      format: 1,
      id: 'one-of-a-kind',
      epoch: a.log.epoch,
      changes: [],
      author: 't',
      reason: '',
      source: 'api',
      time: new Date(0).toISOString(),
    };
    expect(await a.log.append(commit, 0)).toBe(1);
    expect(await a.log.append({ ...commit, id: 'other' }, 1)).toBe(2);
    // What a writer sends that was killed between publish and reply and tries again.
    expect(await a.log.append(commit, 0)).toBe(1);
    await expect(a.log.append({ ...commit, id: 'third' }, 0)).rejects.toMatchObject({ code: 'conflict' });
    expect(await a.log.last()).toBe(2);
  });

  it('loses no acknowledged commit when NATS is killed in the middle of writes', async () => {
    const [a, b] = [await start({ publishMs: 500 }), await start({ publishMs: 500 })];
    const acknowledged = new Set<string>();
    let stopped = false;
    const writeOn = async (replica: Replica, name: string): Promise<void> => {
      for (let i = 0; !stopped; i++) {
        await replica.write(undefined, put(`${name}-${i}`));
        acknowledged.add(`${name}-${i}`);
      }
    };
    const reach = async (count: number): Promise<void> => {
      while (acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve));
    };
    const writers = [writeOn(a, 'a'), writeOn(b, 'b')];
    for (let kills = 0; kills < 3; kills++) {
      await reach(acknowledged.size + 20);
      await server.kill();
      await server.start();
      await reach(acknowledged.size + 5);
    }
    stopped = true;
    await Promise.all(writers);
    const last = await a.log.last();
    await Promise.all([a.follower.reached(last), b.follower.reached(last)]);
    expect(a.follower.snapshot.hash).toBe(b.follower.snapshot.hash);
    const names = new Set([...a.follower.snapshot.entries()].map(({ name }) => name));
    expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
    expect(names.size).toBe(acknowledged.size);
    expect(last).toBe(acknowledged.size);
    expect([...a.replaced, ...b.replaced]).toEqual([]);
  });

  it('takes a stream that was made anew for another epoch, and folds that', async () => {
    const a = await start();
    const { epoch } = a.log;
    await a.write(undefined, put('old'));
    const connection = await connect({ servers: server.url });
    const manager = await connection.jetstreamManager();
    await manager.streams.delete('MESH_CONFIG');
    expect(a.follower.snapshot.size).toBe(1);
    const b = await start();
    expect(b.log.epoch).not.toBe(epoch);
    const moved = new Promise<void>((onReplaced) => {
      a.follower.listen({ onReplaced });
    });
    await b.write(undefined, put('new'));
    await moved;
    await a.follower.reached(1);
    expect([...a.follower.snapshot.entries()].map(({ name }) => name)).toEqual(['new']);
    expect(a.follower.snapshot.hash).toBe(b.follower.snapshot.hash);
    await connection.close();
  });

  it('makes no empty log in the place of one that it has read, and goes on when that is there again', async () => {
    const a = await start();
    await a.write(undefined, put('one'));
    const { readMark, epoch } = a.log;
    await a.stop();
    replicas = [];
    const connection = await connect({ servers: server.url });
    const manager = await connection.jetstreamManager();
    const { config } = await manager.streams.info('MESH_CONFIG');
    const kept = await manager.streams.getMessage('MESH_CONFIG', { seq: 1 });
    await manager.streams.delete('MESH_CONFIG');
    let told: (reason: string) => void = () => undefined;
    const waiting = new Promise<string>((resolve) => (told = resolve));
    const again = start({ remembered: readMark, markFile: '/data/read-mark.json', onWaiting: told });
    expect(await waiting).toMatch(new RegExp(`is gone.* up to ${epoch}-1.*delete /data/read-mark.json`));
    await expect(manager.streams.info('MESH_CONFIG')).rejects.toThrow('stream not found');
    await manager.streams.add(config);
    await connection.jetstream().publish(kept.subject, kept.data, { headers: kept.header });
    expect((await again).log.epoch).toBe(epoch);
    expect((await again).follower.snapshot.size).toBe(1);
    await connection.close();
  });

  it('begins a new epoch on a stream that was set back, and keeps the names of what is left', async () => {
    const a = await start();
    const { epoch } = a.log;
    await a.write(undefined, put('one'));
    await a.write(undefined, put('two'));
    const { readMark } = a.log;
    await a.stop();
    replicas = [];
    await setBack(server.url, 1);
    const b = await start({ remembered: readMark });
    expect(b.log.epoch).not.toBe(epoch);
    const { revision } = await b.write(undefined, put('other'));
    expect(revision).toBe(`${b.log.epoch}-2`);
    const revisions = [...b.follower.snapshot.entries()].map((object) => `${object.name} ${object.revision}`).sort();
    expect(revisions).toEqual([`one ${epoch}-1`, `other ${b.log.epoch}-2`]);
  });

  it('folds the golden commits of format 1 to their hashes', async () => {
    const folder = join(__dirname, '../../core/config/testdata/commits-v1');
    const hashes = JSON.parse(readFileSync(join(folder, 'hashes.json'), 'utf8')) as Record<string, string>;
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.commit'))
      .sort();
    const a = await start();
    const connection = await connect({ servers: server.url });
    for (const [i, file] of files.entries()) {
      await connection.jetstream().publish('mesh.config.commit', readFileSync(join(folder, file)));
      await a.follower.reached(i + 1);
      expect(a.follower.snapshot.hash).toBe(hashes[file]);
    }
    await connection.close();
    expect((await start()).follower.snapshot.hash).toBe(hashes[files.at(-1)!]);
  });

  it('goes on behind a message that is no commit', async () => {
    const a = await start();
    await a.write(undefined, put('one'));
    const connection = await connect({ servers: server.url });
    await connection.jetstream().publish('mesh.config.commit', 'not a commit');
    expect(await a.write(undefined, put('two'))).toMatchObject({ revision: `${a.log.epoch}-3` });
    await connection.close();
  });

  it('answers unavailable, not conflict, while NATS is away, and commits when it is back', async () => {
    const a = await start({ appendMs: 700, publishMs: 200 });
    await server.kill();
    await expect(a.write('key', put('one'))).rejects.toMatchObject({ code: 'unavailable' });
    await server.start();
    const result = await untilDone(() => a.write('key', put('one')));
    expect(result.revision).toBe(`${a.log.epoch}-1`);
    expect(await (a.log as ConfigLog).last()).toBe(1);
  });
});

it('a Galley needs no more of NATS than the permissions that it has', async () => {
  const authority = new TrialAuthority();
  const server = new NatsServer(() => authority.material('istio-system/nats'));
  await server.start();
  const replica = await Replica.start(server.url, {}, new SettableIdentity(authority.material('istio-system/galley')));
  await replica.write(undefined, put('small'));
  await replica.write(
    undefined,
    put(
      'large',
      Array.from({ length: 60_000 }, (_, i) => `host-${i}.example.com`),
    ),
  );
  expect(replica.follower.snapshot.size).toBe(2);
  await replica.stop();
  await server.stop();
});

/** Puts a stream of the same name, epoch and first messages in the place of the stream, as a restored backup would be. */
async function setBack(url: string, keep: number): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await connection.jetstreamManager();
  const { config } = await manager.streams.info('MESH_CONFIG');
  const kept = [];
  for (let seq = 1; seq <= keep; seq++) kept.push(await manager.streams.getMessage('MESH_CONFIG', { seq }));
  await manager.streams.delete('MESH_CONFIG');
  await manager.streams.add(config);
  for (const { data, subject, header } of kept) {
    expect(decodeCommit(data).format).toBe(1);
    await connection.jetstream().publish(subject, data, { headers: header });
  }
  await connection.close();
}

async function untilDone<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if ((error as { code?: string }).code !== 'unavailable') throw error;
    }
  }
}
