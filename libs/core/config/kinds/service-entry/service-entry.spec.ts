import { judge } from '../../testdata/judge';

const entry = (text: string): string =>
  `{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], ${text}}`;
const ports = (...texts: string[]): string =>
  `{hosts: [a.b], resolution: STATIC, ports: [${texts.map((text) => `{${text}}`).join(', ')}]}`;

describe('S51 ServiceEntry', () => {
  it.each([
    [
      'endpoints',
      entry(
        'location: MESH_INTERNAL, addresses: [10.0.0.1, 10.1.0.0/16, "2001:db8::/32"], endpoints: [{address: 127.0.0.1, ports: {http: 8080}, labels: {a: b}, weight: 5, locality: r/z/s, serviceAccount: sa, network: n}, {address: "::1"}], exportTo: ["~"], subjectAltNames: ["spiffe://a/b"]',
      ),
    ],
    ['a socket', entry('endpoints: [{address: "unix:///run/a.sock"}]')],
    ['a selector', entry('workloadSelector: {labels: {app: a}}')],
    [
      'a wildcard',
      '{hosts: ["*.b.c"], resolution: STATIC, ports: [{number: 443, name: https, protocol: https, targetPort: 8443}]}',
    ],
    ['no endpoints', entry('location: MESH_EXTERNAL')],
  ])('takes %s', (_, spec) => {
    expect(judge('ServiceEntry', spec)).toEqual([]);
  });

  it.each([
    ['no hosts', '{resolution: STATIC}', 'spec.hosts: at least one host is required'],
    ['every host', '{hosts: ["*"], resolution: STATIC}', 'spec.hosts[0]: a service for every host is not allowed'],
    [
      'half a wildcard',
      '{hosts: ["*a.b"], resolution: STATIC}',
      'spec.hosts[0]: a wildcard stands for a whole label: *.example.com',
    ],
    ['a host twice', '{hosts: [a.b, a.b], resolution: STATIC}', 'spec.hosts[1]: host a.b is there already'],
    [
      'a bad address',
      entry('addresses: [10.0.0.0/33]'),
      'spec.addresses[0]: "10.0.0.0/33" is not an IP address or range',
    ],
    [
      'a port twice',
      ports('number: 80, name: a, protocol: HTTP', 'number: 80, name: a, protocol: HTTP'),
      'spec.ports[1].number: port 80 is there already',
    ],
    [
      'a port name twice',
      ports('number: 80, name: a, protocol: HTTP', 'number: 81, name: a, protocol: HTTP'),
      'spec.ports[1].name: port a is there already',
    ],
    ['a port without a name', ports('number: 80, protocol: HTTP'), 'spec.ports[0].name: "" is not the name of a port'],
    [
      'a bad target',
      ports('number: 80, name: a, protocol: HTTP, targetPort: 65536'),
      'spec.ports[0].targetPort: must be a port, 1 to 65535, not 65536',
    ],
    [
      'a port without a protocol',
      ports('number: 80, name: a'),
      'spec.ports[0].protocol: finding out the protocol from the traffic is not supported yet',
    ],
    [
      'several hosts on TCP',
      '{hosts: [a.b, c.d], resolution: STATIC, ports: [{number: 1, name: a, protocol: TCP}]}',
      'spec.ports[0].protocol: several hosts cannot be told apart on a port that is neither HTTP nor TLS',
    ],
    [
      'endpoints and selector',
      entry('workloadSelector: {labels: {a: b}}, endpoints: [{address: 10.0.0.1}]'),
      'spec.endpoints: a service has endpoints or a workloadSelector, not both',
    ],
    ['an endpoint without address', entry('endpoints: [{}]'), 'spec.endpoints[0].address: an address is required'],
    [
      'an endpoint with a name',
      entry('endpoints: [{address: a.b}]'),
      'spec.endpoints[0].address: a host name as an address is not supported yet',
    ],
    [
      'an endpoint with an unknown port',
      entry('endpoints: [{address: 10.0.0.1, ports: {grpc: 1}}]'),
      'spec.endpoints[0].ports.grpc: the service has no port "grpc"',
    ],
    [
      'an endpoint with a bad port',
      entry('endpoints: [{address: 10.0.0.1, ports: {http: 0}}]'),
      'spec.endpoints[0].ports.http: must be a port, 1 to 65535, not 0',
    ],
    [
      'a socket with ports',
      entry('endpoints: [{address: "unix:///a", ports: {http: 1}}]'),
      'spec.endpoints[0].ports: a socket in the file system has no ports',
    ],
    [
      'a relative socket',
      entry('endpoints: [{address: "unix://a"}]'),
      'spec.endpoints[0].address: "unix://a" is not unix:// with an absolute path',
    ],
    ['nobody and somebody', entry('exportTo: ["~", a]'), 'spec.exportTo[0]: ~ stands alone or not at all'],
    [
      'a wildcard in the selector',
      entry('workloadSelector: {labels: {a: "*"}}'),
      'spec.workloadSelector.labels.a: a selector has no wildcards',
    ],
    ['no resolution', '{hosts: [a.b], ports: []}', 'spec.resolution: NONE, which is the default, is not supported yet'],
    ['DNS', '{hosts: [a.b], resolution: DNS}', 'spec.resolution: DNS is not supported yet'],
    ['UDP', ports('number: 53, name: dns, protocol: UDP'), 'spec.ports[0].protocol: UDP is not supported yet'],
  ])('refuses %s', (_, spec, expected) => {
    expect(judge('ServiceEntry', spec)).toContain(expected);
  });

  it('warns of a selector that selects all', () => {
    expect(judge('ServiceEntry', entry('workloadSelector: {}'))).toEqual([
      'warning spec.workloadSelector.labels: no labels: every workload of the namespace is selected',
    ]);
  });
});

describe('S51 WorkloadEntry', () => {
  it.each([
    [
      'all fields',
      '{address: 10.0.0.1, ports: {http: 80}, labels: {a: b}, network: n, locality: r/z, weight: 1, serviceAccount: sa}',
      [],
    ],
    ['no address', '{}', ['spec.address: an address is required']],
    [
      'an account that is none',
      '{address: 10.0.0.1, serviceAccount: A_}',
      ['spec.serviceAccount: "A_" is not the name of a service account'],
    ],
    ['a locality that is none', '{address: 10.0.0.1, locality: a//b}', ['spec.locality: is not region/zone/subzone']],
    [
      'a port name that is none',
      '{address: 10.0.0.1, ports: {a_b: 1}}',
      ['spec.ports.a_b: "a_b" is not the name of a port'],
    ],
  ])('judges %s', (_, spec, expected) => {
    expect(judge('WorkloadEntry', spec)).toEqual(expected);
  });
});
