import { judge } from '../../testdata/judge';

const server = (text: string): string => `{selector: {istio: ingressgateway}, servers: [{${text}}]}`;
const http = 'port: {number: 80, name: http, protocol: HTTP}';
const https = 'port: {number: 443, name: https, protocol: HTTPS}';
const at = 'spec.servers[0]';

describe('S51 Gateway', () => {
  it.each([
    [
      'HTTP, with redirect, and HTTPS',
      `{selector: {istio: edge}, servers: [{${http}, hosts: ["*"], tls: {httpsRedirect: true}}, {${https}, name: s, bind: 127.0.0.1, hosts: [a.b, ns/c.d, ./e.f, "*/*.g.h"], tls: {mode: SIMPLE, credentialName: cert, minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_3, cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]}}]}`,
    ],
    [
      'gRPC and HTTP/2 on one port',
      '{servers: [{port: {number: 80, name: a, protocol: grpc}, hosts: [a.b]}, {port: {number: 80, name: b, protocol: http2}, hosts: [c.d]}]}',
    ],
    [
      'two certificates on one port',
      `{servers: [{${https}, hosts: [a.b], tls: {mode: SIMPLE, credentialName: a}}, {port: {number: 443, name: other, protocol: HTTPS}, hosts: [c.d], tls: {mode: SIMPLE, credentialName: b}}]}`,
    ],
  ])('takes %s', (_, spec) => {
    expect(judge('Gateway', spec)).toEqual([]);
  });

  it.each([
    ['no servers', '{selector: {a: b}}', 'spec.servers: at least one server is required'],
    ['no hosts', server(http), `${at}.hosts: at least one host is required`],
    ['no port', server('hosts: ["*"]'), `${at}.port: a port is required`],
    ['no name', server('port: {number: 80, protocol: HTTP}, hosts: ["*"]'), `${at}.port.name: a port needs a name`],
    [
      'no number',
      server('port: {name: a, protocol: HTTP}, hosts: ["*"]'),
      `${at}.port.number: must be a port, 1 to 65535, not 0`,
    ],
    [
      'no protocol',
      server('port: {name: a, number: 80}, hosts: ["*"]'),
      `${at}.port.protocol: finding out the protocol from the traffic is not supported yet`,
    ],
    [
      'a protocol that is none',
      server('port: {name: a, number: 80, protocol: HTPP}, hosts: ["*"]'),
      expect.stringMatching(/^spec\.servers\[0\]\.port\.protocol: "HTPP" is not a protocol; known are HTTP, /),
    ],
    ['a short host', server(`${http}, hosts: [a]`), `${at}.hosts[0]: a short host name is not allowed here`],
    [
      'half a wildcard',
      server(`${http}, hosts: ["*a.b"]`),
      `${at}.hosts[0]: a wildcard stands for a whole label: *.example.com`,
    ],
    ['a bad namespace', server(`${http}, hosts: [A_/a.b]`), `${at}.hosts[0]: "A_" is neither a namespace nor * nor .`],
    ['a bad address', server(`${http}, hosts: ["*"], bind: localhost`), `${at}.bind: "localhost" is not an IP address`],
    [
      'a port name twice',
      `{servers: [{${http}, hosts: [a.b]}, {port: {number: 81, name: http, protocol: HTTP}, hosts: [a.b]}]}`,
      'spec.servers[1].port.name: port http is there already',
    ],
    [
      'a server name twice',
      `{servers: [{${http}, name: s, hosts: [a.b]}, {port: {number: 81, name: b, protocol: HTTP}, name: s, hosts: [a.b]}]}`,
      'spec.servers[1].name: server s is there already',
    ],
    [
      'HTTP and HTTPS on one port',
      `{servers: [{${http}, hosts: [a.b]}, {port: {number: 80, name: b, protocol: HTTPS}, hosts: [c.d], tls: {mode: SIMPLE, credentialName: a}}]}`,
      'spec.servers[1].port.protocol: the same port is HTTP in spec.servers[0]',
    ],
    [
      'a host with two certificates',
      `{servers: [{${https}, hosts: [a.b], tls: {mode: SIMPLE, credentialName: a}}, {port: {number: 443, name: b, protocol: HTTPS}, hosts: [ns/a.b], tls: {mode: SIMPLE, credentialName: b}}]}`,
      'spec.servers[1].hosts[0]: spec.servers[0] serves this host on the same port',
    ],
    ['HTTPS without TLS', server(`${https}, hosts: ["*"]`), `${at}.tls: a server of HTTPS needs TLS settings`],
    [
      'SIMPLE without a credential',
      server(`${https}, hosts: ["*"], tls: {mode: SIMPLE}`),
      `${at}.tls.credentialName: SIMPLE needs the name of a credential`,
    ],
    [
      'a path as a credential',
      server(`${https}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: ../a}`),
      `${at}.tls.credentialName: "../a" is not the name of a credential`,
    ],
    [
      'a redirect of HTTPS',
      server(`${https}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: a, httpsRedirect: true}`),
      `${at}.tls.httpsRedirect: is for a server of HTTP`,
    ],
    [
      'TLS on HTTP',
      server(`${http}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: a}`),
      `${at}.tls: a server of HTTP may only have httpsRedirect`,
    ],
    [
      'versions in the wrong order',
      server(
        `${https}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2}`,
      ),
      `${at}.tls.maxProtocolVersion: is below minProtocolVersion`,
    ],
    [
      'a bad cipher suite',
      server(`${https}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: a, cipherSuites: ["x:y"]}`),
      `${at}.tls.cipherSuites[0]: "x:y" is not a cipher suite`,
    ],
    [
      'a mode by omission',
      server(`${https}, hosts: ["*"], tls: {}`),
      `${at}.tls.mode: PASSTHROUGH, which is the default, is not supported yet`,
    ],
    ['MUTUAL', server(`${https}, hosts: ["*"], tls: {mode: MUTUAL}`), `${at}.tls.mode: MUTUAL is not supported yet`],
    [
      'files of a certificate',
      server(`${https}, hosts: ["*"], tls: {mode: SIMPLE, serverCertificate: /a}`),
      `${at}.tls.serverCertificate: not supported yet`,
    ],
    [
      'TCP',
      server('port: {name: a, number: 80, protocol: TCP}, hosts: ["*"]'),
      `${at}.port.protocol: TCP is not supported yet`,
    ],
    [
      'a target port',
      server('port: {name: a, number: 80, protocol: HTTP, targetPort: 1}, hosts: ["*"]'),
      `${at}.port.targetPort: not supported yet`,
    ],
  ])('refuses %s', (_, spec, expected: unknown) => {
    expect(judge('Gateway', spec)).toContainEqual(expected);
  });

  it('refuses a name with dots, by which VirtualServices could not name it', () => {
    expect(judge('Gateway', server(`${http}, hosts: ["*"]`), 'a.b')).toEqual([
      'metadata.name: "a.b" is not a name for a Gateway: no dots',
    ]);
  });
});
