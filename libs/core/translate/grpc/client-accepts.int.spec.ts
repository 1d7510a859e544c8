import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Metadata } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import { getPredicateForMatcher } from '@grpc/grpc-js-xds/build/src/route';
import { ClusterResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/cluster-resource-type';
import { EndpointResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/endpoint-resource-type';
import { ListenerResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/listener-resource-type';
import { RouteConfigurationResourceType } from '@grpc/grpc-js-xds/build/src/xds-resource-type/route-config-resource-type';
import type { RouteConfiguration__Output } from '@grpc/grpc-js-xds/build/src/generated/envoy/config/route/v3/RouteConfiguration';
import { parse } from 'yaml';
import type { JsonObject } from '@keelson/api';
import { typeUrls, type Built } from '../built';
import { translateCase, type CaseInput } from '../testdata/case';
import { call, httpMatch, means, optional } from './testing/calls';

/** The decoders of grpc-js, which say what its xDS client refuses. */
const decoders = {
  listener: ListenerResourceType.get(),
  route: RouteConfigurationResourceType.get(),
  cluster: ClusterResourceType.get(),
  endpoint: EndpointResourceType.get(),
};
const context = {
  server: { server_uri: '', channel_creds: [], server_features: [] },
  bootstrap: {
    xdsServers: [],
    node: { id: '', locality: {} },
    authorities: {},
    clientDefaultListenerResourceNameTemplate: '%s',
    serverListenerResourceNameTemplate: null,
    certificateProviders: {},
  },
};
const kinds = ['listener', 'route', 'cluster', 'endpoint'] as const;

beforeAll(register);

describe('S1 the xDS client of grpc-js', () => {
  const folder = join(__dirname, '..', 'testdata', 'grpc');
  const cases = readdirSync(folder).filter((file) => file.endsWith('.in.yaml'));

  it.each(cases)('takes all of %s', (file) => {
    const made = translateCase(parse(readFileSync(join(folder, file), 'utf8')) as CaseInput);
    for (const kind of kinds)
      for (const built of made[kind]) expect([built.name, refusal(kind, built)]).toEqual([built.name, undefined]);
  });

  it('refuses a host name as an endpoint, so that the above says something', () => {
    const { endpoint } = translateCase(oneService({ endpoints: [{ address: 'a.example.com' }] }, []));
    expect(refusal('endpoint', endpoint[0]!)).toContain('not a valid IPv4 or IPv6 address');
  });

  it('takes whatever rules and endpoints there are, and can match by them', () => {
    fc.assert(
      fc.property(
        fc.array(httpRule, { minLength: 1, maxLength: 4 }),
        fc.array(endpoint, { maxLength: 6 }),
        (http, endpoints) => {
          const made = translateCase(oneService({ endpoints }, http));
          for (const kind of kinds) for (const built of made[kind]) expect(refusal(kind, built)).toBeUndefined();
          for (const { match, route } of routesOf(made.route[0]!)) {
            getPredicateForMatcher(match!).apply('/a', new Metadata());
            expect(['cluster', 'weighted_clusters']).toContain(route?.cluster_specifier);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('S9 matches the calls that a rule means', () => {
    fc.assert(
      fc.property(httpMatch, call, (match, { path, metadata }) => {
        const made = translateCase(oneService({}, [{ match: [match], route: [{ destination: { host: 'a' } }] }]));
        const carried = new Metadata();
        for (const [name, value] of Object.entries(metadata)) carried.set(name, value);
        const found = routesOf(made.route[0]!).some((route) =>
          getPredicateForMatcher(route.match!).apply(path, carried),
        );
        expect(found).toBe(means(match, path, metadata));
      }),
      { numRuns: 300 },
    );
  });
});

function refusal(kind: keyof typeof decoders, built: Built): string | undefined {
  const { name, error } = decoders[kind].decode(context, { type_url: typeUrls[kind], value: Buffer.from(built.body) });
  return error ?? (name === built.name ? undefined : `is named ${name}`);
}

function routesOf(built: Built): RouteConfiguration__Output['virtual_hosts'][number]['routes'] {
  const { value } = decoders.route.decode(context, { type_url: typeUrls.route, value: Buffer.from(built.body) });
  return (value as RouteConfiguration__Output).virtual_hosts.flatMap(({ routes }) => routes);
}

function oneService(
  service: Partial<NonNullable<CaseInput['services']>[number]>,
  http: readonly JsonObject[],
): CaseInput {
  const metadata = { name: 'a' };
  const apiVersion = 'networking.istio.io/v1';
  return {
    proxy: { client: 'grpc', locality: 'eu/a' },
    services: [
      {
        hostname: 'a.default.svc.cluster.local',
        ports: [{ number: 80, name: 'grpc', protocol: 'GRPC', targetPort: 0 }],
        ...service,
      },
    ],
    objects: [
      { apiVersion, kind: 'VirtualService', metadata, spec: { hosts: ['a'], http: [...http] } },
      {
        apiVersion,
        kind: 'DestinationRule',
        metadata,
        spec: {
          host: 'a',
          trafficPolicy: { outlierDetection: { consecutive5xxErrors: 1 }, loadBalancer: { simple: 'LEAST_REQUEST' } },
          subsets: [{ name: 'v1', labels: { version: 'v1' } }],
        },
      },
    ],
  };
}

const host = fc.constantFrom('a', 'nowhere');
const destination = fc.record({
  destination: fc.record({ host, subset: fc.constantFrom('', 'v1', 'v9') }),
  weight: fc.constantFrom(0, 1, 2_000_000_000),
});
const duration = fc.constantFrom('0s', '0.0001s', '0.025s', '3s');
const httpRule = fc
  .record({
    match: optional(fc.array(httpMatch, { minLength: 1, maxLength: 2 })),
    route: fc.array(destination, { minLength: 1, maxLength: 2 }),
    redirect: optional(fc.constant({ uri: '/x' })),
    directResponse: optional(fc.constant({ status: 403 })),
    timeout: optional(duration),
    retries: optional(
      fc.record({
        attempts: fc.constantFrom(0, 1, 9),
        retryOn: fc.constantFrom('', '5xx', 'cancelled,503', 'unavailable,reset'),
        backoff: optional(duration),
      }),
    ),
    rewrite: optional(fc.constant({ uri: '/y', authority: 'z' })),
    mirror: optional(fc.constant({ host: 'a' })),
    fault: optional(
      fc.constantFrom(
        { delay: { fixedDelay: '5s', percentage: { value: 3 } } },
        { abort: { grpcStatus: 'ABORTED', percentage: { value: 0 } } },
        { delay: { fixedDelay: '1s' }, abort: { httpStatus: 404 } },
      ),
    ),
  })
  .map((rule) => JSON.parse(JSON.stringify(rule)) as JsonObject);
const endpoint = fc.record({
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', '::1', 'unix:///a'),
  ports: fc.constantFrom<Record<string, number>>({}, { grpc: 81 }),
  labels: fc.constantFrom<Record<string, string>>({}, { version: 'v1' }),
  locality: fc.constantFrom('', 'eu/a', 'eu/a/', 'eu/b', 'us', 'us///x'),
  weight: fc.constantFrom(1, 5, 4_294_967_295),
  health: fc.constantFrom('healthy' as const, 'unhealthy' as const, 'draining' as const),
});
