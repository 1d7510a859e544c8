import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { makeCsr, newJoinToken, formatJoinToken, parseCertificates, parseJoinToken } from '@keelson/core/pki';
import {
  channelCredentials,
  createCertificate,
  GrpcClient,
  grpcMethod,
  rawCodec,
  serverNamesHeader,
  SettableIdentity,
  subjectAltNames,
  type TlsMaterial,
} from '@keelson/edge/service';
import fc from 'fast-check';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { TrialCitadel } from './testing/trial-citadel';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

describe('S30 certificate requests to Citadel', () => {
  let dir: string;
  let citadel: TrialCitadel;
  const clients: GrpcClient[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'citadel-'));
    citadel = await TrialCitadel.start(join(dir, 'data'), '--server-names', 'mesh.example,10.0.0.7');
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await citadel.stop();
    rmSync(dir, { recursive: true });
  });

  function client(material?: TlsMaterial): GrpcClient {
    const made = new GrpcClient(
      citadel.address,
      material === undefined
        ? credentials.createSsl(Buffer.from(citadel.roots))
        : channelCredentials(new SettableIdentity(material)),
    );
    clients.push(made);
    return made;
  }

  interface Ask {
    token?: string;
    csr?: string;
    names?: string;
    seconds?: number;
    as?: TlsMaterial;
    metadata?: Record<string, string>;
  }
  async function ask({
    token,
    csr = makeCsr(newKey()),
    names,
    seconds = 0,
    as,
    metadata = {},
  }: Ask): Promise<[type: string, name: string][]> {
    const sent = {
      ...metadata,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(names !== undefined && { [serverNamesHeader]: names }),
    };
    const { certChain = [] } = await client(as).unary(
      createCertificate,
      { csr, validityDuration: seconds },
      { metadata: sent },
    );
    expect(certChain.at(-1)).toBe(citadel.roots);
    return subjectAltNames(parseCertificates(certChain[0]!)[0]!.subjectAltName ?? '');
  }
  async function refusal(asked: Ask): Promise<{ code: string; details: string }> {
    const error = await ask(asked).then(
      () => undefined,
      (thrown: unknown) => thrown as ServiceError,
    );
    if (error === undefined) throw new Error('it was granted');
    return { code: status[error.code], details: error.details };
  }
  /** A key and a certificate of a workload. */
  async function joined(account: string, namespace = 'default'): Promise<TlsMaterial> {
    const key = newKey();
    const metadata = { authorization: `Bearer ${await citadel.token(account, { namespace })}` };
    const { certChain = [] } = await client().unary(createCertificate, { csr: makeCsr(key) }, { metadata });
    return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), chain: certChain[0]!, roots: citadel.roots };
  }

  it('gives the caller his own identity, whatever the request says', async () => {
    const csr = makeCsr(newKey(), { uris: ['spiffe://cluster.local/ns/istio-system/sa/pilot'], dns: ['localhost'] });
    expect(await ask({ token: await citadel.token('reviews'), csr })).toEqual([
      ['URI', 'spiffe://cluster.local/ns/default/sa/reviews'],
    ]);
    expect(await ask({ as: await joined('ratings'), csr })).toEqual([
      ['URI', 'spiffe://cluster.local/ns/default/sa/ratings'],
    ]);
  });

  it('prefers the certificate to a token that stands beside it', async () => {
    expect(await ask({ as: await joined('ratings'), token: await citadel.token('reviews') })).toEqual([
      ['URI', 'spiffe://cluster.local/ns/default/sa/ratings'],
    ]);
  });

  it('refuses those whom it does not know', async () => {
    const token = await citadel.token('unknown');
    const { id, rootPin } = parseJoinToken(token);
    const forged = formatJoinToken({ ...newJoinToken(rootPin), id });
    expect(await refusal({})).toEqual({
      code: 'UNAUTHENTICATED',
      details: 'neither a certificate nor a join token was shown',
    });
    for (const wrong of [forged, formatJoinToken(newJoinToken(rootPin)), 'kt1.x', 'eyJhbGciOiJSUzI1NiJ9.e30.x'])
      expect(await refusal({ token: wrong })).toEqual({
        code: 'UNAUTHENTICATED',
        details: 'the join token is not known here',
      });
    for (const authorization of [token, `Basic ${token}`, `Bearer ${token} more`, ''])
      expect((await refusal({ metadata: { authorization } })).code).toBe('UNAUTHENTICATED');
    expect(await citadel.used('unknown')).toBe(0);
    const stranger = newKey().export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(ask({ as: { ...(await joined('x')), key: stranger } })).rejects.toThrow();
  });

  it('refuses an expired token', async () => {
    const token = await citadel.token('reviews', { ttl: '1ms' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { code, details } = await refusal({ token });
    expect([code, details]).toEqual(['UNAUTHENTICATED', expect.stringContaining('has expired')]);
  });

  it('refuses a certificate that ended while its connection lived on', async () => {
    const key = newKey();
    const metadata = { authorization: `Bearer ${await citadel.token('brief')}` };
    const { certChain = [] } = await client().unary(
      createCertificate,
      { csr: makeCsr(key), validityDuration: 1 },
      { metadata },
    );
    const material = {
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      chain: certChain[0]!,
      roots: citadel.roots,
    };
    const open = client(material);
    await open.unary(createCertificate, { csr: makeCsr(newKey()) });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(open.unary(createCertificate, { csr: makeCsr(newKey()) })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'the certificate has expired and no join token was shown',
    });
  });

  it('counts no use for a request that is refused', async () => {
    const token = await citadel.token('details');
    expect((await refusal({ token, csr: 'nonsense' })).code).toBe('INVALID_ARGUMENT');
    expect(
      (await refusal({ token, csr: makeCsr(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey) })).code,
    ).toBe('INVALID_ARGUMENT');
    expect((await refusal({ token, seconds: 91 * 86_400 })).details).toContain('longer than');
    expect((await refusal({ token, seconds: Number.MAX_SAFE_INTEGER })).code).toBe('INVALID_ARGUMENT');
    expect((await refusal({ token, names: 'localhost' })).code).toBe('PERMISSION_DENIED');
    expect(await citadel.used('details')).toBe(0);
    expect(await ask({ token })).toHaveLength(1);
  });

  it('gives server names to components only, and only those that are theirs', async () => {
    const pilot = citadel.file('pilot.token').trim();
    const own = [
      'localhost',
      '127.0.0.1',
      'pilot.istio-system.svc',
      'istiod.istio-system.svc',
      'mesh.example',
      '10.0.0.7',
    ];
    expect(await ask({ token: pilot, names: own.join(', ') })).toEqual([
      ['URI', 'spiffe://cluster.local/ns/istio-system/sa/pilot'],
      ['DNS', 'localhost'],
      ['DNS', 'pilot.istio-system.svc'],
      ['DNS', 'istiod.istio-system.svc'],
      ['DNS', 'mesh.example'],
      ['IP Address', '127.0.0.1'],
      ['IP Address', '10.0.0.7'],
    ]);
    expect((await refusal({ token: pilot, names: 'galley.istio-system.svc' })).details).toContain(
      'may not serve as "galley.istio-system.svc"',
    );
    expect((await refusal({ as: await joined('pilot'), names: 'localhost' })).details).toContain(
      'default/pilot is not a component',
    );
    expect((await refusal({ as: await joined('other', 'istio-system'), names: 'localhost' })).code).toBe(
      'PERMISSION_DENIED',
    );
  });

  it('answers hostile input with a status, and works on', async () => {
    const token = await citadel.token('hostile', { uses: 1000 });
    const metadata = { authorization: `Bearer ${token}` };
    expect((await refusal({ token, csr: 'x'.repeat(20_000) })).code).toBe('RESOURCE_EXHAUSTED');
    expect((await refusal({ token, csr: 'x'.repeat(100_000) })).code).toBe('RESOURCE_EXHAUSTED');
    const raw = grpcMethod('/istio.v1.auth.IstioCertificateService/CreateCertificate', 'unary', rawCodec, rawCodec);
    const caller = client();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        await expect(caller.unary(raw, bytes, { metadata })).rejects.toMatchObject({
          code: expect.any(Number) as number,
        });
      }),
      { numRuns: 60 },
    );
    const [host = '', port = ''] = citadel.address.split(':');
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff', '\x00'.repeat(10_000)])
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host, () => socket.end(bytes));
        socket
          .resume()
          .on('error', () => undefined)
          .on('close', () => {
            resolve();
          });
      });
    await new Promise<void>((resolve) => {
      const socket = connectTls({ host, port: Number(port), ca: citadel.roots, ALPNProtocols: ['h2'] }, () =>
        socket.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00'),
      );
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => {
          resolve();
        });
    });
    expect(await ask({ token })).toEqual([['URI', 'spiffe://cluster.local/ns/default/sa/hostile']]);
  });
});

