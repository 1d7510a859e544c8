import { checkObject, type Commit, type ConfigLog, type RequestedChange } from '@keelson/core/config';
import { problemError } from '@keelson/core/problems';
import { createLog } from '@keelson/edge/service';
import { CommitWriter, type WriteRequest } from './commit-writer';
import { MemoryLog } from './memory-log';
import { SnapshotFollower } from './snapshot-follower';

const logger = createLog('test', 'silent');

function put(name: string, host = `${name}.example.com`): RequestedChange {
  const { object } = checkObject(
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name },
      spec: { hosts: [host], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'STATIC' },
    },
    { namespace: 'shop' },
  );
  return { op: 'put', object };
}

function request(changes: RequestedChange[], more: Partial<WriteRequest> = {}): WriteRequest {
  return { changes: () => changes, owner: 'api', author: 'ann', reason: '', source: 'api', ...more };
}

/** A replica over a log. */
function replica(log: ConfigLog): { follower: SnapshotFollower; writer: CommitWriter; stop: () => void } {
  const stopping = new AbortController();
  const follower = new SnapshotFollower({ log, logger });
  void follower.run(stopping.signal);
  const stop = (): void => {
    stopping.abort();
  };
  return { follower, writer: new CommitWriter({ log, follower }), stop };
}

async function loaded(follower: SnapshotFollower): Promise<void> {
  if (!follower.loaded)
    await new Promise<void>((resolve) => {
      follower.listen({
        onLoaded: () => {
          resolve();
        },
      });
    });
}

describe('writing commits', () => {
  const replicas: { stop: () => void }[] = [];
  const start = async (log: ConfigLog): Promise<ReturnType<typeof replica>> => {
    const made = replica(log);
    replicas.push(made);
    await loaded(made.follower);
    return made;
  };
  afterEach(() => {
    for (const each of replicas.splice(0)) each.stop();
  });

  it('commits as a whole, and answers when the snapshot has it', async () => {
    const { writer, follower } = await start(new MemoryLog('e'));
    const result = await writer.write(request([put('one'), put('two')]));
    expect(result).toMatchObject({ revision: 'e-1', committed: true });
    expect(result.results.map(({ op }) => op)).toEqual(['created', 'created']);
    expect(follower.snapshot.get({ kind: 'ServiceEntry', namespace: 'shop', name: 'two' })?.revision).toBe('e-1');
  });

  it('makes no commit where nothing changes or nothing was meant', async () => {
    const log = new MemoryLog('e');
    const { writer } = await start(log);
    await writer.write(request([put('one')]));
    expect(await writer.write(request([put('one')]))).toMatchObject({ revision: 'e-1', committed: false });
    expect(await writer.write(request([put('two')], { dryRun: true }))).toMatchObject({ committed: false });
    expect(await log.last()).toBe(1);
  });

  it('two writers at once end with one history and one snapshot', async () => {
    const log = new MemoryLog('e');
    const [a, b] = [await start(log), await start(log)];
    const names = Array.from({ length: 30 }, (_, i) => `s${i}`);
    await Promise.all(names.map((name, i) => (i % 2 ? a : b).writer.write(request([put(name)]))));
    expect(await log.last()).toBe(30);
    await Promise.all([a.follower.reached(30), b.follower.reached(30)]);
    expect(a.follower.snapshot.hash).toBe(b.follower.snapshot.hash);
    expect(a.follower.snapshot.size).toBe(30);
  });

  it('validates anew against what a faster writer did', async () => {
    const log = new MemoryLog('e');
    const [a, b] = [await start(log), await start(log)];
    await a.writer.write(request([put('one')], { owner: 'folder:x' }));
    await expect(b.writer.write(request([put('one', 'two.example.com')]))).rejects.toMatchObject({
      problems: [{ code: 'owned-by-other', object: 'ServiceEntry shop/one' }],
    });
    expect(await log.last()).toBe(1);
  });

  it('does not commit twice what is asked again by the same id', async () => {
    const log = new MemoryLog('e');
    const { writer, follower } = await start(log);
    const known = new Map<string, { revision: string; results: [] }>();
    follower.listen({
      onCommit: ({ commit, revision }) => known.set(commit.id, { revision, results: [] }),
    });
    const again = new CommitWriter({ log, follower, known: (id) => known.get(id) });
    await writer.write(request([put('one')], { id: 'key-1' }));
    await writer.write(request([{ op: 'delete', ref: { kind: 'ServiceEntry', namespace: 'shop', name: 'one' } }]));
    expect(await again.write(request([put('one')], { id: 'key-1' }))).toMatchObject({ revision: 'e-1' });
    expect(await log.last()).toBe(2);
  });

  it('asks anew what became of a request when somebody else was faster', async () => {
    const log = new MemoryLog('e');
    const { writer: faster, follower } = await start(log);
    const asked: string[][] = [];
    const racing: ConfigLog = {
      epoch: 'e',
      last: () => log.last(),
      read: (from, signal) => log.read(from, signal),
      append: async (commit: Commit, seq: number) => {
        if (seq === 0) await faster.write(request([put('two')]));
        return log.append(commit, seq);
      },
    };
    const known = (id: string, changes: readonly RequestedChange[]): undefined => {
      asked.push([id, ...changes.map(({ op }) => op)]);
      if (follower.position > 0) throw problemError('conflict', 'another request');
    };
    const writer = new CommitWriter({ log: racing, follower, known });
    await expect(writer.write(request([put('one')], { id: 'key-1' }))).rejects.toThrow('another request');
    expect(asked).toEqual([
      ['key-1', 'put'],
      ['key-1', 'put'],
    ]);
    expect(await log.last()).toBe(1);
  });

  it('is unavailable before the log was read', async () => {
    const log = new MemoryLog('e');
    const writer = new CommitWriter({ log, follower: new SnapshotFollower({ log, logger }) });
    await expect(writer.write(request([put('one')]))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up with a conflict when somebody else is always faster', async () => {
    const log = new MemoryLog('e');
    const { follower } = await start(log);
    const losing: ConfigLog = {
      epoch: 'e',
      last: () => log.last(),
      read: (from, signal) => log.read(from, signal),
      append: async (commit: Commit, seq: number) => {
        await log.append({ ...commit, id: `other-${seq}`, changes: [other(seq)] }, seq);
        throw problemError('conflict', 'somebody was faster');
      },
    };
    const writer = new CommitWriter({ log: losing, follower, attempts: 3 });
    await expect(writer.write(request([put('one')]))).rejects.toMatchObject({ code: 'conflict' });
    expect(follower.position).toBe(3);
  });
});

function other(seq: number): Commit['changes'][number] {
  const name = `other-${seq}`;
  const object = { apiVersion: 'x/v1', kind: 'Other', metadata: { namespace: 'shop', name }, spec: {} };
  return { op: 'put', apiVersion: 'x/v1', kind: 'Other', namespace: 'shop', name, owner: 'api', object };
}
