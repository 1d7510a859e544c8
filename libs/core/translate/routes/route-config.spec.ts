import { RouteConfiguration } from '@keelson/api/envoy/config/route/v3/route';
import { VirtualHost } from '@keelson/api/envoy/config/route/v3/route_components';
import { caseScope } from '../testdata/case';
import { outboundPieces } from './outbound-plan';
import { routeConfig, routeConfigInline } from './route-config';
import { virtualHost, withDomains } from './virtual-host';

const scope = caseScope({
  services: ['a', 'b'].map((name) => ({
    hostname: `${name}.default.svc.cluster.local`,
    addresses: ['240.240.0.1'],
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' as const, targetPort: 0 }],
  })),
});
const plan = outboundPieces(scope, scope.services()[0]!)[0]!.plan!;
const hosts = scope.services().map((service) => virtualHost(scope, plan, service)!);

describe('route configurations', () => {
  it('leave their hosts to discovery, but the fallback', () => {
    const decoded = RouteConfiguration.decode(routeConfig(scope, plan).body);
    expect(decoded.vhds).toBeDefined();
    expect(decoded.virtualHosts?.map((host) => host.name)).toEqual(['allow_any']);
  });

  it('hold the very hosts inline where nobody asks for them', () => {
    const inline = routeConfigInline(scope, plan, hosts);
    const decoded = RouteConfiguration.decode(inline.body);
    expect(decoded.vhds).toBeUndefined();
    expect(decoded.virtualHosts?.slice(1)).toEqual(hosts.map((host) => VirtualHost.decode(host.body)));
    expect(inline.needs).toEqual(['PassthroughCluster', ...hosts.flatMap((host) => host.needs ?? [])].sort());
  });

  it('name each host by the one slash that Envoy finds its configuration by', () => {
    expect(hosts.map((host) => host.name)).toEqual([
      '80/a.default.svc.cluster.local',
      '80/b.default.svc.cluster.local',
    ]);
  });

  it('can do without a domain that another host has', () => {
    const [first] = hosts;
    const less = withDomains(
      first!,
      first!.domains!.filter((domain) => domain !== '240.240.0.1'),
    );
    expect(VirtualHost.decode(less.body)).toEqual({ ...VirtualHost.decode(first!.body), domains: less.domains });
    expect(less.domains).not.toContain('240.240.0.1');
  });
});
