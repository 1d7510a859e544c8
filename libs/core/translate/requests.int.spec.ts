import type { Server as HttpServer } from 'node:http';
import { goldenOf, type CaseInput } from './testdata/case';
import { call, freePort, RunningEnvoy, serve } from './testdata/running-envoy';
import { servingBootstrap } from './testdata/static-bootstrap';

/** What a request meets in a real Envoy that has the translation of YAML, without TLS and without a control plane. */
describe('requests through translated configuration', () => {
  const servers: HttpServer[] = [];
  let envoy: RunningEnvoy;
  const at = { egress: 0, inbound: 0 };
  const calls: string[] = [];

  beforeAll(async () => {
    const upstream = (name: string) =>
      serve((request, response) => {
        calls.push(`${name} ${request.url ?? ''}`);
        const fails = request.headers['x-fail'] !== undefined && name === 'v1';
        response.writeHead(fails ? 503 : 200, { 'x-served-by': name, 'x-remove': 'me' });
        response.end(JSON.stringify({ name, path: request.url, headers: request.headers }));
      });
    const [v1, v2] = await Promise.all([upstream('v1'), upstream('v2')]);
    servers.push(v1.server, v2.server);
    at.egress = await freePort();
    at.inbound = await freePort();
    const input = caseInput(at, [v1.port, v2.port]);
    envoy = await RunningEnvoy.start((admin) => servingBootstrap(goldenOf(input), admin));
  });

  afterAll(async () => {
    await envoy.stop();
    for (const server of servers) server.close();
  });

  const seen = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await call(at.egress, path, { headers });
    const body = answer.body.startsWith('{')
      ? (JSON.parse(answer.body) as { path: string; headers: Record<string, string> })
      : undefined;
    return { ...answer, seen: body };
  };

  it('takes any Host for the one service and rewrites it', async () => {
    const { status, seen: got } = await seen('/');
    expect(status).toBe(200);
    expect(got?.headers['host']).toBe('reviews.default.svc.cluster.local');
  });

  it('S10: aborts matched callers only', async () => {
    expect((await seen('/', { 'end-user': 'jason' })).status).toBe(418);
    expect((await seen('/', { 'end-user': 'jason', 'x-skip': '1' })).status).toBe(200);
    expect((await seen('/', { 'end-user': 'jaso' })).status).toBe(200);
  });

  it('rewrites path and headers', async () => {
    const answer = await seen('/old/page?q=1', { 'x-gone': '1' });
    expect(answer.seen?.path).toBe('/new/page?q=1');
    expect(answer.seen?.headers).toMatchObject({ 'x-set': '100% sure' });
    expect(answer.seen?.headers['x-gone']).toBeUndefined();
    expect(answer.headers['x-remove']).toBeUndefined();
  });

  it('matches by regular expression as a whole, and by method', async () => {
    expect((await seen('/v1/x')).headers['location']).toBe('http://other.example.com/v3');
    expect((await seen('/xv1/x')).status).toBe(200);
    expect((await call(at.egress, '/method', { method: 'POST' })).status).toBe(202);
  });

  it('S9: splits by weight', async () => {
    const names = await Promise.all(
      Array.from({ length: 400 }, async () => (await seen('/split')).headers['x-served-by']),
    );
    const share = names.filter((name) => name === 'v2').length;
    // 10 % of 400 with a deviation of 6: 7 of them on either side.
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(82);
  });

  it('S12: retries as often as asked, elsewhere, and by default not what the application answered', async () => {
    calls.length = 0;
    expect((await seen('/retry-three', { 'x-fail': '1' })).status).toBe(503);
    expect(calls.filter((line) => line === 'v1 /retry-three')).toHaveLength(4);
    expect((await seen('/retry-off', { 'x-fail': '1' })).status).toBe(503);
    expect(calls.filter((line) => line === 'v1 /retry-off')).toHaveLength(1);
    for (let i = 0; i < 5; i++)
      expect((await seen('/retry-both', { 'x-fail': '1' })).headers['x-served-by']).toBe('v2');
    expect((await seen('/v1-only', { 'x-fail': '1' })).status).toBe(503);
    expect(calls.filter((line) => line === 'v1 /v1-only')).toHaveLength(1);
  });

  it('M2: the log line of a routed request names object and rule', async () => {
    await seen('/split');
    const line = JSON.parse(await envoy.line((text) => text.includes('"/split"'))) as Record<string, unknown>;
    expect(line).toMatchObject({
      config: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews',
      rule: 'http[4]',
      route_name: 'default/reviews/http[4]',
      response_code: 200,
    });
  });

  it('S30, M2: a denied request is logged with the policy that denied it', async () => {
    expect((await call(at.inbound, '/admin/x')).status).toBe(403);
    const line = JSON.parse(await envoy.line((text) => text.includes('"/admin/x"'))) as Record<string, unknown>;
    expect(line['response_code_details']).toContain('ns[default]-policy[no-admin]-rule[0]');
  });

  it('S30, M2: a request that no allowance covers is refused, and its line names the allowances', async () => {
    expect((await call(at.inbound, '/open')).status).toBe(200);
    expect((await call(at.inbound, '/open', { method: 'PUT' })).status).toBe(403);
    expect((await call(at.inbound, '/by-principal')).status).toBe(403);
    const line = JSON.parse(await envoy.line((text) => text.includes('"/by-principal"'))) as Record<string, unknown>;
    expect(line).toMatchObject({
      response_code_details: 'rbac_access_denied_matched_policy[none]',
      policies: 'ns[default]-policy[viewers]',
    });
  });

  it('drops what a caller without a certificate says of who he is', async () => {
    const answer = await call(at.inbound, '/open', {
      headers: { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/a/sa/b' },
    });
    expect(answer.body).not.toContain('x-forwarded-client-cert');
  });
});

