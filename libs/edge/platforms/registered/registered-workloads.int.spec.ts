import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import { type RegisterRequest, type RegisterResponse } from '@keelson/api/keelson/workload/v1/workload';
import type { Workload } from '@keelson/core/mesh';
import {
  channelCredentials,
  connectNats,
  createLog,
  GrpcClient,
  GrpcServer,
  type NatsLink,
} from '@keelson/edge/service';
import { NatsServer } from '@keelson/edge/service/testing';
import { connect } from 'nats';
import { RegisteredWorkloads, workloadMethods, type WorkloadChanges } from '.';

const log = createLog('test', 'silent');
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function nats(): Promise<NatsServer> {
  const server = new NatsServer();
  endings.push(() => server.stop());
  await server.start();
  return server;
}

/** A Pilot's half of registration, whose callers are whom the test says. */
class Replica {
  readonly model = new Map<string, Workload>();
  readonly batches: WorkloadChanges[] = [];
  readonly workloads: RegisteredWorkloads;
  caller = 'spiffe://cluster.local/ns/default/sa/reviews';
  address = '';
  private readonly waiting = new Set<() => void>();

  constructor(link: NatsLink | undefined, ttlMs: number) {
    this.workloads = new RegisteredWorkloads({
      nats: link,
      trustDomain: 'cluster.local',
      ttlMs,
      servicesOf: ({ labels }) => (labels.app ? [labels.app] : []),
      log,
      peerOf: () => ({ spiffeIds: [this.caller], dnsNames: [], fingerprint: '', certificate: Buffer.alloc(0) }),
    });
    this.workloads.onChange((changes) => {
      this.batches.push(changes);
      for (const workload of changes.put) this.model.set(workload.uid, workload);
      for (const uid of changes.remove) this.model.delete(uid);
      for (const wake of this.waiting) wake();
    });
  }

  async start(): Promise<this> {
    await this.workloads.start();
    const server = new GrpcServer({ log });
    server.addService(this.workloads.methods, this.workloads.handlers);
    this.address = `127.0.0.1:${await server.listen({ host: '127.0.0.1', port: 0 })}`;
    endings.push(async () => {
      await this.workloads.stop();
      await server.stop(0);
    });
    return this;
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  open(): Stream {
    return new Stream(this.address);
  }
}

/** An agent's stream, by hand. */
class Stream {
  private readonly client: GrpcClient;
  private readonly call: ClientDuplexStream<RegisterRequest, RegisterResponse>;
  private readonly answers: AsyncIterator<RegisterResponse>;

  constructor(address: string) {
    this.client = new GrpcClient(address, channelCredentials(undefined));
    this.call = this.client.bidi(workloadMethods.register);
    this.answers = (this.call as AsyncIterable<RegisterResponse>)[Symbol.asyncIterator]();
    this.call.on('error', () => undefined);
    endings.push(() => {
      this.close();
    });
  }

  send(kind: RegisterRequest['kind']): void {
    this.call.write({ kind });
  }

  async answer(): Promise<RegisterResponse> {
    const next = await this.answers.next();
    if (next.done) throw new Error('the stream ended');
    return next.value;
  }

  async register(uid: string, labels: Record<string, string> = {}): Promise<RegisterResponse> {
    this.send({ $case: 'workload', value: { uid, name: uid, address: '127.1.0.9', ports: { http: 9080 }, labels } });
    return this.answer();
  }

  async renew(): Promise<void> {
    this.send({ $case: 'renewal', value: {} });
    await this.answer();
  }

