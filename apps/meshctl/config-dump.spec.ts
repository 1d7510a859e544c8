import { resourcesOf, rowsOf } from './config-dump';

const config = '/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews';
const cluster = (weight: number, subset: string): object => ({
  weight,
  name: `outbound|9081|${subset}|reviews.default.svc.cluster.local`,
});
const dump = {
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      dynamicActiveClusters: [
        { cluster: { name: 'outbound|9081|v1|reviews.default.svc.cluster.local', type: 'EDS' } },
        { cluster: { name: 'BlackHoleCluster', type: 'STATIC' } },
      ],
    },
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
      dynamicRouteConfigs: [
        {
          routeConfig: {
            name: '9081',
            virtualHosts: [
              {
                name: 'reviews',
                domains: ['a', 'b', 'c'],
                routes: [
                  {
                    match: { prefix: '/', headers: [{ name: 'end-user' }] },
                    route: { weightedClusters: { clusters: [cluster(90, 'v1'), cluster(10, 'v2')] } },
                    metadata: { filterMetadata: { istio: { config } } },
                  },
                  { match: { path: '/old' }, redirect: { pathRedirect: '/new' } },
                ],
              },
            ],
          },
        },
      ],
    },
    {
      // Envoy's own admin interface spells in snake case.
      '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
      dynamic_active_secrets: [
        {
          name: 'default',
          secret: {
            name: 'default',
            tls_certificate: {
              certificate_chain: { inline_bytes: Buffer.from('no certificate').toString('base64') },
              private_key: { inline_bytes: 'c2VjcmV0' },
            },
          },
        },
      ],
    },
  ],
};

describe('a config dump for people', () => {
  it('takes the names of clusters apart', () => {
    expect(rowsOf(resourcesOf(dump, 'clusters'), 'clusters').rows).toEqual([
      ['reviews.default.svc.cluster.local', '9081', 'v1', 'outbound', 'EDS', ''],
      ['BlackHoleCluster', '', '', '', 'STATIC', ''],
    ]);
  });

  it('shows each route with its destinations and the object that made it', () => {
    expect(rowsOf(resourcesOf(dump, 'routes'), 'routes').rows).toEqual([
      [
        '9081',
        'reviews',
        'a, b +1',
        '/* [end-user]',
        '90% outbound|9081|v1|reviews.default.svc.cluster.local, 10% outbound|9081|v2|reviews.default.svc.cluster.local',
        'virtual-service default/reviews',
      ],
      ['9081', 'reviews', 'a, b +1', '/old', 'redirect', ''],
    ]);
  });

  it('never shows a private key', () => {
    const text = JSON.stringify(resourcesOf(dump, 'secret'));
    expect(text).toContain('redacted');
    expect(text).not.toContain('c2VjcmV0');
  });

  it('has no rows for a section that is absent', () => {
    expect(resourcesOf({}, 'listeners')).toEqual([]);
  });
});