function caseInput(at: Record<'egress' | 'inbound', number>, [v1, v2]: readonly [number, number]): CaseInput {
  const to = (subset: string, weight = 0) => ({ destination: { host: 'reviews', subset }, weight });
  const object = (kind: string, name: string, spec: object) =>
    ({ apiVersion: 'networking.istio.io/v1', kind, metadata: { name }, spec }) as NonNullable<
      CaseInput['objects']
    >[number];
  const http = [
    {
      match: [{ headers: { 'end-user': { exact: 'jason' } }, withoutHeaders: { 'x-skip': { exact: '1' } } }],
      fault: { abort: { httpStatus: 418, percentage: { value: 100 } } },
      route: [to('v1')],
    },
    {
      match: [{ uri: { prefix: '/old' } }],
      rewrite: { uri: '/new' },
      headers: { request: { set: { 'x-set': '100% sure' }, remove: ['x-gone'] }, response: { remove: ['x-remove'] } },
      route: [to('v1')],
    },
    { match: [{ uri: { regex: '/v[12]/.*' } }], redirect: { uri: '/v3', authority: 'other.example.com' } },
    { match: [{ method: { exact: 'POST' } }], directResponse: { status: 202 } },
    { match: [{ uri: { prefix: '/split' } }], route: [to('v1', 90), to('v2', 10)] },
    {
      match: [{ uri: { prefix: '/retry-three' } }],
      retries: { attempts: 3, retryOn: '503', backoff: '0.001s' },
      route: [to('v1')],
    },
    { match: [{ uri: { prefix: '/retry-off' } }], retries: { attempts: 0 }, route: [to('v1')] },
    {
      match: [{ uri: { prefix: '/retry-both' } }],
      retries: { attempts: 2, retryOn: '503' },
      route: [{ destination: { host: 'reviews' } }],
    },
    { match: [{ uri: { prefix: '/v1-only' } }], route: [to('v1')] },
    { route: [{ destination: { host: 'reviews' } }] },
  ];
  return {
    proxy: { interception: 'NONE' },
    meshConfig: { accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON' },
    services: [
      {
        hostname: 'reviews.default.svc.cluster.local',
        ports: [{ number: at.egress, name: 'http', protocol: 'HTTP', targetPort: 0 }],
        endpoints: [
          { address: '127.0.0.1', ports: { http: v1 }, labels: { version: 'v1' } },
          { address: '127.0.0.1', ports: { http: v2 }, labels: { version: 'v2' } },
        ],
      },
    ],
    objects: [
      object('Sidecar', 'client', {
        egress: [
          {
            bind: '127.0.0.1',
            port: { number: at.egress, name: 'http', protocol: 'HTTP' },
            captureMode: 'NONE',
            hosts: ['./*'],
          },
        ],
      }),
      object('VirtualService', 'reviews', { hosts: ['reviews'], http }),
      object('DestinationRule', 'reviews', {
        host: 'reviews',
        subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
      }),
      object('AuthorizationPolicy', 'no-admin', {
        action: 'DENY',
        rules: [{ to: [{ operation: { paths: ['/admin/*'] } }] }],
      }),
      object('AuthorizationPolicy', 'viewers', {
        rules: [
          { to: [{ operation: { methods: ['GET'], paths: ['/open', '/admin/*'] } }] },
          { from: [{ source: { principals: ['*'] } }] },
        ],
      }),
    ],
    inbound: {
      ports: [{ port: at.inbound, bind: '127.0.0.1', endpoint: `127.0.0.1:${String(v1)}`, mtls: 'DISABLE' }],
    },
  };
}