  close(): void {
    this.call.cancel();
    this.client.close();
  }
}

async function replica(server: NatsServer | undefined, ttlMs: number): Promise<Replica> {
  let link: NatsLink | undefined;
  if (server) {
    link = connectNats({ url: `nats://127.0.0.1:${server.port}`, prefix: 'mesh', name: 'pilot', log });
    const connected = link;
    endings.push(() => connected.stop());
  }
  return new Replica(link, ttlMs).start();
}

describe('registered workloads on a real NATS server', () => {
  test('what registers at one Pilot is seen by both, and by one that starts later', async () => {
    const server = await nats();
    const [a, b] = [await replica(server, 30_000), await replica(server, 30_000)];
    expect(a.workloads.loaded).toBe(true);
    const stream = a.open();
    const answer = await stream.register('vm-1', { app: 'reviews', version: 'v1' });
    expect(answer).toMatchObject({ ttlMs: 30_000, lease: expect.stringMatching(/^default\.[0-9a-f]{32}$/) as string });
    await b.until(() => b.model.has('default/vm-1'));
    expect(b.model.get('default/vm-1')).toMatchObject({ namespace: 'default', serviceAccount: 'reviews', weight: 1 });

    await stream.renew();
    await stream.register('vm-1', { app: 'reviews', version: 'v2' });
    await b.until(() => b.model.get('default/vm-1')?.labels.version === 'v2');
    expect(b.batches).toHaveLength(2);

    const late = new Replica(undefined, 30_000);
    expect(late.workloads.loaded).toBe(false);
    const c = await replica(server, 30_000);
    expect(c.model.get('default/vm-1')?.labels.version).toBe('v2');

    stream.send({ $case: 'deregistration', value: {} });
    await stream.answer();
    for (const each of [a, b, c]) await each.until(() => each.model.size === 0);

    // The mark of the deletion ends by itself; nothing else in the bucket does.
    const connection = await connect({ servers: `127.0.0.1:${server.port}` });
    endings.push(() => connection.close());
    const manager = await connection.jetstreamManager();
    const mark = await manager.streams.getMessage('KV_MESH_WORKLOADS', {
      last_by_subj: `$KV.MESH_WORKLOADS.${answer.lease}`,
    });
    expect(mark.header.get('KV-Operation')).toBe('DEL');
    expect(mark.header.get('Nats-TTL')).toBe('1h');
    expect((await manager.streams.info('KV_MESH_WORKLOADS')).config.max_age).toBe(0);
  });

  test("S30 another account's workload is refused, also at another Pilot", async () => {
    const server = await nats();
    const [a, b] = [await replica(server, 30_000), await replica(server, 30_000)];
    await a.open().register('vm-1');
    for (const each of [a, b]) {
      each.caller = 'spiffe://cluster.local/ns/default/sa/ratings';
      await expect(each.open().register('vm-1')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
      each.caller = 'spiffe://elsewhere/ns/default/sa/reviews';
      await expect(each.open().register('vm-2')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    }
    b.caller = 'spiffe://cluster.local/ns/other/sa/reviews';
    await b.open().register('vm-1');
    await a.until(() => a.model.size === 2);
    expect([...a.model.keys()].sort()).toEqual(['default/vm-1', 'other/vm-1']);
  });

  test('a lease whose agent vanished ends, the others stay', async () => {
    const server = await nats();
    const [a, b] = [await replica(server, 1_500), await replica(server, 1_500)];
    const streams = [a.open(), a.open(), b.open()];
    await Promise.all(streams.map((stream, at) => stream.register(`vm-${at}`, { app: 'reviews' })));
    await b.until(() => b.model.size === 3);
    const renewing = setInterval(() => {
      for (const stream of streams.slice(1)) stream.send({ $case: 'renewal', value: {} });
    }, 300);
    endings.push(() => {
      clearInterval(renewing);
    });
    streams[0]!.close();
    await Promise.all([a, b].map((each) => each.until(() => !each.model.has('default/vm-0'))));
    expect([...b.model.keys()].sort()).toEqual(['default/vm-1', 'default/vm-2']);
  });

  test('S16 NATS killed for longer than a lease: nothing ends, and renewals go on when it is back', async () => {
    const server = await nats();
    const ttl = 1_000;
    const [a, b] = [await replica(server, ttl), await replica(server, ttl)];
    const streams = [a.open(), a.open(), b.open()];
    await Promise.all(streams.map((stream, at) => stream.register(`vm-${at}`)));
    await Promise.all([a, b].map((each) => each.until(() => each.model.size === 3)));
    const before = [a.batches.length, b.batches.length];
    const renewing = setInterval(() => {
      for (const stream of streams) stream.send({ $case: 'renewal', value: {} });
    }, ttl / 3);
    endings.push(() => {
      clearInterval(renewing);
    });

    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, ttl * 2.5));
    expect([a.model.size, b.model.size]).toEqual([3, 3]);
    const joining = b.open();
    const joined = joining.register('vm-new');
    await server.start();
    await joined;
    await Promise.all([a, b].map((each) => each.until(() => each.model.has('default/vm-new'))));
    await new Promise((resolve) => setTimeout(resolve, ttl * 0.6));
    expect([...a.model.keys()].sort()).toEqual(['default/vm-0', 'default/vm-1', 'default/vm-2', 'default/vm-new']);
    expect([a.batches.length, b.batches.length]).toEqual(before.map((count) => count + 1));
  });

  test('a bucket that was lost is unknown, not empty: leases stay and are written again', async () => {
    const first = await nats();
    const a = await replica(first, 30_000);
    const stream = a.open();
    await stream.register('vm-1');
    await first.kill();
    first.wipe();
    await first.start();
    const b = await replica(first, 30_000);
    expect(b.model.size).toBe(0);
    const renewing = setInterval(() => {
      stream.send({ $case: 'renewal', value: {} });
    }, 200);
    endings.push(() => {
      clearInterval(renewing);
    });
    await stream.answer();
    await b.until(() => b.model.has('default/vm-1'));
    expect(a.model.size).toBe(1);
    expect(a.batches).toHaveLength(1);
  });
});

describe('registered workloads without NATS', () => {
  test('leases live in memory, and in a file over a restart', async () => {
    let text: string | undefined;
    const file = { read: () => text, write: (to: string) => void (text = to) };
    const start = async (): Promise<RegisteredWorkloads> => {
      const workloads = new RegisteredWorkloads({ file, trustDomain: 'cluster.local', servicesOf: () => [], log });
      const seen: string[] = [];
      workloads.onChange(({ put }) => void seen.push(...put.map(({ uid }) => uid)));
      await workloads.start();
      expect(seen).toEqual(text === undefined ? [] : ['default/vm-1']);
      return workloads;
    };
    await (await start()).stop();
    const a = await replica(undefined, 30_000);
    const stream = a.open();
    await stream.register('vm-1');
    await a.until(() => a.model.has('default/vm-1'));
    expect(a.workloads.report()).toMatchObject({ loaded: true, leases: 1, streams: 1 });
    text = `default.x ${JSON.stringify({ format: 1, ...a.model.get('default/vm-1'), uid: 'vm-1', renewedAt: 1 })}\n`;
    await (await start()).stop();
    stream.send({ $case: 'deregistration', value: {} });
    await stream.answer();
    await a.until(() => a.model.size === 0);
  });

  test('a stream that breaks leaves no session behind, and the newest stream of a workload wins', async () => {
    const a = await replica(undefined, 30_000);
    const [old, young] = [a.open(), a.open()];
    await old.register('vm-1');
    await young.register('vm-1');
    await expect(old.renew()).rejects.toMatchObject({ code: status.ABORTED });
    await young.renew();
    young.close();
    while (a.workloads.report().streams > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(a.model.size).toBe(1);
  });

  test('a first message that is no workload, and a bad field, are refused', async () => {
    const a = await replica(undefined, 30_000);
    await expect(a.open().renew()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    const bad = a.open();
    bad.send({ $case: 'workload', value: { uid: 'a', name: 'a', address: 'nowhere' } });
    await expect(bad.answer()).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(a.workloads.report().leases).toBe(0);
  });
});
