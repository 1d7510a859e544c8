import { credentials, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { connect as connectTcp } from 'node:net';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { GrpcClient } from './grpc-client';
import { grpcMethod, rawCodec, type MessageCodec, type UnaryCall } from './grpc-method';
import { GrpcError, GrpcServer } from './grpc-server';
import { peerOf } from './peer';
import { SettableIdentity } from './tls-identity';
import { TrialAuthority } from './testing/authority';
import { LogSink } from './testing/log-sink';
import { framed, rawCall, type RawAnswer, type RawCallOptions } from './testing/raw-call';

const text: MessageCodec<string> = {
  encode: (value) => Buffer.from(value),
  decode: (bytes) => {
    if (bytes[0] === 0xff) throw new Error('not text');
    return Buffer.from(bytes).toString();
  },
};
const methods = {
  ask: grpcMethod('/trial.Service/Ask', 'unary', text, text),
  bytes: grpcMethod('/trial.Service/Bytes', 'unary', rawCodec, rawCodec),
  talk: grpcMethod('/trial.Service/Talk', 'bidi', text, text),
};
const ask = methods.ask.path;
const maxBytes = 1_000_000;

describe('a unary gRPC call', () => {
  let sink: LogSink;
  let server: GrpcServer;
  let port: number;
  let client: GrpcClient;
  let session: ClientHttp2Session;
  let asked: string[];
  /** Calls that wait, by what they asked; each takes what it is to be answered. */
  let waiting: Map<string, { call: UnaryCall; answer: (text: string) => void; fail: (error: unknown) => void }>;
  const endings: (() => void)[] = [];

  beforeEach(async () => {
    sink = new LogSink();
    asked = [];
    waiting = new Map();
    server = new GrpcServer({ log: sink.log, maxReceiveBytes: maxBytes, maxStreams: 50, keepaliveMs: 100 });
    server.addService(methods, {
      ask: (request, call) => {
        asked.push(request);
        if (request.startsWith('wait'))
          return new Promise((answer, fail) => waiting.set(request, { call, answer, fail }));
        if (request === 'refuse') throw new GrpcError(status.OUT_OF_RANGE, 'größer als 100%');
        if (request === 'bug') throw new Error('secret details');
        if (request === 'metadata') return JSON.stringify(call.metadata.getMap());
        if (request === 'who') return peerOf(call)?.spiffeIds.join() ?? 'nobody';
        return `${request}!`;
      },
      bytes: (request) => request,
      talk: (call) => {
        call.on('data', (word: string) => {
          if (word === 'end') call.end();
          else if (word === 'fail') throw new GrpcError(status.OUT_OF_RANGE, 'x');
          else call.write(`${word}?`);
        });
      },
    });
    port = await server.listen({ host: '127.0.0.1', port: 0 });
    client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
    session = await open();
  });
  afterEach(async () => {
    for (const end of endings.splice(0)) end();
    client.close();
    await server.stop(0);
  });

  const open = async (settings = {}): Promise<ClientHttp2Session> => {
    const opened = connect(`http://127.0.0.1:${port}`, { settings });
    endings.push(() => {
      opened.destroy();
    });
    await new Promise((resolve, reject) => {
      opened.on('error', reject);
      opened.once('remoteSettings', resolve);
    });
    return opened;
  };
  const call = (options: RawCallOptions, path = ask): Promise<RawAnswer> => rawCall(session, path, options);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const refused = (code: status, details?: string): unknown =>
    expect.objectContaining({
      headers: expect.objectContaining({ ':status': 200, 'content-type': 'application/grpc+proto' }) as unknown,
      trailersOnly: true,
      body: Buffer.alloc(0),
      trailers: expect.objectContaining({
        'grpc-status': String(code),
        ...(details !== undefined && { 'grpc-message': details }),
      }) as unknown,
    });

  describe('that is plain', () => {
    it('is answered by headers, a message and trailers, and does not go through grpc-js', async () => {
      const answer = await call({ pieces: [framed('hello')] });
      expect(answer.headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' });
      // What grpc-js answers has this header.
      expect(answer.headers['grpc-accept-encoding']).toBeUndefined();
      expect(answer.body).toEqual(framed('hello!'));
      expect(answer).toMatchObject({ trailersOnly: false, trailers: { 'grpc-status': '0' }, rstCode: 0 });
    });

    it('is understood by a real client, at once, later, and empty', async () => {
      expect(await client.unary(methods.ask, 'hello')).toBe('hello!');
      expect(await client.unary(methods.ask, '')).toBe('!');
      const later = client.unary(methods.ask, 'wait');
      await until(() => waiting.has('wait'));
      waiting.get('wait')?.answer('now');
      expect(await later).toBe('now');
    });

    it('tells its handler the metadata, and not what belongs to the protocol', async () => {
      const metadata = { 'x-one': 'first', 'x-two-bin': Buffer.from('hello').toString('base64') };
      const answer = await call({
        headers: { ...metadata, 'grpc-timeout': '1H', 'grpc-accept-encoding': 'gzip' },
        pieces: [framed('metadata')],
      });
      const map = JSON.parse(answer.body.subarray(5).toString()) as Record<string, unknown>;
      expect(map['x-one']).toBe('first');
      expect(Object.keys(map).sort()).toEqual(['x-one', 'x-two-bin']);
    });

    it('shares its connection with streams and other calls', async () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': methods.talk.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const said: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => said.push(chunk));
      const trailers = new Promise((resolve) => stream.once('trailers', resolve));
      stream.write(framed('one'));
      const calls = Array.from({ length: 40 }, (_, index) => call({ pieces: [framed(`call ${index}`)] }));
      const answers = await Promise.all(calls);
      expect(answers.map(({ body }) => body.subarray(5).toString())).toEqual(
        answers.map((_, index) => `call ${index}!`),
      );
      stream.write(framed('two'));
      stream.end(framed('end'));
      expect(await trailers).toMatchObject({ 'grpc-status': '0' });
      expect(Buffer.concat(said)).toEqual(Buffer.concat([framed('one?'), framed('two?')]));
    });
  });

  describe('whose bytes come in pieces', () => {
    it('is put together from many DATA frames, and is not answered before it ends', async () => {
      const bytes = framed('hello');
      expect((await call({ pieces: Array.from(bytes, (byte) => Uint8Array.of(byte)) })).body).toEqual(framed('hello!'));
      const stream = session.request({ ':method': 'POST', ':path': ask, 'content-type': 'application/grpc' });
      endings.push(() => {
        stream.destroy();
      });
      stream.write(framed('unended'));
      expect((await call({ pieces: [framed('after')] })).body).toEqual(framed('after!'));
      expect(asked).toEqual(['hello', 'after']);
    });

    it('is answered the same however its bytes are cut', async () => {
      const wire = fc.oneof(
        fc.string({ maxLength: 60 }).map((word) => framed(word)),
        fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
        fc
          .tuple(fc.string({ maxLength: 9 }), fc.uint8Array({ minLength: 1, maxLength: 9 }))
          .map(([word, rest]) => Buffer.concat([framed(word), rest])),
      );
      const seen = ({ body, trailers }: RawAnswer): unknown => [
        body,
        trailers['grpc-status'],
        trailers['grpc-message'],
      ];
      await fc.assert(
        fc.asyncProperty(wire, fc.array(fc.nat(80), { maxLength: 6 }), async (bytes, at) => {
          fc.pre(!bytes.includes('wait'));
          const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(seen(await call({ pieces }))).toEqual(seen(await call({ pieces: [bytes] })));
        }),
        { numRuns: 150 },
      );
    });

    it('may be large both ways, by the windows of the connection', async () => {
      const large = Buffer.alloc(maxBytes, 'ab');
      expect(Buffer.compare(Buffer.from(await client.unary(methods.bytes, large)), large)).toBe(0);
      const narrow = await open({ initialWindowSize: 1_000 });
      const answer = await rawCall(narrow, methods.bytes.path, { pieces: [framed(large)] });
      expect(Buffer.compare(answer.body, framed(large))).toBe(0);
      expect(answer.trailers).toMatchObject({ 'grpc-status': '0' });
    });
  });

  describe('whose bytes do not come', () => {
    let watched: GrpcServer;
    beforeEach(async () => {
      watched = new GrpcServer({ log: sink.log, maxReceiveBytes: maxBytes, bodyMs: 300, maxBodies: 5 });
      watched.addService(methods, {
        ask: async (request) => {
          asked.push(request);
          if (request === 'slow') await new Promise((resolve) => setTimeout(resolve, 700));
          return `${request}!`;
        },
        bytes: (request) => request,
        talk: (stream) => {
          stream.on('data', (word: string) => {
            if (word === 'end') stream.end();
            else stream.write(`${word}?`);
          });
        },
      });
      port = await watched.listen({ host: '127.0.0.1', port: 0 });
      session = await open();
    });
    afterEach(() => watched.stop(0));
    const part = [framed('hello').subarray(0, 7)];

    it('is refused after a time, also where it brought nothing or has more time for its answer', async () => {
      const unended = { open: true, patienceMs: 3_000 };
      const started = performance.now();
      const answers = await Promise.all([
        call({ ...unended, pieces: part }),
        call(unended),
        call({ ...unended, pieces: part, headers: { 'grpc-timeout': '1H' } }),
        call({ ...unended, pieces: [framed('not ended')] }),
      ]);
      expect(performance.now() - started).toBeGreaterThan(290);
      for (const answer of answers) {
        expect(answer).toEqual(refused(status.DEADLINE_EXCEEDED, 'the request did not come in within 300 ms'));
        expect(answer.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
      }
      expect((await call({ pieces: [framed('fine')] })).body).toEqual(framed('fine!'));
      expect(asked).toEqual(['fine']);
    });

    it('is cut where grpc-js takes it in, or does not know it', async () => {
      const unended = { open: true, patienceMs: 3_000, pieces: [framed('hello', 1).subarray(0, 7)] };
      const [compressed, unknown] = await Promise.all([
        call({ ...unended, headers: { 'grpc-encoding': 'gzip' } }),
        call(unended, '/trial.Service/Nothing'),
      ]);
      expect(compressed).toMatchObject({ late: false, rstCode: constants.NGHTTP2_CANCEL });
      expect(unknown.late).toBe(false);
    });

    it('is not mistaken for one whose answer takes its time, or for a stream', async () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': methods.talk.path,
        'content-type': 'application/grpc',
      });
      const trailers = new Promise((resolve) => stream.once('trailers', resolve));
      stream.resume();
      stream.write(framed('word'));
      const slow = { pieces: [framed('slow')] };
      const compressed = { headers: { 'grpc-encoding': 'gzip' }, pieces: [framed(gzipSync('slow'), 1)] };
      for (const { body } of await Promise.all([call(slow), call(compressed)])) expect(body).toEqual(framed('slow!'));
      stream.end(framed('end'));
      expect(await trailers).toMatchObject({ 'grpc-status': '0' });
    });

    it('gives way to others where there are too many of them', async () => {
      const held = Array.from({ length: 5 }, () => call({ pieces: part, open: true }));
      expect((await call({ pieces: [framed('fine')] })).body).toEqual(framed('fine!'));
      expect(await held[0]).toEqual(refused(status.UNAVAILABLE));
      for (const answer of await Promise.all(held.slice(1))) expect(answer).toEqual(refused(status.DEADLINE_EXCEEDED));
    });
  });

  describe('that is no call', () => {
    it('is refused by headers alone, and its message is percent-encoded', async () => {
      expect(await call({ pieces: [framed('refuse')] })).toEqual(
        refused(status.OUT_OF_RANGE, 'gr%C3%B6%C3%9Fer als 100%25'),
      );
      await expect(client.unary(methods.ask, 'refuse')).rejects.toMatchObject({
        code: status.OUT_OF_RANGE,
        details: 'größer als 100%',
      });
    });

    it('is not told what is wrong inside', async () => {
      expect(await call({ pieces: [framed('bug')] })).toEqual(
        refused(status.INTERNAL, 'internal error; the log says more'),
      );
      expect(await sink.line('secret details')).toMatchObject({ path: ask });
      const later = call({ pieces: [framed('wait')] });
      await until(() => waiting.has('wait'));
      waiting.get('wait')?.fail(new GrpcError(status.ABORTED, 'later'));
      expect(await later).toEqual(refused(status.ABORTED, 'later'));
    });

    it('has no message, two, or a part of one', async () => {
      expect(await call({})).toEqual(refused(status.UNIMPLEMENTED));
      expect(await call({ pieces: [Buffer.concat([framed('a'), framed('b')])] })).toEqual(
        refused(status.UNIMPLEMENTED),
      );
      expect(await call({ pieces: [framed('a'), framed('b')], open: true })).toEqual(refused(status.UNIMPLEMENTED));
      expect(await call({ pieces: [framed('hello').subarray(0, 7)] })).toEqual(refused(status.INTERNAL));
      expect(await call({ pieces: [framed(Buffer.of(0xff))] })).toEqual(refused(status.INTERNAL));
      expect(asked).toEqual([]);
    });

    it('is too large, which is told before the rest was sent, and the rest is not wanted', async () => {
      const head = framed(Buffer.alloc(maxBytes + 1)).subarray(0, 5);
      const answer = await call({ pieces: [head], open: true });
      expect(answer).toEqual(
        refused(status.RESOURCE_EXHAUSTED, `the request has ${maxBytes + 1} bytes; ${maxBytes} are taken in`),
      );
      expect(answer.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
      // It fails once, though several frames come in one read.
      const frames = framed(Buffer.alloc(maxBytes + 1)).subarray(0, 60_000);
      expect(await call({ pieces: [frames], open: true })).toEqual(refused(status.RESOURCE_EXHAUSTED));
      await expect(client.unary(methods.bytes, Buffer.alloc(2 * maxBytes))).rejects.toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
      });
      expect(await client.unary(methods.ask, 'fine')).toBe('fine!');
    });

    it('names a method that is not there, or is no gRPC', async () => {
      expect((await call({ pieces: [framed('x')] }, '/trial.Service/Nothing')).trailers).toMatchObject({
        'grpc-status': String(status.UNIMPLEMENTED),
      });
      for (const type of ['text/plain', 'application/json', 'application/grp'])
        expect((await call({ headers: { 'content-type': type }, pieces: [framed('x')] })).headers[':status']).toBe(415);
      expect(
        (await call({ headers: { 'content-type': 'application/grpc+proto' }, pieces: [framed('x')] })).body,
      ).toEqual(framed('x!'));
      expect(asked).toEqual(['x']);
    });
  });

  describe('that is compressed', () => {
    it('is read where its encoding is known', async () => {
      const headers = { 'grpc-encoding': 'gzip' };
      const answer = await call({ headers, pieces: [framed(gzipSync('hello'), 1)] });
      expect(answer.body).toEqual(framed('hello!'));
      expect(answer.headers['grpc-accept-encoding']).toContain('gzip');
      expect((await call({ headers, pieces: [framed('plain')] })).body).toEqual(framed('plain!'));
      const identity = { 'grpc-encoding': 'identity' };
      expect((await call({ headers: identity, pieces: [framed('x')] })).body).toEqual(framed('x!'));
    });

    it('is refused where it is not', async () => {
      const answer = await call({ headers: { 'grpc-encoding': 'snappy' }, pieces: [framed('x', 1)] });
      expect(answer.trailers['grpc-status']).toBe(String(status.UNIMPLEMENTED));
      expect(await call({ pieces: [framed('x', 1)] })).toEqual(refused(status.INTERNAL));
      const bomb = gzipSync(Buffer.alloc(maxBytes + 1));
      const burst = await call({ headers: { 'grpc-encoding': 'gzip' }, pieces: [framed(bomb, 1)] });
      expect(burst.trailers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
      expect(asked).toEqual([]);
    });
  });

  describe('that nobody waits for', () => {
    it('ends when its time is up, whether it works or is still sent', async () => {
      const headers = { 'grpc-timeout': '50m' };
      expect(await call({ headers, pieces: [framed('wait')] })).toEqual(refused(status.DEADLINE_EXCEEDED));
      expect(waiting.get('wait')?.call.cancelled).toBe(true);
      waiting.get('wait')?.answer('too late');
      const unended = await call({ headers, pieces: [framed('hello').subarray(0, 7)], open: true });
      expect(unended).toEqual(refused(status.DEADLINE_EXCEEDED));
      await expect(client.unary(methods.ask, 'wait', { timeoutMs: 50 })).rejects.toMatchObject({
        code: status.DEADLINE_EXCEEDED,
      });
      expect((await call({ headers: { 'grpc-timeout': '99999999H' }, pieces: [framed('x')] })).body).toEqual(
        framed('x!'),
      );
      const wrong = await call({ headers: { 'grpc-timeout': 'soon' }, pieces: [framed('x')] });
      expect(wrong.trailers['grpc-status']).toBe(String(status.INTERNAL));
    });

    it('is answered once where its time is up just before its answer', async () => {
      const answer = call({ headers: { 'grpc-timeout': '20m' }, pieces: [framed('wait')] });
      await until(() => waiting.has('wait'));
      setTimeout(() => waiting.get('wait')?.answer('late'), 30);
      // Both timers are due when the event loop comes back.
      const end = performance.now() + 60;
      while (performance.now() < end);
      expect(await answer).toEqual(refused(status.DEADLINE_EXCEEDED));
      expect(sink.lines).toEqual([]);
    });

    it('is told to its handler when it is cancelled, and its answer goes nowhere', async () => {
      const stream = session.request({ ':method': 'POST', ':path': ask, 'content-type': 'application/grpc' });
      stream.on('error', () => undefined);
      stream.end(framed('wait'));
      await until(() => waiting.has('wait'));
      const held = waiting.get('wait');
      expect(held?.call.cancelled).toBe(false);
      stream.close(constants.NGHTTP2_CANCEL);
      await until(() => held?.call.cancelled === true);
      held?.answer('nobody hears this');
      expect((await call({ pieces: [framed('next')] })).body).toEqual(framed('next!'));
      expect(sink.lines).toEqual([]);
    });

    it('is not handled when it is reset before it ended', async () => {
      const frame = (type: number, flags: number, id: number, payload: Uint8Array): Buffer =>
        Buffer.concat([Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, id), payload]);
      // HPACK: POST and http by the static table; an authority, a path and a content type as literals.
      const headers = Buffer.concat([
        Buffer.of(0x83, 0x86, 0x01, 1, 0x78, 0x04, ask.length),
        Buffer.from(ask),
        Buffer.of(0x0f, 0x10, 'application/grpc'.length),
        Buffer.from('application/grpc'),
      ]);
      const socket = connectTcp(port, '127.0.0.1');
      endings.push(() => socket.destroy());
      const acknowledged = new Promise<void>((resolve) => {
        socket.on('data', (chunk: Buffer) => {
          if (chunk.includes(frame(6, 1, 0, Buffer.alloc(8, 7)))) resolve();
        });
      });
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      socket.write(frame(4, 0, 0, Buffer.alloc(0)));
      for (const [id, word, flags] of [
        [1, 'whole', 1],
        [3, 'reset', 0],
      ] as const) {
        socket.write(frame(1, 4, id, headers));
        socket.write(frame(0, flags, id, framed(word)));
      }
      socket.write(frame(3, 0, 3, Buffer.of(0, 0, 0, constants.NGHTTP2_CANCEL)));
      socket.write(frame(6, 0, 0, Buffer.alloc(8, 7)));
      await acknowledged;
      await until(() => asked.includes('whole'));
      expect((await call({ pieces: [framed('next')] })).body).toEqual(framed('next!'));
      expect(asked).toEqual(['whole', 'next']);
    });

    it('does not take the server down when its connection is cut', async () => {
      const other = await open();
      const lost = rawCall(other, ask, { pieces: [framed('wait')] });
      await until(() => waiting.has('wait'));
      other.destroy();
      await lost.catch(() => undefined);
      const held = waiting.get('wait');
      await until(() => held?.call.cancelled === true);
      expect(held && peerOf(held.call)).toBeUndefined();
      held?.answer('nobody hears this');
      expect(await client.unary(methods.ask, 'fine')).toBe('fine!');
    });
  });

  describe('among too many', () => {
    it('waits behind those that a slow reader leaves unread', async () => {
      const slow = await open({ initialWindowSize: 0 });
      expect(slow.remoteSettings.maxConcurrentStreams).toBe(50);
      const streams = Array.from({ length: 200 }, (_, index) => {
        const stream = slow.request({ ':method': 'POST', ':path': ask, 'content-type': 'application/grpc' });
        stream.on('error', () => undefined);
        stream.end(framed(`slow ${index}`));
        return stream;
      });
      await until(() => asked.length >= 50);
      expect(await client.unary(methods.ask, 'fine')).toBe('fine!');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(asked.filter((word) => word.startsWith('slow'))).toHaveLength(50);
      slow.destroy();
      expect(streams).toHaveLength(200);
    });

    it('does not suffer from a connection that opens and resets calls without end', async () => {
      const flood = await open();
      const ended = new Promise<number | undefined>((resolve) => {
        flood.on('goaway', resolve);
        flood.on('close', () => {
          resolve(undefined);
        });
      });
      const pour = (): void => {
        for (let count = 0; count < 50 && !flood.destroyed && !flood.closed; count++) {
          const stream = flood.request({ ':method': 'POST', ':path': ask, 'content-type': 'application/grpc' });
          stream.on('error', () => undefined);
          stream.write(framed('flood').subarray(0, 3));
          setImmediate(() => {
            stream.close(constants.NGHTTP2_CANCEL);
          });
        }
        if (!flood.destroyed && !flood.closed) setTimeout(pour, 1);
      };
      pour();
      await ended;
      expect(asked).toEqual([]);
      expect(await client.unary(methods.ask, 'fine')).toBe('fine!');
    });
  });

  describe('on a connection', () => {
    it('that is probed while it is idle', async () => {
      await new Promise((resolve) => session.once('ping', resolve));
      expect((await call({ pieces: [framed('alive')] })).body).toEqual(framed('alive!'));
    });

    it('that is told to go away is still answered', async () => {
      const goaway = new Promise((resolve) => session.once('goaway', resolve));
      const running = call({ pieces: [framed('wait')] });
      await until(() => waiting.has('wait'));
      const stopped = server.stop(5_000);
      expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
      waiting.get('wait')?.answer('last');
      expect((await running).body).toEqual(framed('last'));
      await stopped;
      await expect(open()).rejects.toThrow();
    });

    it('is cut when it is not answered in time', async () => {
      const running = call({ pieces: [framed('wait')] });
      await until(() => waiting.has('wait'));
      await server.stop(50);
      const { trailers } = await running.catch(() => ({ trailers: {} }));
      expect(trailers).toEqual({});
      waiting.get('wait')?.answer('nobody hears this');
    });

    it('is known by the certificate that was shown on it, call after call', async () => {
      const authority = new TrialAuthority();
      const tls = new SettableIdentity(authority.material('istio-system/pilot'));
      const secure = await server.listen({ host: '127.0.0.1', port: 0, tls, clientCert: 'optional' });
      const own = authority.material('default/reviews');
      const known = connect(`https://127.0.0.1:${secure}`, { ca: own.roots, key: own.key, cert: own.chain });
      const unknown = connect(`https://127.0.0.1:${secure}`, { ca: own.roots });
      endings.push(() => {
        known.destroy();
        unknown.destroy();
      });
      for (let turn = 0; turn < 3; turn++) {
        const [first, second] = await Promise.all(
          [known, unknown].map((each) => rawCall(each, ask, { pieces: [framed('who')] })),
        );
        expect(first?.body).toEqual(framed('spiffe://cluster.local/ns/default/sa/reviews'));
        expect(second?.body).toEqual(framed('nobody'));
      }
      expect(known.alpnProtocol).toBe('h2');
    });

    it('of random bytes is of no effect on others', async () => {
      const settings = Buffer.from('000000040000000000', 'hex');
      const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings]);
      const frame = fc
        .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(10), fc.nat(255), fc.nat(9))
        .map(([payload, type, flags, id]) =>
          Buffer.concat([Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, id), payload]),
        );
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some)),
        fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.concat([preface, some])),
        fc.array(frame, { maxLength: 12 }).map((frames) => Buffer.concat([preface, ...frames])),
      );
      const send = (sent: Uint8Array): Promise<void> =>
        new Promise<void>((resolve) => {
          const socket = connectTcp(port, '127.0.0.1', () => {
            // A connection that is left half open is cut when it does not answer a ping.
            socket.write(sent, () => setTimeout(() => socket.destroy(), 5));
          });
          socket
            .on('error', () => undefined)
            .on('close', () => {
              resolve();
            });
          socket.resume();
        });
      await fc.assert(
        fc.asyncProperty(fc.array(bytes, { maxLength: 20 }), async (all) => {
          await Promise.all(all.map(send));
        }),
        { numRuns: 40 },
      );
      expect((await call({ pieces: [framed('fine')] })).body).toEqual(framed('fine!'));
      expect(asked).toEqual(['fine']);
    });
  });
});
