import { AckPolicy, connect, Events, StorageType, StringCodec, type NatsConnection } from 'nats';
import { Health } from './health';
import { connectNats, type NatsLink } from './nats-link';
import { SettableIdentity } from './tls-identity';
import { TrialAuthority } from './testing/authority';
import { LogSink } from './testing/log-sink';
import { NatsServer } from './testing/nats-server';

const codec = StringCodec();

describe('NATS with one user for each component', () => {
  const authority = new TrialAuthority();
  let server: NatsServer;
  let links: NatsLink[];
  let sink: LogSink;

  beforeEach(async () => {
    server = await new NatsServer(() => authority.material('istio-system/nats')).reserve();
    links = [];
    sink = new LogSink();
  });
  afterEach(async () => {
    for (const link of links) await link.stop();
    await server.stop();
  });

  function link(
    name: string,
    identity = new SettableIdentity(authority.material(`istio-system/${name}`)),
    health?: Health,
  ): NatsLink {
    const made = connectNats({
      url: server.url,
      prefix: 'mesh',
      identity,
      name,
      log: sink.log,
      health,
    });
    links.push(made);
    return made;
  }

  /** What the server says against an operation on a subject. */
  async function refusal(connection: NatsConnection, subject: string): Promise<string> {
    const events = connection.status();
    connection.publish(subject, codec.encode('x'));
    for await (const event of events)
      if (event.type === Events.Error && event.permissionContext?.subject === subject)
        return event.permissionContext.operation;
    throw new Error('the connection ended');
  }

  it('gives each component what it needs', async () => {
    await server.start();
    const galley = await link('galley').connection();
    const manager = await galley.jetstreamManager();
    await manager.streams.add({ name: 'MESH_CONFIG', subjects: ['mesh.config.commit'], storage: StorageType.File });
    const stream = galley.jetstream();
    await stream.publish('mesh.config.commit', codec.encode('one'), { expect: { lastSequence: 0 } });
    await expect(
      stream.publish('mesh.config.commit', codec.encode('two'), { expect: { lastSequence: 0 } }),
    ).rejects.toThrow('wrong last sequence');
    expect((await manager.streams.getMessage('MESH_CONFIG', { seq: 1 })).string()).toBe('one');
    for await (const message of await (await stream.consumers.get('MESH_CONFIG')).fetch({ max_messages: 1 }))
      expect(message.string()).toBe('one');
    const bodies = await stream.views.os('MESH_BODIES');
    await bodies.putBlob({ name: 'digest' }, new Uint8Array(300_000));
    expect((await bodies.getBlob('digest'))?.length).toBe(300_000);
    const receipts = galley.subscribe('mesh.receipts.>', { max: 1 });
    await galley.flush();

    const pilot = await link('pilot').connection();
    pilot.publish('mesh.receipts.pilot-1', codec.encode('receipt'));
    for await (const message of receipts) expect(message.string()).toBe('receipt');
    pilot.subscribe('mesh.receipts', {
      callback: (_, question) => {
        question.respond(codec.encode('all of mine'));
      },
    });
    await pilot.flush();
    expect((await galley.request('mesh.receipts')).string()).toBe('all of mine');
    const leases = await pilot.jetstream().views.kv('MESH_WORKLOADS', { history: 1 });
    const watch = await leases.watch();
    await leases.put('default.1', 'lease');
    for await (const entry of watch) {
      expect(entry.string()).toBe('lease');
      break;
    }
    await leases.delete('default.1');
    await (await pilot.jetstreamManager()).streams.add({ name: 'MESH_NACKS', subjects: ['mesh.nacks.>'] });
    await pilot.jetstream().publish('mesh.nacks.pilot-1', codec.encode('nack'));
    const nacks = await manager.consumers.add('MESH_NACKS', { ack_policy: AckPolicy.Explicit, durable_name: 'galley' });
    expect(nacks.num_pending).toBe(1);

    const citadel = await link('citadel').connection();
    const trust = await citadel.jetstream().views.kv('MESH_TRUST', { history: 1 });
    await trust.create('root', 'fingerprint');
    expect((await trust.get('root'))?.string()).toBe('fingerprint');
    await (await citadel.jetstreamManager()).streams.add({ name: 'MESH_LEDGER', subjects: ['mesh.ledger.>'] });
    await citadel.jetstream().publish('mesh.ledger.issued', codec.encode('entry'));
  });

  it.each([
    ['pilot', 'mesh.config.commit'],
    ['pilot', '$JS.API.STREAM.INFO.MESH_CONFIG'],
    ['pilot', '$JS.API.STREAM.DELETE.KV_MESH_WORKLOADS'],
    ['pilot', '$KV.MESH_TRUST.root'],
    ['pilot', '_INBOX.galley.x'],
    ['citadel', '$KV.MESH_WORKLOADS.default.1'],
    ['citadel', 'mesh.receipts.pilot-1'],
    ['galley', 'mesh.ledger.issued'],
    ['galley', '$JS.API.STREAM.DELETE.MESH_CONFIG'],
    ['galley', '$JS.API.STREAM.PURGE.MESH_CONFIG'],
    ['galley', '$JS.API.STREAM.CREATE.KV_MESH_TRUST'],
    ['galley', 'mesh.nacks.pilot-1'],
    ['galley', 'mesh.receipts.pilot-1'],
    ['citadel', 'mesh.receipts'],
    ['galley', '$KV.MESH_WORKLOADS.default.1'],
    ['citadel', 'mesh.config.commit'],
    ['pilot', 'mesh.ledger.issued'],
    ['pilot', '$JS.API.CONSUMER.CREATE.MESH_CONFIG.x'],
    ['pilot', '$JS.API.CONSUMER.CREATE.MESH_LEDGER.x'],
    ['pilot', '$JS.API.STREAM.SNAPSHOT.KV_MESH_WORKLOADS'],
    ['pilot', '$SYS.REQ.SERVER.PING'],
  ])('refuses %s the subject %s', async (component, subject) => {
    await server.start();
    expect(await refusal(await link(component).connection(), subject)).toBe('publish');
  });

  it('lets nobody read the answers that another gets', async () => {
    await server.start();
    for (const [component, subject] of [
      ['pilot', '_INBOX.>'],
      ['pilot', '_INBOX.galley.>'],
      ['pilot', 'mesh.config.>'],
      ['pilot', '$KV.MESH_WORKLOADS.>'],
      ['pilot', '>'],
      ['citadel', 'mesh.receipts.>'],
      ['citadel', '$KV.MESH_TRUST.>'],
      ['galley', 'mesh.ledger.>'],
      ['galley', '$SYS.>'],
    ] as const) {
      const connection = await link(component).connection();
      const failed = new Promise((resolve) =>
        connection.subscribe(subject, {
          callback: (error) => {
            resolve(error);
          },
        }),
      );
      expect(await failed).toMatchObject({ code: 'PERMISSIONS_VIOLATION' });
    }
  });

  it.each([
    ['a workload', () => authority.material('default/reviews')],
    ['an operator', () => authority.material('istio-system/operator')],
    ['a component of another namespace', () => authority.material('default/galley')],
    ['another mesh', () => ({ ...new TrialAuthority().material('istio-system/galley'), roots: authority.rootPem })],
  ])('refuses the certificate of %s', async (_, material) => {
    await server.start();
    const { key, chain, roots } = material();
    await expect(
      connect({
        servers: `127.0.0.1:${server.port}`,
        tls: { key, cert: chain, ca: roots },
        reconnect: false,
        maxReconnectAttempts: 0,
      }),
    ).rejects.toThrow();
  });

  it('connects when NATS comes later, tells of a break, and comes back with the renewed certificate', async () => {
    const health = new Health();
    // Good for a moment only: a reconnect that showed it again would be refused.
    const identity = new SettableIdentity(authority.material('istio-system/pilot', 1_500));
    const made = link('pilot', identity, health);
    const events: string[] = [];
    made.onDisconnect(() => events.push('down'));
    await sink.line('cannot be reached');
    expect([health.ready(), made.connectedSince()]).toEqual([false, undefined]);
    await server.start();
    const connection = await made.connection();
    expect(health.ready()).toBe(true);
    const since = made.connectedSince();
    expect(since).toBeLessThanOrEqual(Date.now());

    const down = new Promise<void>((resolve) => {
      made.onDisconnect(resolve);
    });
    await server.kill();
    await down;
    expect(made.connectedSince()).toBeUndefined();
    identity.set(authority.material('istio-system/pilot'));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1_600 - (Date.now() - (since ?? 0)))));
    const back = new Promise<NatsConnection>((resolve) => {
      made.onConnect(resolve);
    });
    await server.start();
    expect(await back).toBe(connection);
    await connection.flush();
    expect(made.connectedSince()).toBeGreaterThan(since ?? Infinity);
    expect(events).toEqual(['down']);
  });

  it('names what is kept by the prefix', () => {
    const made = connectNats({ url: 'nats://127.0.0.1:1', prefix: 'trial', name: 'pilot', log: sink.log });
    links.push(made);
    expect([made.subject('config.commit'), made.stream('CONFIG'), made.bucket('TRUST')]).toEqual([
      'trial.config.commit',
      'TRIAL_CONFIG',
      'TRIAL_TRUST',
    ]);
  });
});
