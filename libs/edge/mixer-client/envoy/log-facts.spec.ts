import {
  AccessLogType,
  type HTTPAccessLogEntry,
  type TCPAccessLogEntry,
} from '@keelson/api/envoy/data/accesslog/v3/accesslog';
import { RequestMethod } from '@keelson/api/envoy/config/core/v3/base';
import { address, ip, local, plain } from '../testing/envoy-samples';
import { ConnectionBytes } from './connection-bytes';
import type { Direction } from './facts';
import { httpFacts, isOver, tcpFacts } from './log-facts';
import { attributesOf } from './mapping';

const certificate = (uri: string) => ({
  subjectAltName: [{ san: { $case: 'dns', value: 'x' } as const }, { san: { $case: 'uri', value: uri } as const }],
});

const common = {
  downstreamRemoteAddress: address('1.1.1.1', 1),
  downstreamDirectRemoteAddress: address('10.0.0.1', 4567),
  downstreamLocalAddress: address('10.0.0.2', 9080),
  upstreamRemoteAddress: address('10.0.0.3', 9090),
  tlsProperties: {
    tlsSniHostname: 'ratings.shop',
    peerCertificateProperties: certificate('spiffe://cluster.local/ns/books/sa/reviews'),
    localCertificateProperties: certificate('spiffe://cluster.local/ns/shop/sa/ratings'),
  },
  startTime: { seconds: 100, nanos: 900_000_000 },
  duration: { seconds: 0, nanos: 200_000_000 },
  customTags: { 'destination.service.name': 'ratings' },
};

function log(entry: HTTPAccessLogEntry, direction: Direction = 'inbound') {
  const facts = httpFacts(entry, { direction, local: local(direction), now: 5_000 });
  return plain(attributesOf('http', facts, entry.commonProperties?.customTags ?? {}));
}

describe('S42 attributes of a request that is over', () => {
  const entry: HTTPAccessLogEntry = {
    commonProperties: {
      ...common,
      responseFlags: { upstreamConnectionFailure: true },
      metadata: {
        filterMetadata: {
          'envoy.filters.http.ext_authz': {
            'check.error_code': 7,
            'check.error_message': 'PERMISSION_DENIED:no',
            'check.cache_hit': true,
            'quota.cache_hit': false,
          },
          'envoy.filters.http.rbac': { shadow_engine_result: 'denied', tried_shadow_effective_policy_id: 'p' },
        },
      },
    },
    request: {
      requestMethod: RequestMethod.POST,
      authority: 'ratings:9080',
      path: '/rewritten',
      originalPath: '/r?x=1',
      scheme: 'https',
      userAgent: 'curl',
      requestId: 'id-1',
      forwardedFor: '9.9.9.9',
      requestHeadersBytes: 100,
      requestBodyBytes: 20,
      requestHeaders: { 'content-type': 'application/json' },
    },
    response: { responseCode: 403, responseHeadersBytes: 50, responseBodyBytes: 7, responseHeaders: { 'x-a': 'b' } },
  };

  it('tells all that Envoy tells', () => {
    expect(log(entry)).toEqual({
      'origin.ip': ip(10, 0, 0, 1),
      'source.ip': ip(10, 0, 0, 1),
      'source.principal': 'cluster.local/ns/books/sa/reviews',
      'source.user': 'cluster.local/ns/books/sa/reviews',
      'source.namespace': 'books',
      'source.serviceAccount': 'reviews',
      'destination.ip': ip(10, 0, 0, 2),
      'destination.port': 9080,
      'destination.principal': 'cluster.local/ns/shop/sa/ratings',
      'destination.uid': 'kubernetes://me.shop',
      'destination.namespace': 'shop',
      'destination.service.name': 'ratings',
      'request.headers': {
        ':authority': 'ratings:9080',
        ':method': 'POST',
        ':path': '/r?x=1',
        ':scheme': 'https',
        'x-request-id': 'id-1',
        'user-agent': 'curl',
        'x-forwarded-for': '9.9.9.9',
        'content-type': 'application/json',
      },
      'request.id': 'id-1',
      'request.host': 'ratings:9080',
      'request.method': 'POST',
      'request.path': '/r?x=1',
      'request.url_path': '/r',
      'request.query_params': { x: '1' },
      'request.scheme': 'https',
      'request.useragent': 'curl',
      'request.time': { seconds: 100, nanos: 900_000_000 },
      'request.size': 20,
      'request.total_size': 120,
      'response.code': 403,
      'response.headers': { 'x-a': 'b' },
      'response.duration': 200_000_000,
      'response.time': { seconds: 101, nanos: 100_000_000 },
      'response.size': 7,
      'response.total_size': 57,
      'connection.mtls': true,
      'connection.requested_server_name': 'ratings.shop',
      'context.protocol': 'http',
      'context.proxy_error_code': 'UF',
      'context.reporter.kind': 'inbound',
      'context.reporter.uid': 'kubernetes://me.shop',
      'api.protocol': 'https',
      'check.error_code': 7,
      'check.error_message': 'PERMISSION_DENIED:no',
      'check.cache_hit': true,
      'quota.cache_hit': false,
      'rbac.permissive.response_code': 'denied',
      'rbac.permissive.effective_policy_id': 'p',
    });
  });

  it('tells of what goes out whom it went to', () => {
    const upstreamCluster = 'outbound|9080|v2|reviews.books.svc.cluster.local';
    const customTags = { 'istio.workload': 'reviews-v2;books;reviews;v2;one' };
    expect(log({ commonProperties: { ...common, upstreamCluster, customTags } }, 'outbound')).toMatchObject({
      'source.uid': 'kubernetes://me.shop',
      'destination.ip': ip(10, 0, 0, 3),
      'destination.port': 9090,
      'destination.namespace': 'books',
      'destination.workload.name': 'reviews-v2',
      'destination.workload.namespace': 'books',
      'destination.labels': { app: 'reviews', version: 'v2' },
      'destination.service.host': 'reviews.books.svc.cluster.local',
      'destination.service.name': 'reviews',
      'destination.service.namespace': 'books',
      'destination.service.uid': 'istio://books/services/reviews',
      'context.reporter.kind': 'outbound',
      'context.reporter.uid': 'kubernetes://me.shop',
    });
    const outside = log(
      { commonProperties: { upstreamCluster: 'outbound|443||example.com', customTags: { 'istio.workload': ';;;v1' } } },
      'outbound',
    );
    expect(outside).toMatchObject({
      'destination.service.host': 'example.com',
      'destination.service.name': 'example.com',
    });
    expect(outside['destination.labels']).toEqual({ version: 'v1' });
    expect(outside).not.toHaveProperty(['destination.service.namespace']);
  });

  it.each([
    ['trailers', { responseTrailers: { 'grpc-status': '5', 'grpc-message': 'no' } }],
    ['headers', { responseHeaders: { 'grpc-status': '5', 'grpc-message': 'no' } }],
  ])('knows gRPC by its status in %s', (_, response) => {
    expect(log({ response })).toMatchObject({
      'context.protocol': 'grpc',
      'response.grpc_status': '5',
      'response.grpc_message': 'no',
    });
  });

  it('has a code, sizes and an end where there was no answer', () => {
    expect(log({})).toMatchObject({
      'response.code': 500,
      'request.size': 0,
      'response.total_size': 0,
      'response.time': { seconds: 5, nanos: 0 },
      'context.proxy_error_code': '-',
      'connection.mtls': false,
    });
  });

  it.each([
    [AccessLogType.NotSet, false, true],
    [AccessLogType.NotSet, true, false],
    [AccessLogType.DownstreamEnd, false, true],
    [AccessLogType.DownstreamStart, false, false],
    [AccessLogType.DownstreamPeriodic, true, false],
    [AccessLogType.UpstreamEnd, false, false],
  ])('of type %d, in between %s, is the last one: %s', (accessLogType, inBetween, over) => {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- all that Envoys without access_log_type tell
    expect(isOver({ accessLogType, intermediateLogEntry: inBetween })).toBe(over);
  });
});

