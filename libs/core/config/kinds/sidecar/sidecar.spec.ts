import { judge } from '../../testdata/judge';

const port = 'port: {number: 9080, protocol: HTTP, name: http}';
const ingress = (text: string): string => `{ingress: [{${port}, ${text}}]}`;
const egress = (...texts: string[]): string => `{egress: [${texts.map((text) => `{${text}}`).join(', ')}]}`;

describe('S51 Sidecar', () => {
  it.each([
    ['hosts', '{egress: [{hosts: ["./*", "istio-system/*", "~/*"]}]}'],
    [
      'listeners without capture',
      `{workloadSelector: {labels: {app: a}}, ingress: [{${port}, bind: 127.1.0.2, captureMode: NONE, defaultEndpoint: "127.0.0.1:9080"}], egress: [{${port}, bind: 127.1.0.2, captureMode: NONE, hosts: ["*/a.b"]}, {port: {number: 9080, protocol: HTTP}, bind: 127.1.0.3, hosts: ["*/*.c"]}, {hosts: ["./*"]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}`,
    ],
    ['a policy alone', '{outboundTrafficPolicy: {mode: ALLOW_ANY}}'],
    ...['0.0.0.0:1', '[::1]:1', '[::]:1', ':1', 'unix:///a/b', 'unix://@a'].map(
      (endpoint) => [endpoint, ingress(`defaultEndpoint: "${endpoint}"`)] as [string, string],
    ),
  ])('takes %s', (_, spec) => {
    expect(judge('Sidecar', spec)).toEqual([]);
  });

  it.each([
    ['nothing', '{}', 'spec: needs ingress, egress or outboundTrafficPolicy'],
    ['ingress without a port', '{ingress: [{bind: 127.0.0.1}]}', 'spec.ingress[0].port: a port is required'],
    [
      'an ingress port twice',
      `{ingress: [{${port}}, {${port}}]}`,
      'spec.ingress[1].port.number: port 9080 is there already',
    ],
    [
      'another host as endpoint',
      ingress('defaultEndpoint: "10.0.0.1:80"'),
      'spec.ingress[0].defaultEndpoint: must be 127.0.0.1:<port>, 0.0.0.0:<port>, [::1]:<port>, [::]:<port> or unix://<path>',
    ],
    [
      'an endpoint without a port',
      ingress('defaultEndpoint: "127.0.0.1"'),
      'spec.ingress[0].defaultEndpoint: must be 127.0.0.1:<port>, 0.0.0.0:<port>, [::1]:<port>, [::]:<port> or unix://<path>',
    ],
    [
      'a port out of range',
      ingress('defaultEndpoint: "127.0.0.1:70000"'),
      'spec.ingress[0].defaultEndpoint: must be a port, 1 to 65535, not 70000',
    ],
    ['a bad address', ingress('bind: localhost'), 'spec.ingress[0].bind: "localhost" is not an IP address'],
    ['no hosts', egress(port), 'spec.egress[0].hosts: at least one host is required, as namespace/host'],
    ['a host without a namespace', egress('hosts: [a.b]'), 'spec.egress[0].hosts[0]: "a.b" is not namespace/host'],
    ['a short host', egress('hosts: [./a]'), 'spec.egress[0].hosts[0]: a short host name is not allowed here'],
    [
      'a bad namespace',
      egress('hosts: ["a_/*"]'),
      'spec.egress[0].hosts[0]: "a_" is neither a namespace nor * nor . nor ~',
    ],
    [
      'half a wildcard',
      egress('hosts: ["./*a.b"]'),
      'spec.egress[0].hosts[0]: a wildcard stands for a whole label: *.example.com',
    ],
    [
      'a listener for the rest that is not the last',
      egress('hosts: ["./*"]', `${port}, hosts: ["./*"]`),
      'spec.egress[0].port: only the last egress listener may be without a port',
    ],
    [
      'an address without a port',
      egress('bind: 127.0.0.1, hosts: ["./*"]'),
      'spec.egress[0].bind: a listener without a port has no address',
    ],
    [
      'a listener twice',
      egress(`${port}, hosts: ["./*"]`, `${port}, hosts: ["./*"]`),
      'spec.egress[1].port.number: listener :9080 is there already',
    ],
    [
      'a socket',
      egress('port: {number: 1, protocol: HTTP}, bind: "unix:///a", hosts: ["./*"]'),
      'spec.egress[0].bind: a socket in the file system is not supported yet',
    ],
    ['TLS of ingress', ingress('tls: {}'), 'spec.ingress[0].tls: not supported yet'],
    ['a connection pool', ingress('connectionPool: {}'), 'spec.ingress[0].connectionPool: not supported yet'],
    [
      'an egress proxy',
      '{outboundTrafficPolicy: {egressProxy: {host: a}}}',
      'spec.outboundTrafficPolicy.egressProxy: not supported yet',
    ],
  ])('refuses %s', (_, spec, expected) => {
    expect(judge('Sidecar', spec)).toContain(expected);
  });

  it('warns of a host that is there twice', () => {
    expect(judge('Sidecar', egress('hosts: ["./*", "default/*"]'))).toEqual([
      'warning spec.egress[0].hosts[1]: default/* is there already',
    ]);
  });
});
