import { problemError } from '@keelson/core/problems';
import { X509Certificate } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { HttpServer } from './http-server';
import { SettableIdentity, type TlsMaterial } from './tls-identity';
import { TrialAuthority } from './testing/authority';
import { LogSink } from './testing/log-sink';

describe('an HTTP server', () => {
  const sink = new LogSink();
  let server: HttpServer;
  let base: string;
  let port: number;

  beforeEach(async () => {
    server = new HttpServer({ log: sink.log, bodyLimit: 1000 });
    server.route('GET', '/apis/:group/:name', ({ params, query }) => ({
      status: 200,
      body: { ...params, limit: query.get('limit') },
    }));
    server.route('POST', '/echo', async (request) => ({ status: 200, body: await request.body() }));
    server.route('GET', '/files/*', ({ params }) => ({ status: 200, body: params['*'] }));
    server.route('GET', '/problem', () => {
      throw problemError('unknown-field', 'there is no such field', {
        object: 'VirtualService default/a',
        field: 'spec.htpp',
        line: 3,
      });
    });
    server.route('GET', '/bug', () => {
      throw new Error('secret details');
    });
    server.route('GET', '/peer', ({ peer }) => ({ status: 200, body: peer?.spiffeIds ?? [] }));
    server.route('GET', '/local', ({ local }) => ({ status: 200, body: String(local) }));
    port = await server.listen({ host: '0.0.0.0', port: 0 });
    base = `http://127.0.0.1:${port}`;
  });
  afterEach(() => server.stop(0));

  it('knows callers on this machine from others', async () => {
    expect(await (await fetch(`${base}/local`)).text()).toBe('true');
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    // A connection to one of the machine's own addresses comes from that address. Without a network there is none.
    if (outside === undefined) return;
    expect(await (await fetch(`http://${outside.address}:${port}/local`)).text()).toBe('false');
  });

  it('finds routes by method and path', async () => {
    const found = await fetch(`${base}/apis/networking.istio.io/a%2Fb?limit=3`);
    expect(await found.json()).toEqual({ group: 'networking.istio.io', name: 'a/b', limit: '3' });
    expect(await (await fetch(`${base}/files/a/b/c`)).text()).toBe('a/b/c');
    expect((await fetch(`${base}/apis/x`)).status).toBe(404);
    expect((await fetch(`${base}/apis/x/%zz`)).status).toBe(400);
    const wrong = await fetch(`${base}/echo`);
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    const head = await fetch(`${base}/files/a`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('answers problems with their object and field, and bugs without their details', async () => {
    const refused = await fetch(`${base}/problem`);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toEqual({
      error: {
        code: 'unknown-field',
        problems: [
          {
            code: 'unknown-field',
            message: 'there is no such field',
            object: 'VirtualService default/a',
            field: 'spec.htpp',
            line: 3,
          },
        ],
      },
    });
    const bug = await fetch(`${base}/bug`);
    expect(bug.status).toBe(500);
    expect(await bug.text()).not.toContain('secret');
    await sink.line('secret details');
  });

  it.each([1000, 1001, 9_000_000])('takes bodies up to its limit (%d bytes)', async (size) => {
    const answer = await fetch(`${base}/echo`, { method: 'POST', body: 'x'.repeat(size) });
    expect(answer.status).toBe(size <= 1000 ? 200 : 413);
    if (size <= 1000) expect((await answer.text()).length).toBe(size);
    else
      expect(await answer.json()).toMatchObject({
        error: { code: 'too-large', problems: [{ message: 'the body is larger than 1000 bytes' }] },
      });
  });

  it('refuses a long body that does not tell its length', async () => {
    const chunks = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < 20; at++) controller.enqueue(Buffer.alloc(100, 'x'));
        controller.close();
      },
    });
    const answer = await fetch(`${base}/echo`, { method: 'POST', body: chunks, duplex: 'half' });
    expect(answer.status).toBe(413);
  });

  it('lives on after what is not HTTP', async () => {
    for (const bytes of [
      '\x00\xff\xff',
      'GET\r\n\r\n',
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ])
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
        socket
          .resume()
          .on('error', () => undefined)
          .on('close', () => {
            resolve();
          });
      });
    expect((await fetch(`${base}/files/a`)).status).toBe(200);
  });

  describe('with TLS', () => {
    const authority = new TrialAuthority();
    let secure: HttpServer;
    let identity: SettableIdentity;
    beforeEach(() => {
      secure = new HttpServer({ log: sink.log });
      secure.route('GET', '/peer', ({ peer }) => ({ status: 200, body: peer?.spiffeIds ?? [] }));
      identity = new SettableIdentity(authority.material('istio-system/galley'));
    });
    afterEach(() => secure.stop(0));

    const get = (to: number, client?: TlsMaterial): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const agent = new Agent({ keepAlive: false });
        const credentials = client === undefined ? {} : { key: client.key, cert: client.chain };
        const call = httpsRequest(
          { host: '127.0.0.1', port: to, path: '/peer', ca: authority.rootPem, agent, ...credentials },
          (response) => {
            let body = '';
            response.on('data', (chunk: Buffer) => (body += chunk.toString()));
            response.on('end', () => {
              resolve(JSON.parse(body));
            });
          },
        );
        call.on('error', reject);
        call.end();
      });

    it('knows its callers', async () => {
      const to = await secure.listen({ host: '127.0.0.1', port: 0, tls: identity, clientCert: 'optional' });
      expect(await get(to, authority.material('istio-system/operator'))).toEqual([
        'spiffe://cluster.local/ns/istio-system/sa/operator',
      ]);
      expect(await get(to)).toEqual([]);
      expect(await get(to, new TrialAuthority().material('istio-system/operator'))).toEqual([]);
    });

    it('refuses strangers where a certificate is needed', async () => {
      const to = await secure.listen({ host: '127.0.0.1', port: 0, tls: identity, clientCert: 'require' });
      await expect(get(to)).rejects.toThrow();
      await expect(get(to, new TrialAuthority().material('istio-system/operator'))).rejects.toThrow();
      expect(await get(to, authority.material('default/a'))).toEqual(['spiffe://cluster.local/ns/default/sa/a']);
    });

    it('S32 shows a renewed certificate to new connections', async () => {
      const to = await secure.listen({ host: '127.0.0.1', port: 0, tls: identity, clientCert: 'none' });
      const serial = (): Promise<string | undefined> =>
        new Promise((resolve, reject) => {
          const socket = connectTls({ host: '127.0.0.1', port: to, ca: authority.rootPem }, () => {
            const peer: Partial<PeerCertificate> = socket.getPeerCertificate();
            resolve(peer.serialNumber);
            socket.destroy();
          });
          socket.on('error', reject);
        });
      expect(await serial()).toBe(new X509Certificate(identity.current().chain).serialNumber);
      const renewed = authority.material('istio-system/galley');
      identity.set(renewed);
      expect(await serial()).toBe(new X509Certificate(renewed.chain).serialNumber);
    });
  });
});
