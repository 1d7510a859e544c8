import type { JsonObject } from '@keelson/api';
import { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import { translateCase } from '../testdata/case';

const names = ['a.shop.svc.cluster.local', 'a.shop', 'a.shop.svc', 'a'];

/** The names of the routes that a client is given for a service `a` with these rules. */
function routesFor(http: JsonObject[], namespace = 'shop'): (string | undefined)[] {
  const { listener, route } = translateCase({
    proxy: { client: 'grpc', namespace },
    services: [
      {
        hostname: names[0]!,
        namespace: 'shop',
        ports: [{ number: 80, name: 'grpc', protocol: 'GRPC', targetPort: 80 }],
      },
    ],
    objects: [
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'a', namespace: 'shop' },
        spec: { hosts: ['a'], http },
      },
    ],
  });
  expect(listener).toHaveLength(namespace === 'shop' ? 4 : 3);
  return RouteConfiguration.decode(route[0]!.body).virtualHosts!.flatMap(({ routes = [] }) =>
    routes.map(({ name }) => name),
  );
}

describe('S9 a rule that asks for a name', () => {
  const asking = (authority: string): JsonObject[] => [
    { name: 'asked', match: [{ authority: { exact: authority } }], route: [{ destination: { host: 'a' } }] },
    { name: 'else', route: [{ destination: { host: 'a' } }] },
  ];

  it.each(names.flatMap((name) => [name, `${name}:80`]))('holds for %s, by which the service is dialled', (name) => {
    expect(routesFor(asking(name))).toEqual(['shop/a/asked', 'shop/a/else']);
  });

  it.each(['b', 'a:81', 'a.other'])('does not hold for %s', (name) => {
    expect(routesFor(asking(name))).toEqual(['shop/a/else']);
  });

  it('does not hold for the shortest name where callers of another namespace have not got it', () => {
    expect([routesFor(asking('a'), 'other'), routesFor(asking('a.shop'), 'other')]).toEqual([
      ['shop/a/else'],
      ['shop/a/asked', 'shop/a/else'],
    ]);
  });
});
