import { judge } from '../../testdata/judge';

const policy = (text: string): string => `{host: a.b, trafficPolicy: {${text}}}`;
const at = 'spec.trafficPolicy';

describe('S51 DestinationRule', () => {
  it.each([
    [
      'subsets',
      '{host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}',
    ],
    ['a wildcard', '{host: "*.local", trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}, exportTo: ["*"]}'],
    [
      'load balancers by name and number',
      policy(
        'loadBalancer: {simple: 4}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: LEAST_REQUEST}}]',
      ),
    ],
    [
      'a connection pool',
      policy(
        'connectionPool: {tcp: {maxConnections: 1, connectTimeout: 30ms, tcpKeepalive: {probes: 3, time: 7200s, interval: 75s}, idleTimeout: 1h}, http: {http1MaxPendingRequests: 1, http2MaxRequests: 1, maxRequestsPerConnection: 10, maxRetries: 3, idleTimeout: 1m}}',
      ),
    ],
    [
      'outlier detection',
      policy(
        'outlierDetection: {consecutive5xxErrors: 7, consecutiveGatewayErrors: 0, interval: 5m, baseEjectionTime: 15m, maxEjectionPercent: 100, minHealthPercent: 50, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 3}',
      ),
    ],
    ['TLS', policy('tls: {mode: SIMPLE, sni: a.b, subjectAltNames: [a.b]}')],
  ])('takes %s', (_, spec) => {
    expect(judge('DestinationRule', spec)).toEqual([]);
  });

  it.each([
    ['no host', '{}', 'spec.host: a host is required'],
    ['an empty policy', policy(''), `${at}: must have at least one field`],
    [
      'a subset twice',
      '{host: a, subsets: [{name: v1}, {name: v1}]}',
      'spec.subsets[1].name: subset v1 is there already',
    ],
    [
      'a subset without a name',
      '{host: a, subsets: [{labels: {a: b}}]}',
      'spec.subsets[0].name: "" is not the name of a subset',
    ],
    [
      'a bad label',
      '{host: a, subsets: [{name: v1, labels: {a: "b c"}}]}',
      'spec.subsets[0].labels.a: "b c" is not a label\'s value',
    ],
    ['an empty pool', policy('connectionPool: {}'), `${at}.connectionPool: must have tcp or http`],
    [
      'a negative limit',
      policy('connectionPool: {http: {maxRetries: -1}}'),
      `${at}.connectionPool.http.maxRetries: must not be negative, not -1`,
    ],
    [
      'a timeout of nothing',
      policy('connectionPool: {tcp: {connectTimeout: 0s}}'),
      `${at}.connectionPool.tcp.connectTimeout: must be at least 1ms`,
    ],
    [
      'a percentage',
      policy('outlierDetection: {maxEjectionPercent: 101}'),
      `${at}.outlierDetection.maxEjectionPercent: must be 0 to 100, not 101`,
    ],
    [
      'failures that are not told apart',
      policy('outlierDetection: {consecutiveLocalOriginFailures: 1}'),
      `${at}.outlierDetection.consecutiveLocalOriginFailures: needs splitExternalLocalOriginErrors: true`,
    ],
    [
      'settings without a port',
      policy('portLevelSettings: [{tls: {}}]'),
      `${at}.portLevelSettings[0].port.number: must be a port, 1 to 65535, not 0`,
    ],
    [
      'settings of nothing',
      policy('portLevelSettings: [{port: {number: 80}}]'),
      `${at}.portLevelSettings[0]: must have at least one field besides port`,
    ],
    [
      'a port twice',
      policy('portLevelSettings: [{port: {number: 80}, tls: {}}, {port: {number: 80}, tls: {}}]'),
      `${at}.portLevelSettings[1].port.number: port 80 is there already`,
    ],
    [
      'a problem in a subset',
      '{host: a, subsets: [{name: v1, trafficPolicy: {outlierDetection: {interval: 1ns}}}]}',
      'spec.subsets[0].trafficPolicy.outlierDetection.interval: must be at least 1ms',
    ],
  ])('refuses %s', (_, spec, expected) => {
    expect(judge('DestinationRule', spec)).toContain(expected);
  });

  it.each([
    ['loadBalancer: {consistentHash: {useSourceIp: true}}', 'loadBalancer.consistentHash: not supported yet'],
    ['loadBalancer: {localityLbSetting: {enabled: true}}', 'loadBalancer.localityLbSetting: not supported yet'],
    ['loadBalancer: {warmup: {duration: 1s}}', 'loadBalancer.warmup: not supported yet'],
    ['connectionPool: {http: {h2UpgradePolicy: UPGRADE}}', 'connectionPool.http.h2UpgradePolicy: not supported yet'],
    [
      'connectionPool: {tcp: {maxConnectionDuration: 1s}}',
      'connectionPool.tcp.maxConnectionDuration: not supported yet',
    ],
    ['tls: {mode: MUTUAL}', 'tls.mode: MUTUAL is not supported yet'],
    ['tls: {mode: 2}', 'tls.mode: MUTUAL is not supported yet'],
    ['tls: {mode: SIMPLE, credentialName: a}', 'tls.credentialName: not supported yet'],
    ['tunnel: {targetHost: a, targetPort: 1}', 'tunnel: not supported yet'],
    ['proxyProtocol: {}', 'proxyProtocol: not supported yet'],
    ['retryBudget: {}', 'retryBudget: not supported yet'],
    [
      'portLevelSettings: [{port: {number: 80}, loadBalancer: {consistentHash: {}}}]',
      'portLevelSettings[0].loadBalancer.consistentHash: not supported yet',
    ],
  ])('refuses by name: %s', (text, expected) => {
    expect(judge('DestinationRule', policy(text))).toEqual([`${at}.${expected}`]);
    expect(judge('DestinationRule', `{host: a, subsets: [{name: v1, trafficPolicy: {${text}}}]}`)).toEqual([
      `spec.subsets[0].trafficPolicy.${expected}`,
    ]);
  });

  it('refuses a workloadSelector: not supported yet', () => {
    expect(judge('DestinationRule', '{host: a, workloadSelector: {matchLabels: {a: b}}}')).toEqual([
      'spec.workloadSelector: not supported yet',
    ]);
  });
});
