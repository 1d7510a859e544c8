import { burst, hostOf, type PilotMesh, startPilotMesh, stopMeshes, type Workload } from '../harness';

const reviews = hostOf('reviews');
const to = (subset: string): string => `route: [{ destination: { host: reviews, subset: ${subset} } }]`;

/** Rules of one VirtualService: each case has a path of its own, and what no rule takes goes to v1. */
const rules = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: default }
spec:
  host: reviews
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [reviews]
  http:
    - { match: [{ uri: { exact: /exact } }], ${to('v2')} }
    - { match: [{ uri: { prefix: /prefix } }], ${to('v2')} }
    - { match: [{ uri: { regex: '/regex/[0-9]+' } }], ${to('v2')} }
    - { match: [{ uri: { prefix: /CASE }, ignoreUriCase: true }], ${to('v2')} }
    - { match: [{ uri: { exact: /any-of }, method: { exact: PUT } }, { uri: { exact: /any-of }, headers: { x-a: { exact: b } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /method }, method: { regex: 'GET|HEAD' } }], ${to('v2')} }
    - { match: [{ uri: { exact: /scheme }, scheme: { exact: http } }], ${to('v2')} }
    - { match: [{ uri: { exact: /scheme-other }, scheme: { exact: https } }], ${to('v2')} }
    - { match: [{ uri: { exact: /authority }, authority: { exact: 'shop.test:81' } }], ${to('v2')} }
    - { match: [{ uri: { exact: /authority-prefix }, authority: { prefix: 'shop.' } }], ${to('v2')} }
    - { match: [{ uri: { exact: /header }, headers: { x-a: { exact: b } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /header-prefix }, headers: { x-a: { prefix: b } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /header-regex }, headers: { X-A: { regex: 'b[0-9]' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /header-there }, headers: { x-a: {} } }], ${to('v2')} }
    - { match: [{ uri: { exact: /cookie }, headers: { cookie: { regex: '^(.*?;)?(user=jason)(;.*)?$' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /without }, withoutHeaders: { x-a: { exact: b } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /without-any }, withoutHeaders: { x-a: {} } }], ${to('v2')} }
    - { match: [{ uri: { exact: /without-regex }, withoutHeaders: { x-a: { regex: 'b.*' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /query }, queryParams: { q: { exact: '1' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /query-there }, queryParams: { q: {} } }], ${to('v2')} }
    - { match: [{ uri: { exact: /query-regex }, queryParams: { q: { regex: '[0-9]+' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /query-prefix }, queryParams: { q: { prefix: 'a' } } }], ${to('v2')} }
    - { match: [{ uri: { exact: /other-port }, port: 1 }], ${to('v2')} }
    - { match: [{ uri: { exact: /other-gateway }, gateways: [edge] }], ${to('v2')} }
    - { match: [{ uri: { exact: /in-mesh }, gateways: [mesh] }], ${to('v2')} }
    - { match: [{ uri: { exact: /weight-zero } }], route: [{ destination: { host: reviews, subset: v1 }, weight: 0 }, { destination: { host: reviews, subset: v2 }, weight: 7 }] }
    - { match: [{ uri: { exact: /weight-none } }], route: [{ destination: { host: reviews, subset: v1 } }, { destination: { host: reviews, subset: v2 }, weight: 100 }] }
    - { match: [{ uri: { exact: /weight-only } }], route: [{ destination: { host: reviews, subset: v2 }, weight: 0 }] }
    - match: [{ uri: { exact: /weight-headers } }]
      route:
        - { destination: { host: reviews, subset: v1 }, weight: 1, headers: { request: { set: { x-share: one } }, response: { add: { x-from: one } } } }
        - { destination: { host: reviews, subset: v2 }, weight: 1, headers: { request: { set: { x-share: two, host: two.test } }, response: { add: { x-from: two } } } }
    - { match: [{ uri: { exact: /redirect } }], redirect: { uri: /new, authority: new.test } }
    - { match: [{ uri: { exact: /redirect-code } }], redirect: { uri: /new, redirectCode: 308 } }
    - { match: [{ uri: { exact: /redirect-https } }], redirect: { scheme: https } }
    - { match: [{ uri: { exact: /redirect-port } }], redirect: { authority: new.test, port: 8443 } }
    - { match: [{ uri: { exact: /redirect-default } }], redirect: { authority: new.test, derivePort: FROM_PROTOCOL_DEFAULT } }
    - { match: [{ uri: { exact: /redirect-same } }], redirect: { authority: new.test, derivePort: FROM_REQUEST_PORT } }
    - { match: [{ uri: { exact: /direct } }], directResponse: { status: 418, body: { string: short } }, headers: { response: { set: { x-direct: 'yes' } } } }
    - { match: [{ uri: { exact: /direct-empty } }], directResponse: { status: 204 } }
    - { match: [{ uri: { prefix: /rewrite/ } }], rewrite: { uri: / }, ${to('v2')} }
    - { match: [{ uri: { prefix: /slash } }], rewrite: { uri: / }, ${to('v2')} }
    - { match: [{ uri: { prefix: /longer } }], rewrite: { uri: /new/place }, ${to('v2')} }
    - { match: [{ uri: { exact: /whole } }], rewrite: { uri: /new }, ${to('v2')} }
    - { match: [{ uri: { regex: '/by-regex/.*' } }], rewrite: { uri: /new }, ${to('v2')} }
    - { match: [{ uri: { prefix: /expression } }], rewrite: { uriRegexRewrite: { match: '^/expression/([^/]+)/(.*)$', rewrite: '/\\2/\\1' } }, ${to('v2')} }
    - { match: [{ uri: { exact: /authority-rewrite } }], rewrite: { authority: other.test }, ${to('v2')} }
    - { match: [{ uri: { exact: /host-set } }], headers: { request: { set: { Host: other.test } } }, ${to('v2')} }
    - { match: [{ uri: { exact: /authority-add } }], headers: { request: { add: { ':authority': other.test } } }, ${to('v2')} }
    - match: [{ uri: { exact: /headers } }]
      headers:
        request: { set: { x-a: set, x-percent: 100%% }, add: { x-b: added }, remove: [x-c] }
        response: { set: { x-served: 'yes' }, add: { x-by: '%PROTOCOL%' }, remove: [content-type] }
      ${to('v2')}
    - { match: [{ uri: { exact: /status/503 }, headers: { retries: { exact: 'off' } } }], retries: { attempts: 0 }, ${to('v2')} }
    - { match: [{ uri: { exact: /status/503 }, headers: { retries: { exact: given } } }], retries: { attempts: 1, retryOn: 5xx }, ${to('v2')} }
    - { match: [{ uri: { exact: /status/409 } }], retries: { attempts: 2, retryOn: '409,connect-failure' }, ${to('v2')} }
    - { match: [{ uri: { exact: /fault } }], fault: { delay: { fixedDelay: 300ms, percentage: { value: 100 } }, abort: { httpStatus: 429, percentage: { value: 100 } } }, ${to('v2')} }
    - { match: [{ uri: { exact: /fault-unsaid } }], fault: { abort: { httpStatus: 429 } }, ${to('v2')} }
    - { match: [{ uri: { exact: /fault-percent } }], fault: { delay: { fixedDelay: 300ms, percent: 100 } }, ${to('v2')} }
    - { match: [{ uri: { exact: /fault-grpc } }], fault: { abort: { grpcStatus: UNAVAILABLE, percentage: { value: 100 } } }, ${to('v2')} }
    - { match: [{ uri: { exact: /delay/300 }, headers: { timeout: { exact: '0' } } }], timeout: 100ms, retries: { attempts: 0 }, ${to('v2')} }
    - { match: [{ uri: { exact: /nowhere } }], route: [{ destination: { host: reviews, subset: v9 } }] }
    - { ${to('v1')} }
`;

let mesh: PilotMesh;
let client: Workload;
let first: Workload;
let v2: Workload;

beforeAll(async () => {
  mesh = await startPilotMesh();
  const workloads = await mesh.workloads({ client: { calls: ['reviews'] }, 'reviews-v1': {}, 'reviews-v2': {} });
  client = workloads.client;
  first = workloads['reviews-v1'];
  v2 = workloads['reviews-v2'];
  await mesh.apply(rules);
});
afterAll(stopMeshes);

interface Asked {
  workload: string;
  path: string;
  headers: Record<string, string | undefined>;
}

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Asked> {
  const reply = await client.call('reviews', path, { headers, method });
  expect(reply.status).toBe(200);
  return JSON.parse(reply.text) as Asked;
}

describe('S21 matches of a VirtualService', () => {
  it.each<[string, string, string, Record<string, string>?, string?]>([
    ['an exact path', '/exact', 'v2'],
    ['an exact path, whatever the query', '/exact?x=1', 'v2'],
    ['not a longer path than the exact one', '/exact/', 'v1'],
    ['not an exact path in other letters', '/Exact', 'v1'],
    ['a prefix of the path', '/prefix/x', 'v2'],
    ['a prefix that ends within a segment', '/prefixed', 'v2'],
    ['the whole path by an expression', '/regex/12', 'v2'],
    ['not a part of the path by an expression', '/regex/12/x', 'v1'],
    ['not the end of the path by an expression', '/x/regex/12', 'v1'],
    ['a path in any letter case', '/case/x', 'v2'],
    ['the first of several matches', '/any-of', 'v2', {}, 'PUT'],
    ['the second of several matches', '/any-of', 'v2', { 'x-a': 'b' }],
    ['none of several matches', '/any-of', 'v1'],
    ['a method by an expression', '/method', 'v2'],
    ['not another method', '/method', 'v1', {}, 'POST'],
    ['the scheme', '/scheme', 'v2'],
    ['not another scheme', '/scheme-other', 'v1'],
    ['the authority with its port', '/authority', 'v2', { host: 'shop.test:81' }],
    ['not the authority without its port', '/authority', 'v1', { host: 'shop.test' }],
    ['a prefix of the authority', '/authority-prefix', 'v2', { host: 'shop.test:82' }],
    ['a header', '/header', 'v2', { 'x-a': 'b' }],
    ['a header whose name is written otherwise', '/header', 'v2', { 'X-A': 'b' }],
    ['not a header with another value', '/header', 'v1', { 'x-a': 'B' }],
    ['not a header that is missing', '/header', 'v1'],
    ['a prefix of a header', '/header-prefix', 'v2', { 'x-a': 'bcd' }],
    ['a header by an expression', '/header-regex', 'v2', { 'x-a': 'b1' }],
    ['not a part of a header by an expression', '/header-regex', 'v1', { 'x-a': 'b12' }],
    ['a header that is there', '/header-there', 'v2', { 'x-a': 'anything' }],
    ['not a header that is not there', '/header-there', 'v1'],
    ['a cookie among others', '/cookie', 'v2', { cookie: 'a=b;user=jason;c=d' }],
    ['not another cookie', '/cookie', 'v1', { cookie: 'user=anna' }],
    ['a header that must not be so, where it is missing', '/without', 'v2'],
    ['a header that must not be so, with another value', '/without', 'v2', { 'x-a': 'c' }],
    ['not a header that must not be so', '/without', 'v1', { 'x-a': 'b' }],
    ['a header that must not be there', '/without-any', 'v2'],
    ['not a header that must not be there', '/without-any', 'v1', { 'x-a': 'c' }],
    ['an expression that must not fit, where the header is missing', '/without-regex', 'v2'],
    ['not an expression that must not fit', '/without-regex', 'v1', { 'x-a': 'bc' }],
    ['a query parameter', '/query?p=2&q=1', 'v2'],
    ['not a query parameter with another value', '/query?q=12', 'v1'],
    ['a query parameter that is there', '/query-there?q', 'v2'],
    ['not a query parameter that is missing', '/query-there?r=1', 'v1'],
    ['a query parameter by an expression', '/query-regex?q=12', 'v2'],
    ['not a part of a query parameter', '/query-regex?q=12x', 'v1'],
    ['a prefix of a query parameter', '/query-prefix?q=abc', 'v2'],
    ['not another port', '/other-port', 'v1'],
    ['not a gateway', '/other-gateway', 'v1'],
    ['the mesh', '/in-mesh', 'v2'],
    ['no rule', '/', 'v1'],
    ['weights of which one is 0', '/weight-zero', 'v2'],
    ['weights of which one is not written', '/weight-none', 'v2'],
    ['one destination, whatever its weight', '/weight-only', 'v2'],
  ])('%s: %s goes to %s', async (_, path, version, headers = {}, method = 'GET') => {
    expect((await ask(path, headers, method)).workload).toBe(`reviews-${version}`);
  });
});

describe('S21 what a VirtualService does to a request', () => {
  it.each([
    ['/rewrite/a/b?x=1', '/a/b?x=1'],
    // As on Istio: the prefix is replaced as it is written, and no slash is taken away.
    ['/slash/a', '//a'],
    ['/slash', '/'],
    ['/longer/a', '/new/place/a'],
    ['/longer', '/new/place'],
    ['/whole?x=1', '/new?x=1'],
    ['/by-regex/a/b?x=1', '/new?x=1'],
    ['/expression/a/b/c', '/b/c/a'],
    ['/expression/a', '/expression/a'],
  ])('rewrites %s to %s', async (path, rewritten) => {
    expect(await ask(path)).toMatchObject({ workload: 'reviews-v2', path: rewritten });
  });

  it.each([['/authority-rewrite'], ['/host-set'], ['/authority-add']])('sends another Host: %s', async (path) => {
    expect((await ask(path)).headers.host).toBe('other.test');
  });

  it('sets, adds and removes headers', async () => {
    const reply = await client.call('reviews', '/headers', { headers: { 'x-a': 'a', 'x-b': 'b', 'x-c': 'c' } });
    const { headers } = JSON.parse(reply.text) as Asked;
    expect(headers).toMatchObject({ 'x-a': 'set', 'x-b': 'b, added', 'x-percent': '100%' });
    expect(headers).not.toHaveProperty('x-c');
    expect(reply.headers).toMatchObject({ 'x-served': 'yes', 'x-by': 'HTTP/1.1' });
    expect(reply.headers).not.toHaveProperty('content-type');
  });

  it('changes headers and Host by destination', async () => {
    const seen = await burst(40, 4, async () => {
      const reply = await client.call('reviews', '/weight-headers');
      const { workload, headers } = JSON.parse(reply.text) as Asked;
      return [workload, headers['x-share'], headers.host, reply.headers['x-from']].join(' ');
    });
    expect([...seen.keys()].sort()).toEqual([`reviews-v1 one ${reviews} one`, 'reviews-v2 two two.test two']);
  });

  it.each([
    ['/redirect?x=1', 301, 'http://new.test/new?x=1'],
    ['/redirect-code', 308, `http://${reviews}/new`],
    ['/redirect-https?x=1', 301, `https://${reviews}/redirect-https?x=1`],
    ['/redirect-port', 301, 'http://new.test:8443/redirect-port'],
    ['/redirect-default', 301, 'http://new.test:80/redirect-default'],
  ])('redirects %s with %i to %s', async (path, status, location) => {
    expect(await client.call('reviews', path)).toMatchObject({ status, headers: { location } });
  });

  it('redirects to the port of the request', async () => {
    const { location } = (await client.call('reviews', '/redirect-same')).headers;
    expect(location).toBe(`http://new.test:${mesh.ports.of('reviews')}/redirect-same`);
  });

  it('answers by itself', async () => {
    const reply = await client.call('reviews', '/direct');
    expect(reply).toMatchObject({ status: 418, text: 'short', headers: { 'x-direct': 'yes' } });
    expect(await client.call('reviews', '/direct-empty')).toMatchObject({ status: 204, text: '' });
  });

  it.each([
    // What the application answers itself is not tried again without being asked to: it may have done its work.
    ['not without a word about retries', '/status/503', { other: 'x' }, 1],
    ['not with 0 attempts', '/status/503', { retries: 'off' }, 1],
    ['once', '/status/503', { retries: 'given' }, 2],
    ['on a status that is named', '/status/409', {}, 3],
  ])('tries again: %s', async (_, path, headers, attempts) => {
    const v1 = first.app;
    v1.requests.length = 0;
    v2.app.requests.length = 0;
    await client.call('reviews', path, { headers });
    const seen = [...v1.requests, ...v2.app.requests].filter((request) => request.path === path);
    expect(seen).toHaveLength(attempts);
  });

  it('delays, then aborts', async () => {
    const reply = await client.call('reviews', '/fault');
    expect(reply.status).toBe(429);
    expect(reply.ms).toBeGreaterThanOrEqual(300);
  });

  it('aborts nothing where no share is given', async () => {
    expect((await client.call('reviews', '/fault-unsaid')).status).toBe(200);
  });

  it('takes the old form of a share', async () => {
    expect((await client.call('reviews', '/fault-percent')).ms).toBeGreaterThanOrEqual(300);
  });

  it('aborts with a status of gRPC', async () => {
    const reply = await client.call('reviews', '/fault-grpc', {
      headers: { 'content-type': 'application/grpc' },
      method: 'POST',
    });
    expect(reply).toMatchObject({ status: 200, headers: { 'grpc-status': '14' } });
  });

  it('waits without end where no timeout is given, and no longer than one that is', async () => {
    expect((await client.call('reviews', '/delay/300')).status).toBe(200);
    expect((await client.call('reviews', '/delay/300', { headers: { timeout: '0' } })).status).toBe(504);
  });

  it('answers 503 for a subset that no rule has', async () => {
    expect((await client.call('reviews', '/nowhere')).status).toBe(503);
  });
});
