import { status } from '@grpc/grpc-js';
import { problemError } from '@keelson/core/problems';
import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { channelCredentials } from './grpc-credentials';
import { GrpcClient } from './grpc-client';
import { grpcMethod, rawCodec, type MessageCodec } from './grpc-method';
import { GrpcError, GrpcServer } from './grpc-server';
import { peerOf } from './peer';
import { SettableIdentity } from './tls-identity';
import { TrialAuthority } from './testing/authority';
import { LogSink } from './testing/log-sink';

const text: MessageCodec<string> = {
  encode: (value) => Buffer.from(value),
  decode: (bytes) => {
    if (bytes[0] === 0xff) throw new Error('not text');
    return Buffer.from(bytes).toString();
  },
};
const methods = {
  ask: grpcMethod('/trial.Service/Ask', 'unary', text, text),
  talk: grpcMethod('/trial.Service/Talk', 'bidi', text, text),
};

const serialOf = (chain: string): string => new X509Certificate(chain).serialNumber;

describe('a gRPC server', () => {
  const authority = new TrialAuthority();
  const sink = new LogSink();
  let server: GrpcServer;
  let clients: GrpcClient[];

  beforeEach(() => {
    clients = [];
    server = new GrpcServer({ log: sink.log, maxReceiveBytes: 1000 });
    server.addService(methods, {
      ask: (request, call) => {
        if (request === 'problem') throw problemError('not-found', 'there is no such thing');
        if (request === 'own') throw new GrpcError(status.OUT_OF_RANGE, 'too far');
        if (request === 'bug') throw new Error('secret details');
        return request === 'who' ? (peerOf(call)?.spiffeIds.join() ?? 'nobody') : request;
      },
      talk: (call) => {
        call.on('data', (word: string) => {
          if (word === 'end') call.end();
          else call.write(word);
        });
        if (call.metadata.get('fail').length > 0) throw new Error('secret details');
      },
    });
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await server.stop(0);
  });
  const clientOf = (port: number, identity?: SettableIdentity, serverId?: string): GrpcClient => {
    const client = new GrpcClient(
      `127.0.0.1:${port}`,
      channelCredentials(identity, serverId === undefined ? {} : { serverId }),
    );
    clients.push(client);
    return client;
  };
  const shown = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: authority.rootPem, ALPNProtocols: ['h2'] }, () => {
        const peer: Partial<PeerCertificate> = socket.getPeerCertificate();
        resolve(peer.serialNumber ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('tells who calls, by a certificate that was verified', async () => {
    const tls = new SettableIdentity(authority.material('istio-system/pilot'));
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'optional' });
    const known = clientOf(port, new SettableIdentity(authority.material('default/reviews')));
    expect(await known.unary(methods.ask, 'who')).toBe('spiffe://cluster.local/ns/default/sa/reviews');
    const stranger = { ...new TrialAuthority().material('default/reviews'), roots: authority.rootPem };
    expect(await clientOf(port, new SettableIdentity(stranger)).unary(methods.ask, 'who')).toBe('nobody');
  });

  it('refuses callers without a certificate of the mesh where one is needed', async () => {
    const tls = new SettableIdentity(authority.material('istio-system/pilot'));
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'require' });
    const stranger = { ...new TrialAuthority().material('default/reviews'), roots: authority.rootPem };
    await expect(clientOf(port, new SettableIdentity(stranger)).unary(methods.ask, 'x')).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    await expect(clientOf(port).unary(methods.ask, 'x')).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('is not believed to be somebody else', async () => {
    const tls = new SettableIdentity(authority.material('istio-system/pilot'));
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'require' });
    const own = new SettableIdentity(authority.material('default/reviews'));
    expect(await clientOf(port, own, 'spiffe://cluster.local/ns/istio-system/sa/pilot').unary(methods.ask, 'x')).toBe(
      'x',
    );
    await expect(
      clientOf(port, own, 'spiffe://cluster.local/ns/istio-system/sa/citadel').unary(methods.ask, 'x'),
    ).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('S32 shows a renewed certificate to new connections while old streams go on', async () => {
    const first = authority.material('istio-system/pilot');
    const tls = new SettableIdentity(first);
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'none' });
    const stream = clientOf(port, new SettableIdentity(authority.material('default/a'))).bidi(methods.talk);
    const answers = stream[Symbol.asyncIterator]() as AsyncIterator<string>;
    stream.write('one');
    expect((await answers.next()).value).toBe('one');
    expect(await shown(port)).toBe(serialOf(first.chain));
    const second = authority.material('istio-system/pilot');
    tls.set(second);
    expect(await shown(port)).toBe(serialOf(second.chain));
    stream.write('two');
    expect((await answers.next()).value).toBe('two');
    stream.write('end');
    expect((await answers.next()).done).toBe(true);
  });

  it('S32 follows a change of roots', async () => {
    const other = new TrialAuthority();
    const tls = new SettableIdentity(authority.material('istio-system/pilot'));
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'require' });
    const caller = (): SettableIdentity =>
      new SettableIdentity({ ...other.material('default/b'), roots: `${authority.rootPem}${other.rootPem}` });
    await expect(clientOf(port, caller()).unary(methods.ask, 'x')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    tls.set({ ...tls.current(), roots: `${authority.rootPem}${other.rootPem}` });
    expect(await clientOf(port, caller()).unary(methods.ask, 'x')).toBe('x');
  });

  it('waits for the certificate of a client that has none yet, and then uses each newest one', async () => {
    const tls = new SettableIdentity(authority.material('istio-system/pilot'));
    const port = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'require' });
    const own = new SettableIdentity();
    const answer = clientOf(port, own).unary(methods.ask, 'who');
    own.set(authority.material('default/late'));
    expect(await answer).toBe('spiffe://cluster.local/ns/default/sa/late');
  });

  it('turns what handlers throw into a status and lives on', async () => {
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const client = clientOf(port);
    await expect(client.unary(methods.ask, 'problem')).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'there is no such thing',
    });
    await expect(client.unary(methods.ask, 'own')).rejects.toMatchObject({
      code: status.OUT_OF_RANGE,
      details: 'too far',
    });
    await expect(client.unary(methods.ask, 'bug')).rejects.toMatchObject({
      code: status.INTERNAL,
      details: 'internal error; the log says more',
    });
    const stream = client.bidi(methods.talk, { metadata: { fail: 'yes' } });
    await expect(new Promise((_, reject) => stream.on('error', reject))).rejects.toMatchObject({
      code: status.INTERNAL,
    });
    expect(await sink.line('secret details')).toMatchObject({ path: '/trial.Service/Ask' });
    expect(await client.unary(methods.ask, 'fine')).toBe('fine');
  });

  it('answers what is malformed, unknown or too large with a status and lives on', async () => {
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const client = clientOf(port);
    const raw = grpcMethod('/trial.Service/Ask', 'unary', rawCodec, rawCodec);
    await expect(client.unary(raw, Buffer.of(0xff))).rejects.toMatchObject({ code: status.INTERNAL });
    const stream = client.bidi(grpcMethod('/trial.Service/Talk', 'bidi', rawCodec, rawCodec));
    stream.write(Buffer.of(0xff));
    await expect(new Promise((_, reject) => stream.on('error', reject))).rejects.toMatchObject({
      code: status.INTERNAL,
    });
    await expect(client.unary({ ...raw, path: '/trial.Service/Nothing' }, Buffer.of(1))).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
    await expect(client.unary(raw, Buffer.alloc(1001))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(5000, 0xff),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff'),
    ])
      await new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => socket.end(bytes));
        socket
          .on('error', () => undefined)
          .on('close', () => {
            resolve();
          });
        socket.resume();
      });
    expect(await client.unary(methods.ask, 'fine')).toBe('fine');
  });

  it('names a port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    await expect(server.listen({ host: '127.0.0.1', port, flag: '--grpc-port' })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use (choose another with --grpc-port)`,
    );
    await new Promise((resolve) => holder.close(resolve));
  });
});
