import { judge } from '../../testdata/judge';

const route = (text: string): string => `{hosts: [a.b], http: [{route: [{destination: {host: a.b}}], ${text}}]}`;
const match = (text: string): string => route(`match: [{${text}}]`);
const http = (text: string): string => `{hosts: [a.b], http: [{${text}}]}`;
const at = 'spec.http[0]';

describe('S51 VirtualService', () => {
  it.each([
    [
      'short and full hosts',
      '{hosts: [reviews, "*.example.com", 10.0.0.1, "2001:db8::1"], http: [{route: [{destination: {host: reviews}}]}]}',
    ],
    ['every host at a gateway', '{hosts: ["*"], gateways: [edge, ns/edge, ./edge], http: [{redirect: {uri: /}}]}'],
    [
      'matches',
      match(
        'name: m, uri: {prefix: ""}, scheme: {exact: https}, method: {regex: "GET|HEAD"}, authority: {prefix: a}, headers: {x-a: {exact: b}, x-b: {}}, withoutHeaders: {x-c: {}, x-d: {regex: "*"}}, queryParams: {q: {exact: ""}, r: {}}, ignoreUriCase: true, port: 80, gateways: [mesh]',
      ),
    ],
    [
      'weights',
      http(
        'route: [{destination: {host: a, subset: v1, port: {number: 80}}, weight: 90}, {destination: {host: a, subset: v2}, weight: 10}]',
      ),
    ],
    ['one route with weight 0', http('route: [{destination: {host: a}, weight: 0}]')],
    [
      'timeout, retries and rewrite',
      route(
        'timeout: 1m30s, retries: {attempts: 3, perTryTimeout: 250ms, retryOn: "5xx,connect-failure,503", retryIgnorePreviousHosts: true, backoff: 25ms}, rewrite: {uri: /x, authority: c.d}',
      ),
    ],
    ['a rewrite by expression', route('rewrite: {uriRegexRewrite: {match: "^/a/(.*)", rewrite: "/b/\\\\1"}}')],
    ['retries switched off', route('retries: {attempts: 0}')],
    [
      'faults',
      route(
        'fault: {delay: {percentage: {value: 0.1}, fixedDelay: 5s}, abort: {percentage: {value: 100}, httpStatus: 500}}',
      ),
    ],
    ['a fault of gRPC', route('fault: {abort: {grpcStatus: UNAVAILABLE}}')],
    ['an old percentage', route('fault: {delay: {percent: 10, fixedDelay: 5s}}')],
    [
      'headers',
      route(
        'headers: {request: {set: {x-a: "%PROTOCOL%", host: b.c}, add: {x-b: "100%%"}, remove: [x-c]}, response: {add: {x-d: "%REQ(x-e):10%"}}}',
      ),
    ],
    ['a redirect', http('redirect: {uri: /x, authority: c.d, port: 8443, scheme: https, redirectCode: 308}')],
    ['a redirect by port', http('redirect: {derivePort: FROM_REQUEST_PORT}')],
    ['an answer', http('directResponse: {status: 503, body: {string: later}}')],
    ['exports', '{hosts: [a], exportTo: [., other], http: [{redirect: {uri: /}}]}'],
  ])('takes %s', (_, spec) => {
    expect(judge('VirtualService', spec)).toEqual([]);
  });

  it.each([
    ['no hosts', '{http: [{redirect: {uri: /}}]}', 'spec.hosts: at least one host is required'],
    [
      'a bad host',
      '{hosts: ["a_b"], http: [{redirect: {uri: /}}]}',
      'spec.hosts[0]: "a_b" is not a host name, nor one with a wildcard as its first label',
    ],
    [
      'a wildcard inside',
      '{hosts: ["a.*.c"], http: [{redirect: {uri: /}}]}',
      'spec.hosts[0]: "a.*.c" is not a host name, nor one with a wildcard as its first label',
    ],
    [
      'every host in the mesh',
      '{hosts: ["*"], gateways: [mesh, edge], http: [{redirect: {uri: /}}]}',
      'spec.hosts[0]: every host, *, is allowed at a gateway only, not in the mesh',
    ],
    [
      'a host twice',
      '{hosts: [a.b, "*.b"], http: [{redirect: {uri: /}}]}',
      'spec.hosts[1]: *.b and a.b are the same hosts',
    ],
    ['no routes', '{hosts: [a]}', 'spec.http: at least one route is required'],
    [
      'a bad gateway',
      '{hosts: [a], gateways: [a/b/c], http: [{redirect: {uri: /}}]}',
      'spec.gateways[0]: "a/b/c" is not namespace/name of a Gateway',
    ],
    [
      'a bad gateway in a match',
      match('gateways: ["*"]'),
      `${at}.match[0].gateways[0]: "*" is not the name of a Gateway`,
    ],
    [
      'exports to all and one',
      '{hosts: [a], exportTo: ["*", x], http: [{redirect: {uri: /}}]}',
      'spec.exportTo[0]: * stands alone or not at all',
    ],
    [
      'exports to nobody',
      '{hosts: [a], exportTo: ["~"], http: [{redirect: {uri: /}}]}',
      'spec.exportTo[0]: "~" is neither a namespace nor . nor *',
    ],
    [
      'exports twice',
      '{hosts: [a], exportTo: [., default], http: [{redirect: {uri: /}}]}',
      'spec.exportTo[1]: "default" is there already',
    ],
    ['a route without an action', http('name: x'), `${at}: needs route, redirect or directResponse`],
    ['two actions', route('redirect: {uri: /}'), `${at}.redirect: stands beside route; a route has one of them`],
    [
      'a fault with a redirect',
      http('redirect: {uri: /}, fault: {abort: {httpStatus: 500}}'),
      `${at}.fault: has no meaning with redirect`,
    ],
    [
      'a rewrite with an answer',
      http('directResponse: {status: 200}, rewrite: {uri: /}'),
      `${at}.rewrite: has no meaning with directResponse`,
    ],
    [
      'an answer without a status',
      http('directResponse: {}'),
      `${at}.directResponse.status: must be 200 to 599, not 0`,
    ],
    ['no destination', http('route: [{weight: 1}]'), `${at}.route[0].destination: a destination is required`],
    ['no host', http('route: [{destination: {subset: v1}}]'), `${at}.route[0].destination.host: a host is required`],
    [
      'an address as host',
      http('route: [{destination: {host: 10.0.0.1}}]'),
      `${at}.route[0].destination.host: "10.0.0.1" is not a host name, nor one with a wildcard as its first label`,
    ],
    [
      'every host as destination',
      http('route: [{destination: {host: "*"}}]'),
      `${at}.route[0].destination.host: a destination is one host`,
    ],
    [
      'a bad subset',
      http('route: [{destination: {host: a, subset: V_1}}]'),
      `${at}.route[0].destination.subset: "V_1" is not the name of a subset`,
    ],
    [
      'a bad port',
      http('route: [{destination: {host: a, port: {number: 65536}}}]'),
      `${at}.route[0].destination.port.number: must be a port, 1 to 65535, not 65536`,
    ],
    [
      'a negative weight',
      http('route: [{destination: {host: a}, weight: -1}]'),
      `${at}.route[0].weight: must not be negative, not -1`,
    ],
    [
      'weights of 0',
      http('route: [{destination: {host: a}}, {destination: {host: b}}]'),
      `${at}.route: the weights add up to 0`,
    ],
    ['a timeout that is too short', route('timeout: 0s'), `${at}.timeout: must be at least 1ms`],
    ['a negative timeout', route('timeout: -1s'), `${at}.timeout: must be at least 1ms`],
    ['a timeout that is too fine', route('timeout: 1.5ms'), `${at}.timeout: must be a whole number of milliseconds`],
    [
      'retries that are off and on',
      route('retries: {retryOn: 5xx}'),
      `${at}.retries.attempts: is 0, which turns retries off, and there is more about retries`,
    ],
    ['negative retries', route('retries: {attempts: -1}'), `${at}.retries.attempts: must not be negative, not -1`],
    [
      'an unknown condition',
      route('retries: {attempts: 1, retryOn: "5xx, reset"}'),
      `${at}.retries.retryOn: " reset" is not a condition for a retry, such as 5xx or connect-failure`,
    ],
    [
      'a percentage over 100',
      route('fault: {delay: {fixedDelay: 1s, percentage: {value: 100.1}}}'),
      `${at}.fault.delay.percentage.value: must be a percentage, 0 to 100, not 100.1`,
    ],
    [
      'a percentage that is too small',
      route('fault: {abort: {httpStatus: 500, percentage: {value: 0.00001}}}'),
      `${at}.fault.abort.percentage.value: is smaller than the smallest share that can be served, 0.0001`,
    ],
    ['an empty fault', route('fault: {}'), `${at}.fault: needs delay or abort`],
    ['a delay without one', route('fault: {delay: {}}'), `${at}.fault.delay: needs fixedDelay`],
    ['an abort without one', route('fault: {abort: {}}'), `${at}.fault.abort: needs httpStatus or grpcStatus`],
    [
      'an abort with a wrong status',
      route('fault: {abort: {httpStatus: 99}}'),
      `${at}.fault.abort.httpStatus: must be 200 to 599, not 99`,
    ],
    [
      'an abort with a wrong status of gRPC',
      route('fault: {abort: {grpcStatus: BAD}}'),
      `${at}.fault.abort.grpcStatus: "BAD" is not a status of gRPC, such as UNAVAILABLE`,
    ],
    ['an empty match', match('uri: {}'), `${at}.match[0].uri: needs exact, prefix or regex`],
    ['an empty prefix', match('method: {prefix: ""}'), `${at}.match[0].method.prefix: must not be empty`],
    [
      'an empty expression',
      match('uri: {regex: ""}'),
      `${at}.match[0].uri.regex: a regular expression must not be empty`,
    ],
    [
      'a look-ahead',
      match('uri: {regex: "(?=a)"}'),
      `${at}.match[0].uri.regex: is not a regular expression of RE2: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
    ],
    [
      'a bad header in a match',
      match('headers: {"a b": {exact: c}}'),
      `${at}.match[0].headers["a b"]: "a b" is not a header name`,
    ],
    [
      'claims',
      match('headers: {"@request.auth.claims.sub": {exact: c}}'),
      `${at}.match[0].headers["@request.auth.claims.sub"]: routing by claims is not supported yet`,
    ],
    ['a bad port in a match', match('port: 70000'), `${at}.match[0].port: must be a port, 1 to 65535, not 70000`],
    [
      'a pseudo header',
      route('headers: {request: {set: {":path": /}}}'),
      `${at}.headers.request.set[":path"]: ":path" is not a header that can be changed here`,
    ],
    [
      'the host of a response',
      route('headers: {response: {remove: [Host]}}'),
      `${at}.headers.response.remove[0]: "Host" is not a header that can be changed here`,
    ],
    [
      'a line break in a header',
      route('headers: {request: {add: {a: "b\\nc"}}}'),
      `${at}.headers.request.add.a: a header value must not have control characters`,
    ],
    [
      'half a command in a header',
      http('route: [{destination: {host: a}, headers: {request: {add: {a: "50%"}}}}]'),
      `${at}.route[0].headers.request.add.a: a percent sign in a header value is written %%, or begins a command such as %PROTOCOL%`,
    ],
    [
      'two authorities',
      route('rewrite: {authority: a.b}, headers: {request: {set: {host: c.d}}}'),
      `${at}.headers.request: the authority is changed in more than one place`,
    ],
    [
      'an empty redirect',
      http('redirect: {redirectCode: 301}'),
      `${at}.redirect: needs uri, authority, scheme or a port`,
    ],
    [
      'a wrong code',
      http('redirect: {uri: /, redirectCode: 200}'),
      `${at}.redirect.redirectCode: must be 300 to 399, not 200`,
    ],
    [
      'a code that Envoy lacks',
      http('redirect: {uri: /, redirectCode: 305}'),
      `${at}.redirect.redirectCode: 305 is not supported yet`,
    ],
    ['a wrong scheme', http('redirect: {scheme: ftp}'), `${at}.redirect.scheme: must be http or https`],
    ['an empty rewrite', route('rewrite: {}'), `${at}.rewrite: needs uri, uriRegexRewrite or authority`],
    [
      'two rewrites',
      route('rewrite: {uri: /, uriRegexRewrite: {match: a, rewrite: b}}'),
      `${at}.rewrite: has uri and uriRegexRewrite, of which only one is allowed`,
    ],
    [
      'half a rewrite',
      route('rewrite: {uriRegexRewrite: {match: a}}'),
      `${at}.rewrite.uriRegexRewrite.rewrite: is required`,
    ],
  ])('refuses %s', (_, spec, expected) => {
    expect(judge('VirtualService', spec)).toContain(expected);
  });

  it.each([
    ['tls', '{hosts: [a], tls: []}', 'spec.tls'],
    ['tcp', '{hosts: [a], tcp: [{route: []}]}', 'spec.tcp'],
    ['mirror', route('mirror: {host: a}'), `${at}.mirror`],
    ['mirrors', route('mirrors: []'), `${at}.mirrors`],
    ['mirrorPercentage', route('mirrorPercentage: {value: 1}'), `${at}.mirrorPercentage`],
    ['corsPolicy', route('corsPolicy: {}'), `${at}.corsPolicy`],
    ['delegate', http('delegate: {name: a}'), `${at}.delegate`],
    ['sourceLabels', match('sourceLabels: {a: b}'), `${at}.match[0].sourceLabels`],
    ['sourceNamespace', match('sourceNamespace: a'), `${at}.match[0].sourceNamespace`],
    ['statPrefix', match('statPrefix: a'), `${at}.match[0].statPrefix`],
    ['exponentialDelay', route('fault: {delay: {exponentialDelay: 1s}}'), `${at}.fault.delay.exponentialDelay`],
    ['http2Error', route('fault: {abort: {http2Error: x}}'), `${at}.fault.abort.http2Error`],
    ['prefixRewrite', http('redirect: {prefixRewrite: /}'), `${at}.redirect.prefixRewrite`],
    [
      'retryRemoteLocalities',
      route('retries: {attempts: 1, retryRemoteLocalities: true}'),
      `${at}.retries.retryRemoteLocalities`,
    ],
  ])('refuses %s by name: not supported yet', (_, spec, field) => {
    expect(judge('VirtualService', spec)).toEqual([`${field}: not supported yet`]);
  });

  it('warns of routes that no request reaches', () => {
    const to = 'route: [{destination: {host: a}}]';
    expect(
      judge(
        'VirtualService',
        `{hosts: [a], http: [{match: [{uri: {exact: /x}, name: m}], ${to}}, {match: [{name: n, uri: {exact: /x}}], ${to}}, {${to}}, {${to}}]}`,
      ),
    ).toEqual([
      'warning spec.http[1].match[0]: has no effect: spec.http[0] has the same',
      'warning spec.http[3]: is never reached: spec.http[2] takes every request',
    ]);
  });
});
