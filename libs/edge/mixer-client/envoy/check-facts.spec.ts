import { check, context, headers, ip } from '../testing/envoy-samples';

describe('S40 attributes of a check', () => {
  it('tells all that Envoy tells of a request', () => {
    const texts = { 'destination.service.name': 'ratings', 'context.reporter.kind': 'inbound', 'not.known': 'x' };
    const seen = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'x-istio-attributes'));
    expect(check(context, texts)).toEqual({
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
      'request.headers': seen,
      'request.id': 'id-1',
      'request.host': 'ratings:9080',
      'request.method': 'GET',
      'request.path': '/r/1?a=b',
      'request.url_path': '/r/1',
      'request.query_params': { a: 'b' },
      'request.referer': 'http://here/',
      'request.scheme': 'http',
      'request.useragent': 'curl',
      'request.time': { seconds: 100, nanos: 5 },
      'connection.mtls': true,
      'connection.requested_server_name': 'ratings.shop',
      'context.protocol': 'http',
      'context.reporter.kind': 'inbound',
      'context.reporter.uid': 'kubernetes://me.shop',
      'api.protocol': 'http',
    });
  });

  it('knows gRPC by its content type', () => {
    const http = { ...context.request?.http, headers: { 'content-type': 'application/grpc+proto' } };
    expect(check({ request: { http } })).toMatchObject({ 'context.protocol': 'grpc', 'api.protocol': 'grpc' });
  });

  it('knows a connection by the lack of a request', () => {
    expect(check({ ...context, request: undefined })).toMatchObject({
      'context.protocol': 'tcp',
      'connection.mtls': true,
    });
    expect(check({})).toEqual({
      'connection.mtls': false,
      'context.protocol': 'tcp',
      'context.reporter.kind': 'inbound',
      'context.reporter.uid': 'kubernetes://me.shop',
      'destination.namespace': 'shop',
      'destination.uid': 'kubernetes://me.shop',
    });
  });

  it('takes texts of the route by the type of their attribute, before all else', () => {
    const texts = {
      'destination.port': '81',
      'destination.ip': '10.9.9.9',
      'connection.mtls': 'false',
      'request.size': 'x',
    };
    expect(check(context, texts)).toMatchObject({
      'destination.port': 81,
      'destination.ip': ip(10, 9, 9, 9),
      'connection.mtls': false,
    });
    expect(check(context, texts)).not.toHaveProperty(['request.size']);
  });

  it('knows no principal of what is no SPIFFE id, and no namespace of what is none of this mesh', () => {
    const by = (principal: string) => check({ ...context, source: { principal } });
    expect(by('ratings.example.com')).toMatchObject({ 'connection.mtls': true });
    expect(by('cluster.local/ns/shop/sa/ratings')).not.toHaveProperty(['source.principal']);
    expect(by('spiffe://other/workload')['source.principal']).toBe('other/workload');
    expect(by('spiffe://other/workload')).not.toHaveProperty(['source.namespace']);
  });

  it('tells of a caller in a token that Envoy verified', () => {
    const payload = { iss: 'me', sub: 'ann', aud: ['a', 'b'], azp: 'app', exp: 5 };
    const filterMetadata = { 'envoy.filters.http.jwt_authn': { any: payload } };
    expect(check({ ...context, metadataContext: { filterMetadata } })).toMatchObject({
      'request.auth.principal': 'me/ann',
      'request.auth.audiences': 'a',
      'request.auth.presenter': 'app',
      'request.auth.claims': { iss: 'me', sub: 'ann', azp: 'app' },
      'request.auth.raw_claims': JSON.stringify(payload),
    });
  });
});
