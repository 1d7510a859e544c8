import { HeaderOperation_Operation as Operation } from '@keelson/api/istio/mixer/v1/mixer';
import { QuotaSpec } from '@keelson/api/istio/mixer/v1/config/client/quota';
import { Attributes as PlainAttributes, type Attributes_AttributeValue } from '@keelson/api/istio/mixer/v1/attributes';
import { status } from '@grpc/grpc-js';
import type { Attribute, Attributes } from '@keelson/core/attributes';
import {
  channelCredentials,
  createLog,
  GrpcClient,
  GrpcServer,
  grpcMethod,
  GrpcError,
  rawCodec,
} from '@keelson/edge/service';
import { freePort, TrialAuthority } from '@keelson/edge/service/testing';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { addEnvoyPolicy, EnvoyCounters, RemoteBackend } from '.';
import type { Direction } from './envoy/facts';
import { envoyConfig } from './testing/envoy-config';
import { EnvoyProcess } from './testing/envoy-process';
import { PlainMixer, type Told } from './testing/plain-mixer';

const log = createLog('test', 'silent');

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function get(options: RequestOptions, secure = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ask = secure ? httpsRequest : httpRequest;
    const sent = ask({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function local(direction: Direction): Attributes {
  const side = direction === 'inbound' ? 'destination' : 'source';
  const text = (value: string): Attribute => ({ type: 'STRING', value });
  return new Map<string, Attribute>([
    [`${side}.uid`, text('kubernetes://ratings-1.shop')],
    [`${side}.namespace`, text('shop')],
    [`${side}.labels`, { type: 'STRING_MAP', value: new Map([['app', 'ratings']]) }],
  ]);
}

/** What a proxy says of its workload. */
function said(values: Record<string, string>): string {
  const attributes: Record<string, Attributes_AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) attributes[name] = { value: { $case: 'stringValue', value } };
  return Buffer.from(PlainAttributes.encode({ attributes }).finish()).toString('base64');
}

const statics = {
  'context.reporter.kind': 'inbound',
  'destination.service.host': 'ratings.shop.svc.cluster.local',
  'destination.service.name': 'ratings',
};

const quotaSpecs = Buffer.from(
  QuotaSpec.encode({ rules: [{ match: [], quotas: [{ quota: 'requestcount', charge: 1 }] }] }).finish(),
).toString('base64');

const { REPLACE, REMOVE, APPEND } = Operation;

const say = grpcMethod('/grpc.Test/Say', 'unary', rawCodec, rawCodec);

describe('a real Envoy with checks and access logs', () => {
  const mixer = new PlainMixer();
  const envoy = new EnvoyProcess();
  const authority = new TrialAuthority();
  let backend: RemoteBackend;
  const server = new GrpcServer({ log });
  let application: Server;
  let tcpApplication: TcpServer;
  let grpcApplication: GrpcServer;
  let received: IncomingHttpHeaders = {};
  const ports = { inbound: 0, secure: 0, outbound: 0, tcp: 0 };

  beforeAll(async () => {
    mixer.version = '1';
    await mixer.start();
    backend = new RemoteBackend({ address: mixer.address, log, transport: { reportBatchMaxTimeMs: 20 } });
    const path = join(envoy.folder, 'policy.sock');
    addEnvoyPolicy(server, { backend, local, counters: new EnvoyCounters(), log });
    await server.listenOnSocket(path);
    application = createServer((request, response) => {
      received = request.headers;
      response.setHeader('x-app', 'yes');
      response.end(`served ${request.url}`);
    });
    application.listen(0, '127.0.0.1');
    tcpApplication = createTcpServer((connection) => connection.pipe(connection));
    tcpApplication.listen(0, '127.0.0.1');
    grpcApplication = new GrpcServer({ log });
    grpcApplication.addService(
      { say },
      {
        say: (bytes) => {
          if (bytes.length === 0) throw new GrpcError(status.NOT_FOUND, 'nothing was said');
          return bytes;
        },
      },
    );
    const grpcPort = await grpcApplication.listen({ host: '127.0.0.1', port: 0 });
    for (const name of ['inbound', 'secure', 'outbound', 'tcp'] as const) ports[name] = await freePort();
    const places = {
      ...ports,
      socket: path,
      admin: join(envoy.folder, 'admin.sock'),
      application: (application.address() as AddressInfo).port,
      tcpApplication: (tcpApplication.address() as AddressInfo).port,
      grpcApplication: grpcPort,
    };
    await envoy.start(
      envoyConfig(places, authority.material('shop/ratings'), {
        '/grpc.': statics,
        '/quota': { ...statics, 'istio.quota_specs': quotaSpecs },
        '/': statics,
      }),
    );
  });

  // What an earlier test was answered does not count in the next.
  let version = 1;
  beforeEach(async () => {
    const { policyChanges } = backend.counters;
    mixer.change(String(++version));
    while (backend.counters.policyChanges === policyChanges) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  afterAll(async () => {
    await envoy.stop();
    await server.stop(0);
    await backend.close();
    await mixer.stop();
    await grpcApplication.stop(0);
    application.close();
    tcpApplication.close();
  });

  /** The records of requests or connections that fit, when there are so many. */
  async function reported(fits: (told: Told) => boolean, count = 1): Promise<Told[]> {
    await mixer.until(() => mixer.reports.filter(fits).length >= count);
    return mixer.reports.filter(fits);
  }

  const of = (path: string) => (told: Told) => told['request.path'] === path;

  it('S40 lets requests pass or denies them, as Mixer says, and asks once', async () => {
    mixer.onCheck = ({ 'request.path': path }) => ({
      code: path === '/no' ? 7 : 0,
      message: 'denier.shop:Not allowed',
      references: ['request.path', 'destination.service.name'],
    });
    const before = mixer.checks.length;
    for (let i = 0; i < 3; i++) {
      expect(await get({ port: ports.inbound, path: '/yes' })).toMatchObject({ status: 200, body: 'served /yes' });
      const denied = await get({ port: ports.inbound, path: '/no' });
      expect(denied).toMatchObject({ status: 403, body: 'PERMISSION_DENIED:denier.shop:Not allowed' });
    }
    expect(mixer.checks.length - before).toBe(2);
  });

  it('S42 S11 reports them with what Envoy, the route and the workload tell', async () => {
    const [yes, no] = [await reported(of('/yes'), 3), await reported(of('/no'), 3)];
    expect(yes[0]).toMatchObject({
      'source.ip': Buffer.from([127, 0, 0, 1]),
      'destination.ip': Buffer.from([127, 0, 0, 1]),
      'destination.port': ports.inbound,
      'destination.service.name': 'ratings',
      'destination.uid': 'kubernetes://ratings-1.shop',
      'destination.namespace': 'shop',
      'destination.labels': { app: 'ratings' },
      'request.method': 'GET',
      'request.host': `127.0.0.1:${ports.inbound}`,
      'request.url_path': '/yes',
      'request.scheme': 'http',
      'request.size': 0,
      'response.code': 200,
      'response.size': 'served /yes'.length,
      'connection.mtls': false,
      'context.protocol': 'http',
      'context.proxy_error_code': '-',
      'context.reporter.kind': 'inbound',
      'context.reporter.uid': 'kubernetes://ratings-1.shop',
      'check.cache_hit': false,
    });
    for (const name of [
      'request.id',
      'request.time',
      'request.total_size',
      'response.time',
      'response.duration',
      'response.total_size',
    ])
      expect(yes[0]).toHaveProperty([name]);
    expect(yes[1]).toMatchObject({ 'check.cache_hit': true });
    expect(no[2]).toMatchObject({
      'response.code': 403,
      'context.proxy_error_code': 'UAEX',
      'check.error_code': 7,
      'check.error_message': 'PERMISSION_DENIED:denier.shop:Not allowed',
      'check.cache_hit': true,
    });
  });

  it('S40 changes headers of requests and responses', async () => {
    mixer.onCheck = () => ({
      references: ['request.path'],
      directive: {
        requestHeaderOperations: [
          { name: 'x-set', value: 'a', operation: REPLACE },
          { name: 'x-old', operation: REMOVE },
          { name: 'x-more', value: 'b', operation: APPEND },
          { name: 'x-new', value: 'c', operation: APPEND },
          { name: 'x-new', value: 'd', operation: APPEND },
        ],
        responseHeaderOperations: [
          { name: 'x-app', value: 'changed', operation: REPLACE },
          { name: 'x-added', value: '1', operation: APPEND },
          { name: 'x-added', value: '2', operation: APPEND },
        ],
      },
    });
    const { headers } = await get({ port: ports.inbound, path: '/headers', headers: { 'x-old': '1', 'x-more': 'a' } });
    expect(received).toMatchObject({ 'x-set': 'a', 'x-more': 'a,b', 'x-new': 'c,d' });
    expect(received).not.toHaveProperty('x-old');
    expect(headers).toMatchObject({ 'x-app': 'changed', 'x-added': '1, 2' });
  });

  it('S40 answers in place of the service', async () => {
    mixer.onCheck = () => ({
      references: ['request.path'],
      directive: {
        directResponseCode: 302,
        directResponseBody: 'there',
        responseHeaderOperations: [
          { name: 'location', value: '/x' },
          { name: 'set-cookie', value: 'a=1', operation: APPEND },
          { name: 'set-cookie', value: 'b=2', operation: APPEND },
        ],
      },
    });
    expect(await get({ port: ports.inbound, path: '/direct' })).toMatchObject({
      status: 302,
      headers: { location: '/x', 'set-cookie': ['a=1', 'b=2'] },
      body: 'there',
    });
  });

  it('S13 S41 lets N requests pass and answers 429 to the next', async () => {
    let left = 5;
    mixer.onCheck = (_, { requestcount = 0 }) => {
      const amount = Math.min(left, requestcount);
      left -= amount;
      return { references: ['request.path'], quotas: { requestcount: { amount } } };
    };
    const answers: Answer[] = [];
    for (let i = 0; i < 8; i++) answers.push(await get({ port: ports.inbound, path: '/quota' }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(answers[7]?.body).toBe('RESOURCE_EXHAUSTED:Quota is exhausted for: requestcount');
    const records = await reported(of('/quota'), 8);
    expect(records[7]).toMatchObject({ 'response.code': 429, 'check.error_code': 8, 'quota.cache_hit': true });
  });

  it('S40 S42 speaks gRPC with callers that do', async () => {
    mixer.onCheck = (told) => {
      const { 'x-deny': denied } = told['request.headers'] as Record<string, string>;
      const references = ['request.path', 'request.headers[x-deny]', 'context.protocol'];
      return { code: denied === undefined ? 0 : 9, message: 'not now', references };
    };
    const client = new GrpcClient(`127.0.0.1:${ports.inbound}`, channelCredentials(undefined));
    expect(await client.unary(say, Buffer.from('x'))).toEqual(Buffer.from('x'));
    await expect(client.unary(say, Buffer.alloc(0))).rejects.toMatchObject({ code: status.NOT_FOUND });
    const denied = client.unary(say, Buffer.from('x'), { metadata: { 'x-deny': '1' } });
    await expect(denied).rejects.toMatchObject({ code: 9, details: 'FAILED_PRECONDITION:not now' });
    client.close();
    const [ok, notFound, refused] = await reported(of('/grpc.Test/Say'), 3);
    const common = {
      'context.protocol': 'grpc',
      'api.protocol': 'grpc',
      'response.code': 200,
      'request.method': 'POST',
    };
    expect(ok).toMatchObject({ ...common, 'response.grpc_status': '0', 'request.size': 6, 'response.size': 6 });
    expect(notFound).toMatchObject({ ...common, 'response.grpc_status': '5' });
    expect(refused).toMatchObject({ ...common, 'response.grpc_status': '9', 'check.error_code': 9 });
  });

  describe('over mutual TLS', () => {
    const call = (path: string, values: Record<string, string>): Promise<Answer> => {
      const { key, chain: cert, roots: ca } = authority.material('books/reviews');
      const headers = { 'x-istio-attributes': said(values) };
      return get({ port: ports.secure, path, key, cert, ca, servername: 'localhost', headers }, true);
    };

    it('S40 S42 knows the caller by its certificate, and believes what it says of its own namespace', async () => {
      mixer.onCheck = ({ 'source.name': name }) => ({
        code: name === 'reviews-1' ? 0 : 7,
        references: ['source.name'],
      });
      expect((await call('/honest', { 'source.name': 'reviews-1', 'source.namespace': 'books' })).status).toBe(200);
      expect(received).not.toHaveProperty('x-istio-attributes');
      const [record] = await reported(of('/honest'));
      expect(record).toMatchObject({
        'source.principal': 'cluster.local/ns/books/sa/reviews',
        'source.user': 'cluster.local/ns/books/sa/reviews',
        'source.namespace': 'books',
        'source.serviceAccount': 'reviews',
        'source.name': 'reviews-1',
        'destination.principal': 'cluster.local/ns/shop/sa/ratings',
        'connection.mtls': true,
        'connection.requested_server_name': 'localhost',
        'request.scheme': 'https',
      });
    });

    it('S40 does not believe one who says that it is of another', async () => {
      expect((await call('/liar', { 'source.name': 'reviews-1', 'source.namespace': 'shop' })).status).toBe(403);
      const [record] = await reported(of('/liar'));
      expect(record).toMatchObject({ 'source.namespace': 'books', 'connection.mtls': true });
      expect(record).not.toHaveProperty(['source.name']);
    });
  });

  it('S40 does not believe one who shows no certificate', async () => {
    mixer.onCheck = (told) => ({ code: 'source.name' in told ? 0 : 7, references: ['source.name'] });
    const headers = { 'x-istio-attributes': said({ 'source.name': 'reviews-1' }) };
    expect((await get({ port: ports.inbound, path: '/nobody', headers })).status).toBe(403);
  });

  it('S42 S11 reports what goes out, with the service and the workload that it went to', async () => {
    expect((await get({ port: ports.outbound, path: '/out' })).status).toBe(200);
    const [record] = await reported(of('/out'));
    expect(record).toMatchObject({
      'source.uid': 'kubernetes://ratings-1.shop',
      'source.namespace': 'shop',
      'source.labels': { app: 'ratings' },
      'destination.service.host': 'reviews.shop.svc.cluster.local',
      'destination.service.name': 'reviews',
      'destination.service.namespace': 'shop',
      'destination.workload.name': 'reviews-v2',
      'destination.workload.namespace': 'shop',
      'destination.namespace': 'shop',
      'destination.labels': { app: 'reviews', version: 'v2' },
      'destination.port': (application.address() as AddressInfo).port,
      'response.code': 200,
      'context.reporter.kind': 'outbound',
      'context.reporter.uid': 'kubernetes://ratings-1.shop',
    });
  });

  it('S40 S42 checks connections, and reports their opening, going on and end', async () => {
    mixer.onCheck = ({ 'context.protocol': protocol }) => ({
      code: protocol === 'tcp' ? 0 : 7,
      references: ['context.protocol'],
      uses: 1,
    });
    const connection = connect(ports.tcp, '127.0.0.1');
    connection.write('hello');
    await once(connection, 'data');
    const isTcp = (told: Told): boolean => told['context.protocol'] === 'tcp';
    const carried = (told: Told): boolean => isTcp(told) && told['connection.received.bytes_total'] === 5;
    await reported(carried);
    connection.write('again, ');
    await once(connection, 'data');
    connection.end();
    await reported((told) => told['connection.event'] === 'close');
    const records = mixer.reports.filter(isTcp);
    expect(records[0]).toMatchObject({
      'connection.event': 'open',
      'destination.service.name': 'mongo',
      'destination.port': ports.tcp,
      'destination.uid': 'kubernetes://ratings-1.shop',
      'context.reporter.kind': 'inbound',
    });
    expect(new Set(records.map((told) => told['connection.id'])).size).toBe(1);
    expect(records.slice(1, -1).map((told) => told['connection.event'])).toEqual(
      records.slice(1, -1).map(() => 'continue'),
    );
    expect(records.at(-1)).toMatchObject({
      'connection.event': 'close',
      'connection.received.bytes_total': 12,
      'connection.sent.bytes_total': 12,
      'check.cache_hit': false,
    });
    expect(records.at(-1)).toHaveProperty(['connection.duration']);
    const sum = (name: string): number => records.reduce((total, told) => total + Number(told[name]), 0);
    expect([sum('connection.received.bytes'), sum('connection.sent.bytes')]).toEqual([12, 12]);
  });

  it('S40 ends connections that may not be', async () => {
    mixer.onCheck = () => ({ code: 7, references: ['context.protocol'] });
    const connection = connect(ports.tcp, '127.0.0.1');
    connection.on('error', () => undefined);
    connection.write('hello');
    let echoed = '';
    connection.on('data', (bytes: Buffer) => (echoed += bytes.toString()));
    await once(connection, 'close');
    expect(echoed).toBe('');
  });

  it('S40 leaves it to Envoy what becomes of requests while Mixer is away', async () => {
    await mixer.stop();
    const { status: code, body } = await get({ port: ports.inbound, path: '/away' });
    expect(code).toBe(503);
    expect(body).toBe('');
    await mixer.start();
    const [record] = await reported(of('/away'));
    expect(record).toMatchObject({ 'response.code': 503 });
  });
});