describe('S42 attributes of a connection', () => {
  const connections = new ConnectionBytes(2);
  function told(entry: TCPAccessLogEntry) {
    const facts = tcpFacts(entry, { direction: 'inbound', local: local('inbound'), now: 5_000 }, connections.since);
    return plain(attributesOf('tcp', facts, {}));
  }
  const entry = (
    streamId: string,
    accessLogType: AccessLogType,
    received: number,
    sent: number,
  ): TCPAccessLogEntry => ({
    commonProperties: {
      ...common,
      streamId,
      accessLogType,
      ...(accessLogType !== AccessLogType.TcpConnectionEnd && { duration: undefined }),
    },
    connectionProperties: { receivedBytes: received, sentBytes: sent },
  });
  const { TcpUpstreamConnected, TcpPeriodic, TcpConnectionEnd } = AccessLogType;

  it('tells of its opening, going on and closing, and of what it carried in between', () => {
    const steps = [
      entry('c', TcpUpstreamConnected, 0, 0),
      entry('c', TcpPeriodic, 10, 4),
      entry('c', TcpConnectionEnd, 15, 4),
    ];
    const seen = steps.map((step) => {
      const values = told(step);
      return ['event', 'received.bytes', 'received.bytes_total', 'sent.bytes', 'sent.bytes_total', 'duration'].map(
        (name) => values[`connection.${name}`],
      );
    });
    expect(seen).toEqual([
      ['open', 0, 0, 0, 0, undefined],
      ['continue', 10, 10, 4, 4, undefined],
      ['close', 5, 15, 0, 4, 200_000_000],
    ]);
    expect(told(entry('c', TcpConnectionEnd, 7, 7))).toMatchObject({ 'connection.received.bytes': 7 });
  });

  it('has the address, identity and time of one', () => {
    expect(told(entry('d', TcpPeriodic, 0, 0))).toMatchObject({
      'connection.id': 'd',
      'connection.mtls': true,
      'context.protocol': 'tcp',
      'context.time': { seconds: 5, nanos: 0 },
      'source.principal': 'cluster.local/ns/books/sa/reviews',
      'destination.port': 9080,
    });
    expect(told(entry('d', TcpConnectionEnd, 0, 0))['context.time']).toEqual({ seconds: 101, nanos: 100_000_000 });
  });

  it.each([
    [true, 'continue'],
    [false, 'close'],
  ])('of an Envoy that tells no types, in between %s, is %s', (intermediateLogEntry, event) => {
    expect(told({ commonProperties: { intermediateLogEntry } })['connection.event']).toBe(event);
  });

  it('remembers a limited number of connections', () => {
    for (const id of ['1', '2', '3']) told(entry(id, TcpPeriodic, 5, 0));
    expect(told(entry('3', TcpPeriodic, 6, 0))['connection.received.bytes']).toBe(1);
    expect(told(entry('1', TcpPeriodic, 6, 0))['connection.received.bytes']).toBe(6);
  });
});
