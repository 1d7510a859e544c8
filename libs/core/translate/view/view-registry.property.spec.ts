import fc from 'fast-check';
import { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import { VirtualHost } from '@keelson/api/envoy/config/route/v3/route_components';
import type { MeshObject } from '@keelson/core/config';
import type { MeshModel } from '@keelson/core/mesh';
import { typeUrls } from '../built';
import {
  contents,
  domain,
  entry,
  grpcClient,
  lease,
  mesh,
  mixerClient,
  mixerRule,
  object,
  route,
  router,
  sidecar,
  subsets,
} from './testing/recorded-views';

describe('the same inputs', () => {
  const names = ['a', 'b', 'c', 'd', 'a.shop', 'a.b'];
  const name = fc.constantFrom(...names);
  const sharedAddress = '240.0.0.1';
  // A rule may name what is the short name or the address of a service too.
  const ruled = fc.oneof({ weight: 4, arbitrary: name }, fc.constant(sharedAddress));
  // `a` of namespace b is `a.b` too, for all; `a.b` of shop is so in shop.
  const namespace = fc.constantFrom('shop', 'shop', 'b');
  const service = fc.record({
    op: fc.constant('entry'),
    name,
    namespace,
    full: fc.boolean(),
    port: fc.constantFrom(80, 81),
    protocol: fc.constantFrom('HTTP', 'TCP', 'TLS'),
    shared: fc.boolean(),
  });
  const change = fc.oneof(
    { weight: 6, arbitrary: service },
    fc.record({ op: fc.constant('route'), name, host: ruled, to: name, gateway: fc.boolean() }),
    fc.record({ op: fc.constant('subset'), name, host: name, to: name }),
    fc.record({ op: fc.constant('wildcard'), name, to: name }),
    fc.record({ op: fc.constant('hosts'), name, host: name, other: name, to: name }),
    fc.record({ op: fc.constant('subsets'), name, host: name, version: fc.constantFrom('v1', 'v2') }),
    fc.record({ op: fc.constant('lease'), name, app: name }),
    fc.record({ op: fc.constant('unlease'), name }),
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constant('sidecar'),
        some: fc.boolean(),
        host: name,
        port: fc.constantFrom(0, 80, 81),
        protocol: fc.constantFrom('HTTP', 'TCP'),
        // Without an address, or with that of a service, it has the name of a listener for captured traffic.
        bind: fc.constantFrom('', '', '127.0.0.1', sharedAddress),
        captureMode: fc.constantFrom('DEFAULT', 'NONE'),
      }),
    },
    fc.record({ op: fc.constant('gateway'), host: fc.constantFrom('*', 'x.example.com') }),
    fc.record({ op: fc.constant('strict'), mode: fc.constantFrom('STRICT', 'DISABLE') }),
    fc.record({
      op: fc.constant('rule'),
      name,
      template: fc.constantFrom('checknothing', 'reportnothing'),
      match: fc.constantFrom(
        '',
        'context.reporter.kind == "inbound"',
        'context.reporter.kind == "outbound" && source.namespace == "shop"',
        'destination.namespace == "b"',
      ),
    }),
    fc.record({ op: fc.constant('policy'), mode: fc.constantFrom('REGISTRY_ONLY', 'ALLOW_ANY') }),
    fc.record({
      op: fc.constant('remove'),
      kind: fc.constantFrom(
        'ServiceEntry',
        'VirtualService',
        'DestinationRule',
        'Sidecar',
        'Gateway',
        'PeerAuthentication',
        'rule',
      ),
      namespace,
      name,
    }),
  );
  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
  const ages = new Map(names.map((each, i) => [each, (i % 4) + 1]));

  function apply(model: MeshModel, each: Change): ReturnType<MeshModel['applyConfig']> {
    const text = (key: string): string => String((each as Record<string, unknown>)[key]);
    const age = ages.get(text('name')) ?? 1;
    const put = (made: MeshObject): ReturnType<MeshModel['applyConfig']> =>
      model.applyConfig({ put: [{ ...made, created: age }], remove: [] });
    switch (each.op) {
      case 'entry':
        return put(
          entry(
            text('name'),
            Number(text('port')),
            text('protocol'),
            text('shared') === 'true' ? [sharedAddress] : [],
            {
              host: text('full') === 'true' ? `${text('name')}.${text('namespace')}.svc.cluster.local` : text('name'),
              namespace: text('namespace'),
            },
          ),
        );
      case 'route':
        return put(
          route(
            text('name'),
            text('gateway') === 'true' ? `${text('host')}.example.com` : text('host'),
            text('to'),
            text('gateway') === 'true' ? ['a'] : [],
          ),
        );
      case 'subset':
        return put(route(text('name'), text('host'), text('to'), [], 'v1'));
      case 'wildcard':
        return put(route(text('name'), '*.svc.cluster.local', text('to')));
      case 'hosts':
        return put(
          object('VirtualService', text('name'), {
            hosts: [text('host'), text('other'), 'virtual.example.com'],
            http: [{ route: [{ destination: { host: text('to') } }] }],
          }),
        );
      case 'subsets':
        return put(subsets(text('name'), text('host'), text('version')));
      case 'lease':
        return model.applyWorkloads({ put: [lease(`w-${text('name')}`, text('app'), text('app'))], remove: [] });
      case 'unlease':
        return model.applyWorkloads({ put: [], remove: [`w-${text('name')}`] });
      case 'sidecar':
        return put(
          object('Sidecar', 'a', {
            egress: [
              ...(text('port') === '0'
                ? []
                : [
                    {
                      port: { number: Number(text('port')), name: 'x', protocol: text('protocol') },
                      bind: text('bind'),
                      captureMode: text('captureMode'),
                      hosts: [`./${text('host')}${domain}`],
                    },
                  ]),
              { hosts: [text('some') === 'true' ? `./${text('host')}${domain}` : '*/*'] },
            ],
          }),
        );
      case 'gateway':
        return put(
          object('Gateway', 'a', {
            selector: { app: 'gw' },
            servers: [{ port: { number: 8080, name: 'http', protocol: 'HTTP' }, hosts: [text('host')] }],
          }),
        );
      case 'strict':
        return put(object('PeerAuthentication', 'a', { mtls: { mode: text('mode') } }));
      case 'policy':
        return put(
          object('MeshConfig', 'default', { outboundTrafficPolicy: { mode: text('mode') } }, 1, 'istio-system'),
        );
      case 'rule': {
        const template = text('template') === 'checknothing' ? 'checknothing' : 'reportnothing';
        return model.applyConfig({ put: mixerRule(text('name'), template, text('match')), remove: [] });
      }
      default:
        return model.applyConfig({
          put: [],
          remove: [{ kind: text('kind'), namespace: text('namespace'), name: text('name') }],
        });
    }
  }

  it('give the same bytes, whatever way led to them', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), (changes) => {
        const grown = mesh();
        let tick = 0;
        const nodes = [sidecar, router, sidecar, grpcClient, mixerClient];
        const live = new Map(nodes.map((node, id) => [id, grown.views.attach(id, node, id < 2, tick)]));
        for (const each of changes)
          for (const [id, sets] of grown.views.follow(++tick, apply(grown.model, each))) live.set(id, sets);
        const fresh = mesh();
        for (const each of changes) apply(fresh.model, each);
        for (const [id, sets] of live) {
          const made = contents(sets);
          expect(made).toEqual(contents(fresh.views.attach(id, nodes[id]!, id < 2, 0)));
          expect(virtualHosts(made).filter((host) => (host.domains ?? []).length === 0)).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  /** All virtual hosts of a view, those that are resources and those that stand in a route configuration. */
  function virtualHosts(made: ReturnType<typeof contents>): VirtualHost[] {
    const bodies = (typeUrl: string): Buffer[] =>
      Object.values(made[typeUrl] ?? {}).map((body) => Buffer.from(body, 'hex'));
    return [
      ...bodies(typeUrls.virtualHost).map((body) => VirtualHost.decode(body)),
      ...bodies(typeUrls.route).flatMap((body) => RouteConfiguration.decode(body).virtualHosts ?? []),
    ];
  }
});
