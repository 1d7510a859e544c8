import { burst, figure, hostOf, type PilotMesh, startPilotMesh, stopMeshes, type Workload } from '../harness';

const reviews = hostOf('reviews');
const subsets = `
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }`;

function destinationRule(trafficPolicy = ''): string {
  return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: default }
spec:
  host: ${reviews}${trafficPolicy}${subsets}
`;
}

function virtualService(http: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  http:${http}
`;
}

function split(v1: number, v2: number): string {
  return virtualService(`
    - name: split
      route:
        - { destination: { host: ${reviews}, subset: v1 }, weight: ${v1} }
        - { destination: { host: ${reviews}, subset: v2 }, weight: ${v2} }`);
}

const toAll = `
      route: [{ destination: { host: ${reviews} } }]`;

let mesh: PilotMesh;
let client: Workload;
let v1: Workload;
let v2: Workload;

beforeAll(async () => {
  mesh = await startPilotMesh();
  const workloads = await mesh.workloads({ client: { calls: ['reviews'] }, 'reviews-v1': {}, 'reviews-v2': {} });
  client = workloads.client;
  v1 = workloads['reviews-v1'];
  v2 = workloads['reviews-v2'];
});
afterAll(stopMeshes);
afterEach(() => {
  v1.app.behave(undefined);
  v2.app.behave(undefined);
});

/** How 4 standard deviations of a share look over so many calls. */
function bounds(calls: number, share: number): [number, number] {
  const deviation = Math.sqrt(calls * share * (1 - share));
  return [calls * share - 4 * deviation, calls * share + 4 * deviation];
}

async function answersBy(calls: number): Promise<Map<string, number>> {
  return burst(calls, 32, (agent) => client.who('reviews', '/', { agent }));
}

describe('S4 load balancing over HTTP', () => {
  it('round robin gives each of two endpoints its half', async () => {
    await mesh.apply(destinationRule('\n  trafficPolicy: { loadBalancer: { simple: ROUND_ROBIN } }'));
    const counts = await answersBy(1000);
    // Each of Envoy's workers turns on its own; within one the order is strict.
    expect(Math.abs((counts.get('reviews-v1') ?? 0) - (counts.get('reviews-v2') ?? 0))).toBeLessThanOrEqual(2);
  });

  it('least request spares the endpoint that is slow', async () => {
    await mesh.apply(destinationRule('\n  trafficPolicy: { loadBalancer: { simple: LEAST_REQUEST } }'));
    v1.app.behave((echo, response) => {
      // Far longer than a call takes on a busy machine.
      setTimeout(() => response.end(JSON.stringify(echo)), 400);
      return true;
    });
    const counts = await answersBy(1000);
    expect(counts.get('reviews-v2')).toBeGreaterThan(2 * (counts.get('reviews-v1') ?? 0));
    expect(counts.get('reviews-v1')).toBeGreaterThan(0);
  });
});

describe('S9 staged rollout', () => {
  it('splits 10,000 calls 90/10 within 4 standard deviations', async () => {
    await mesh.apply(destinationRule());
    await mesh.apply(split(90, 10));
    const started = performance.now();
    const counts = await answersBy(10_000);
    figure('S9 10,000 calls', `${Math.round(performance.now() - started)} ms, ${JSON.stringify([...counts])}`);
    const [low, high] = bounds(10_000, 0.1);
    expect(counts.get('reviews-v2')).toBeGreaterThan(low);
    expect(counts.get('reviews-v2')).toBeLessThan(high);
    expect((counts.get('reviews-v1') ?? 0) + (counts.get('reviews-v2') ?? 0)).toBe(10_000);
  });

  it('changes the weights under load without an error', async () => {
    const load = client.load('reviews', '/', { rate: 300 });
    for (const share of [50, 20, 80, 50]) await mesh.apply(split(100 - share, share));
    v1.app.requests.length = 0;
    v2.app.requests.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const total = v1.app.requests.length + v2.app.requests.length;
    const report = await load.stop();
    expect(report).toMatchObject({ failed: 0, errors: {}, samples: [] });
    const [low, high] = bounds(total, 0.5);
    expect(v2.app.requests.length).toBeGreaterThan(low);
    expect(v2.app.requests.length).toBeLessThan(high);
  });
});

describe('S10 fault injection', () => {
  it('delays and aborts for the caller that is matched, and for nobody else', async () => {
    await mesh.apply(
      virtualService(`
    - name: slow
      match: [{ headers: { end-user: { exact: jason } } }]
      fault: { delay: { fixedDelay: 1s, percentage: { value: 100 } } }${toAll}
    - name: broken
      match: [{ headers: { end-user: { exact: anna } } }]
      fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }${toAll}
    - name: rest${toAll}`),
    );
    const jason = await client.call('reviews', '/', { headers: { 'end-user': 'jason' } });
    expect(jason).toMatchObject({ status: 200 });
    // Timers of two processes may differ by a few milliseconds.
    expect(jason.ms).toBeGreaterThan(950);
    expect(await client.call('reviews', '/', { headers: { 'end-user': 'anna' } })).toMatchObject({ status: 418 });
    expect(await client.call('reviews')).toMatchObject({ status: 200 });
  });

  it('aborts the given share', async () => {
    await mesh.apply(
      virtualService(`
    - name: half
      fault: { abort: { httpStatus: 503, percentage: { value: 50 } } }${toAll}`),
    );
    const counts = await burst(1000, 16, async (agent) => (await client.call('reviews', '/', { agent })).status);
    const [low, high] = bounds(1000, 0.5);
    expect(counts.get(503)).toBeGreaterThan(low);
    expect(counts.get(503)).toBeLessThan(high);
    expect((counts.get(200) ?? 0) + (counts.get(503) ?? 0)).toBe(1000);
  });
});

