import { judge } from '../testdata/judge';

const from = (text: string): string => `{rules: [{from: [{source: {${text}}}]}]}`;
const to = (text: string): string => `{rules: [{to: [{operation: {${text}}}]}]}`;
const source = 'spec.rules[0].from[0].source';
const operation = 'spec.rules[0].to[0].operation';

describe('S51 AuthorizationPolicy', () => {
  it.each([
    ['nobody at all', '{}'],
    ['everything denied', '{action: DENY, rules: [{}]}'],
    [
      'every served field',
      '{selector: {matchLabels: {app: a}}, action: ALLOW, rules: [{from: [{source: {principals: ["cluster.local/ns/a/sa/b", "*"], notPrincipals: ["*/x"], namespaces: [a], notNamespaces: [b]}}], to: [{operation: {hosts: [a.b], notHosts: ["*.c"], ports: ["80"], notPorts: ["81"], methods: [GET], notMethods: [PUT], paths: [/a*], notPaths: ["*/b", "/a/{*}/c/{**}"]}}]}]}',
    ],
  ])('takes %s', (_, spec) => {
    expect(judge('AuthorizationPolicy', spec)).toEqual([]);
  });

  it.each([
    [
      'a denial of nothing',
      '{action: DENY}',
      'spec.rules: a DENY without rules denies nothing; an empty rule, {}, denies every request',
    ],
    ['an empty source', from(''), `${source}: must say something of the caller`],
    ['no source', '{rules: [{from: [{}]}]}', `${source}: must say something of the caller`],
    ['an empty operation', to('paths: []'), `${operation}: must say something of the request`],
    ['an empty value', from('principals: [a, ""]'), `${source}.principals[1]: must not be empty`],
    ['a port that is none', to('ports: ["http"]'), `${operation}.ports[0]: "http" is not a port, 1 to 65535`],
    [
      'segments behind all segments',
      to('paths: ["/a/{**}/{*}"]'),
      `${operation}.paths[0]: nothing may stand for segments behind {**}`,
    ],
    [
      'half a path template',
      to('paths: ["/a{*}"]'),
      `${operation}.paths[0]: "/a{*}" is not a path template: {*} and {**} stand for whole segments`,
    ],
    ['requestPrincipals', from('requestPrincipals: [a]'), `${source}.requestPrincipals: not supported yet`],
    ['ipBlocks', from('ipBlocks: [10.0.0.0/8]'), `${source}.ipBlocks: not supported yet`],
    ['remoteIpBlocks', from('remoteIpBlocks: [10.0.0.0/8]'), `${source}.remoteIpBlocks: not supported yet`],
    ['serviceAccounts', from('serviceAccounts: [a]'), `${source}.serviceAccounts: not supported yet`],
    ['when', '{rules: [{when: [{key: a, values: [b]}]}]}', 'spec.rules[0].when: not supported yet'],
    ['AUDIT', '{action: AUDIT}', 'spec.action: AUDIT is not supported yet'],
    ['CUSTOM', '{action: CUSTOM, provider: {name: a}}', 'spec.action: CUSTOM is not supported yet'],
    ['targetRefs', '{targetRefs: [{kind: Gateway, name: a}]}', 'spec.targetRefs: not supported yet'],
    [
      'a wildcard in the selector',
      '{selector: {matchLabels: {"a*": b}}}',
      'spec.selector.matchLabels["a*"]: a selector has no wildcards',
    ],
  ])('refuses %s', (_, spec, expected) => {
    expect(judge('AuthorizationPolicy', spec)).toContain(expected);
  });

  it.each([
    [
      'from: [{source: {principals: ["spiffe://td/ns/a/sa/b"]}}]',
      'fits nobody: a principal is written without spiffe://',
    ],
    ['from: [{source: {notPrincipals: [b]}}]', 'fits nobody: a principal is <trust domain>/ns/'],
    [
      'from: [{source: {principals: ["td/ns/*/sa/b"]}}]',
      'a * stands for anything as the first or the last character only',
    ],
    ['to: [{operation: {methods: [get]}}]', 'fits no usual method: letter case counts, GET'],
    ['to: [{operation: {notPaths: [admin]}}]', 'fits no request: a path begins with /'],
    ['to: [{operation: {paths: ["/a/*/b"]}}]', 'a * stands for anything as the first or the last character only'],
    ['to: [{operation: {hosts: ["a.*.b"]}}]', 'a * stands for anything as the first or the last character only'],
  ])('warns of what fits nothing: %s', (rule, expected) => {
    const [warning, ...more] = judge('AuthorizationPolicy', `{rules: [{${rule}}]}`);
    expect(warning).toContain(expected);
    expect(more).toEqual([]);
  });

  it('refuses a rehearsal, which is not supported yet, rather than enforce it', () => {
    expect(judge('AuthorizationPolicy', '{}', 'x', { 'istio.io/dry-run': 'true' })).toEqual([
      'metadata.annotations["istio.io/dry-run"]: not supported yet',
    ]);
  });
});

describe('S51 PeerAuthentication', () => {
  it.each([
    ['a mode for all', '{mtls: {mode: STRICT}}', []],
    ['nothing', '', []],
    [
      'modes of ports',
      '{selector: {matchLabels: {app: a}}, mtls: {mode: PERMISSIVE}, portLevelMtls: {8080: {mode: DISABLE}}}',
      [],
    ],
    [
      'modes of ports of nobody',
      '{portLevelMtls: {8080: {mode: DISABLE}}}',
      ['spec.portLevelMtls: needs a selector with labels: ports belong to workloads'],
    ],
    [
      'a port out of range',
      '{selector: {matchLabels: {app: a}}, portLevelMtls: {70000: {}}}',
      ['spec.portLevelMtls[70000]: must be a port, 1 to 65535, not 70000'],
    ],
    [
      'a port that is a name',
      '{selector: {matchLabels: {app: a}}, portLevelMtls: {http: {}}}',
      ['spec.portLevelMtls: key "http" must be a number'],
    ],
    [
      'a mode that is none',
      '{mtls: {mode: STRIKT}}',
      ['spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "STRIKT", did you mean STRICT?'],
    ],
  ])('judges %s', (_, spec, expected) => {
    expect(judge('PeerAuthentication', spec)).toEqual(expected);
  });
});