describe('S30 what operators do at Citadel', () => {
  let dir: string;
  let citadel: TrialCitadel;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'citadel-'));
    citadel = await TrialCitadel.start(join(dir, 'data'));
  });
  afterEach(async () => {
    await citadel.stop();
    rmSync(dir, { recursive: true });
  });

  it('is refused to everybody else', async () => {
    const answer = await citadel.admin('GET', '/v1/tokens', undefined, citadel.material('nats'));
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('only spiffe://cluster.local/ns/istio-system/sa/operator');
    const { port } = new URL(`https://127.0.0.1:${citadel.service.ports.get('admin') ?? 0}`);
    await expect(
      new Promise((_, reject) =>
        connectTls({ host: '127.0.0.1', port: Number(port), ca: citadel.roots })
          .resume()
          .on('error', reject),
      ),
    ).rejects.toThrow();
  });

  it('makes, lists and withdraws tokens without ever telling a secret again', async () => {
    const token = await citadel.token('reviews', { uses: 5, ttl: '1h' });
    const { id, secret } = parseJoinToken(token);
    const { body } = await citadel.admin('GET', '/v1/tokens');
    expect(JSON.parse(body)).toContainEqual(
      expect.objectContaining({ id, namespace: 'default', serviceAccount: 'reviews', uses: 5, used: 0 }),
    );
    expect(body).not.toContain(secret);
    expect((await citadel.admin('DELETE', `/v1/tokens/${id}`)).status).toBe(204);
    expect((await citadel.admin('DELETE', `/v1/tokens/${id}`)).status).toBe(404);
    expect(await citadel.admin('GET', '/v1/bundle')).toEqual({ status: 200, body: citadel.roots });
  });

  it.each([
    ['{', 400, 'not JSON'],
    ['[]', 400, 'not a JSON object'],
    [{ namespace: 'default' }, 422, 'serviceAccount'],
    [{ namespace: 'default', serviceAccount: '../x' }, 422, 'is not the name of a service account'],
    [{ namespace: 'a/b', serviceAccount: 'x' }, 422, 'is not the name of a namespace'],
    [{ namespace: 'a', serviceAccount: 'x', uses: 0 }, 422, 'from 1 to 10000'],
    [{ namespace: 'a', serviceAccount: 'x', uses: 1.5 }, 422, 'uses'],
    [{ namespace: 'a', serviceAccount: 'x', ttl: 'soon' }, 422, 'ttl'],
    [{ namespace: 'a', serviceAccount: 'x', ttl: 5 }, 422, 'ttl'],
    [{ namespace: 'a', serviceAccount: 'x', admin: true }, 422, 'admin'],
    ['x'.repeat(70_000), 413, 'too-large'],
  ])('refuses the token request %j', async (body, code, text) => {
    const answer = await citadel.admin('POST', '/v1/tokens', body);
    expect(answer.status).toBe(code);
    expect(answer.body).toContain(text);
  });
});