describe('S12 retries and timeouts', () => {
  it('tries again as often as it was told, and the application sees each attempt', async () => {
    await mesh.apply(
      virtualService(`
    - name: retried
      retries: { attempts: 3, perTryTimeout: 2s, retryOn: '503' }${toAll}`),
    );
    v1.app.requests.length = 0;
    v2.app.requests.length = 0;
    expect(await client.call('reviews', '/status/503')).toMatchObject({ status: 503 });
    expect(v1.app.requests.length + v2.app.requests.length).toBe(4);
  });

  it('answers with the first attempt that succeeds', async () => {
    let attempts = 0;
    const failTwice = (_: unknown, response: { writeHead(status: number): { end(): unknown } }): boolean => {
      if (++attempts > 2) return false;
      response.writeHead(503).end();
      return true;
    };
    v1.app.behave(failTwice);
    v2.app.behave(failTwice);
    expect(await client.call('reviews')).toMatchObject({ status: 200 });
    expect(attempts).toBe(3);
  });

  it('gives an attempt up after its own timeout', async () => {
    await mesh.apply(
      virtualService(`
    - name: per-try
      retries: { attempts: 1, perTryTimeout: 200ms, retryOn: '5xx' }${toAll}`),
    );
    v1.app.requests.length = 0;
    v2.app.requests.length = 0;
    expect(await client.call('reviews', '/delay/1500')).toMatchObject({ status: 504 });
    expect(v1.app.requests.length + v2.app.requests.length).toBe(2);
  });

  it('answers 504 when the time of the whole call is over', async () => {
    await mesh.apply(
      virtualService(`
    - name: bounded
      timeout: 300ms${toAll}`),
    );
    const reply = await client.call('reviews', '/delay/3000');
    expect(reply.status).toBe(504);
    expect(reply.ms).toBeLessThan(3000);
    expect(await client.call('reviews', '/delay/10')).toMatchObject({ status: 200 });
  });
});

describe('S7 circuit breakers', () => {
  it('answers what is over the limits with 503 and counts it', async () => {
    await mesh.apply(virtualService(`\n    - name: plain${toAll}`));
    await mesh.apply(
      destinationRule(`
  trafficPolicy:
    connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 1 } }`),
    );
    const counts = await burst(30, 30, async (agent) => {
      const { status, headers } = await client.call('reviews', '/delay/200', { agent });
      return `${status} ${String(headers['x-envoy-overloaded'] ?? '')}`.trim();
    });
    expect(counts.get('503 true')).toBeGreaterThan(0);
    expect(counts.get('200')).toBeGreaterThan(0);
    expect((counts.get('200') ?? 0) + (counts.get('503 true') ?? 0)).toBe(30);
    expect(await client.admin.stat('^cluster\\.outbound.*upstream_rq_pending_overflow$')).toBeGreaterThan(0);
    const line = await client.accessLog(
      'a request over the limit',
      (each) => each.path === '/delay/200' && each.response_code === 503,
    );
    expect(line.response_flags).toContain('UO');
  });

  it('ejects an endpoint after errors in a row, and takes it back', async () => {
    await mesh.apply(
      destinationRule(`
  trafficPolicy:
    outlierDetection: { consecutive5xxErrors: 3, interval: 1s, baseEjectionTime: 2s, maxEjectionPercent: 100 }`),
    );
    v1.app.behave((_, response) => {
      response.writeHead(500).end();
      return true;
    });
    const during = await burst(60, 4, async (agent) => (await client.call('reviews', '/', { agent })).status);
    expect(during.get(500)).toBeGreaterThanOrEqual(3);
    expect(during.get(500)).toBeLessThan(20);
    expect(await client.admin.stat('^cluster\\.outbound.*ejections_enforced_total$')).toBeGreaterThan(0);
    v1.app.behave(undefined);
    const deadline = Date.now() + 20_000;
    while ((await client.who('reviews')) !== 'reviews-v1') expect(Date.now()).toBeLessThan(deadline);
  });
});

describe('M2 provenance in every log line', () => {
  it('names the VirtualService and its rule', async () => {
    await mesh.apply(
      virtualService(`
    - name: for-jason
      match: [{ headers: { end-user: { exact: jason } } }]${toAll}
    - name: everybody${toAll}`),
    );
    await client.call('reviews', '/logged-jason', { headers: { 'end-user': 'jason' } });
    await client.call('reviews', '/logged-other');
    const named = await client.accessLog('jason', ({ path }) => path === '/logged-jason');
    const other = await client.accessLog('another', ({ path }) => path === '/logged-other');
    const config = expect.stringMatching(/namespaces\/default\/virtual-service\/reviews$/) as string;
    expect(named).toMatchObject({
      config,
      rule: 'http[0]',
      route_name: expect.stringContaining('for-jason') as string,
    });
    expect(other).toMatchObject({
      config,
      rule: 'http[1]',
      route_name: expect.stringContaining('everybody') as string,
    });
  });
});
