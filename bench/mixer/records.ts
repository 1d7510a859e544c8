import type { Attribute } from '@keelson/core/attributes';

/** Requests differ from each other in as much as requests of one service do; then they repeat. */
export const distinctRecords = 4096;

const client = { pods: 16, paths: 64 };
const codes = [200, 200, 200, 404, 503];
const startSeconds = 1_700_000_000;

const mappedIpv4 = (...address: [number, number, number, number]): Uint8Array =>
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...address);
const text = (value: string): Attribute => ({ type: 'STRING', value });
const whole = (value: number): Attribute => ({ type: 'INT64', value });
const map = (value: Readonly<Record<string, string>>): Attribute => ({
  type: 'STRING_MAP',
  value: new Map(Object.entries(value)),
});

/**
 * What the sidecar of Bookinfo's ratings tells of request n: 34 attributes before it was served, 41 after. One request in
 * eight bears the header that the denier of the configuration refuses.
 */
export function recordOf(n: number, call: 'check' | 'report'): Map<string, Attribute> {
  const pod = n % client.pods;
  const path = `/ratings/${n % client.paths}`;
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64)';
  const ratings = 'kubernetes://ratings-v1-6f9d5b7c48-q2m7t.default';
  const at = (ms: number): Attribute => ({
    type: 'TIMESTAMP',
    value: { seconds: startSeconds, nanos: ms * 1_000_000 },
  });
  const now = n % 100;
  const record: [string, Attribute][] = [
    ['context.protocol', text('http')],
    ['context.proxy_version', text('1.7.8')],
    ['context.reporter.kind', text('inbound')],
    ['context.reporter.uid', text(ratings)],
    ['context.time', at(now)],
    ['source.uid', text(`kubernetes://reviews-v2-${pod}.default`)],
    ['source.name', text(`reviews-v2-${pod}`)],
    ['source.namespace', text('default')],
    ['source.principal', text('cluster.local/ns/default/sa/bookinfo-reviews')],
    ['source.workload.name', text('reviews-v2')],
    ['source.workload.namespace', text('default')],
    ['source.ip', { type: 'IP_ADDRESS', value: mappedIpv4(10, 20, 1, pod) }],
    ['source.labels', map({ app: 'reviews', version: n % 2 === 0 ? 'v1' : 'v2' })],
    ['destination.uid', text(ratings)],
    ['destination.name', text('ratings-v1-6f9d5b7c48-q2m7t')],
    ['destination.namespace', text('default')],
    ['destination.principal', text('cluster.local/ns/default/sa/bookinfo-ratings')],
    ['destination.workload.name', text('ratings-v1')],
    ['destination.workload.namespace', text('default')],
    ['destination.ip', { type: 'IP_ADDRESS', value: mappedIpv4(10, 20, 2, 9) }],
    ['destination.port', whole(9080)],
    ['destination.labels', map({ app: 'ratings', version: 'v1' })],
    ['destination.service.host', text('ratings.default.svc.cluster.local')],
    ['destination.service.name', text('ratings')],
    ['destination.service.namespace', text('default')],
    ['destination.service.uid', text('istio://default/services/ratings')],
    ['connection.mtls', { type: 'BOOL', value: true }],
    ['request.host', text('ratings:9080')],
    ['request.method', text('GET')],
    ['request.path', text(path)],
    ['request.scheme', text('http')],
    ['request.time', at(now)],
    ['request.useragent', text(userAgent)],
    [
      'request.headers',
      map({
        ':authority': 'ratings:9080',
        ':method': 'GET',
        ':path': path,
        accept: '*/*',
        'user-agent': userAgent,
        'x-forwarded-proto': 'http',
        'x-request-id': `${n.toString(16).padStart(8, '0')}-7d14-4b02-9c55-0e6a1f3b8d27`,
        clnt: n % 8 === 7 ? 'abc' : 'xyz',
      }),
    ],
  ];
  if (call === 'check') return new Map(record);
  return new Map([
    ...record,
    ['response.code', whole(codes[n % codes.length] ?? 200)],
    ['response.duration', { type: 'DURATION', value: (1 + (n % 40)) * 1_000_000 }],
    ['response.size', whole(295)],
    ['response.total_size', whole(431)],
    ['response.time', at(now + 5)],
    ['request.size', whole(0)],
    ['request.total_size', whole(644)],
  ]);
}
