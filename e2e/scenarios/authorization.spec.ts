import { hostOf, http, type PilotMesh, startPilotMesh, stopMeshes, type Workload } from '../harness';

let mesh: PilotMesh;
let server: Workload;

beforeAll(async () => {
  mesh = await startPilotMesh();
  server = (await mesh.workloads({ server: {} })).server;
});
afterAll(stopMeshes);

function policy(spec: string, name = 'p'): string {
  return `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: default }
spec:
  selector: { matchLabels: { app: server } }
${spec}
`;
}

const to = (operation: string): string => `    - to: [{ operation: { ${operation} } }]`;

async function status(path: string, method = 'GET', host = hostOf('server')): Promise<number> {
  const { address } = server;
  return (await http(`http://${address}:${mesh.ports.of('server')}${path}`, { method, headers: { host } })).status;
}

describe('S30 operations of an AuthorizationPolicy', () => {
  beforeAll(async () => {
    const port = mesh.ports.of('server');
    await mesh.apply(
      policy(`
  action: DENY
  rules:
${to('paths: [/exact]')}
${to("paths: ['/prefix*']")}
${to("paths: ['*/suffix']")}
${to("paths: ['/t/{*}/x', '/u/{**}']")}
${to('methods: [DELETE]')}
${to("methods: ['P*']")}
${to('hosts: [evil.test]')}
${to("hosts: ['*.wild.test']")}
${to("hosts: ['with.port:*']")}
${to("paths: ['/not-method'], notMethods: [GET]")}
${to("paths: ['/not-path*'], notPaths: ['/not-path/ok*']")}
${to(`paths: [/not-host], notHosts: ['${hostOf('server')}']`)}
${to("paths: [/other-port], ports: ['1']")}
${to(`paths: [/own-port], ports: ['${port}', '1']`)}
${to("paths: [/not-port], notPorts: ['1']")}
    - { from: [{ source: { principals: ['*'] } }], to: [{ operation: { paths: [/anybody] } }] }
    - { from: [{ source: { notPrincipals: ['*'] } }], to: [{ operation: { paths: [/nobody] } }] }
    - { from: [{ source: { namespaces: [default] } }], to: [{ operation: { paths: [/namespace] } }] }
    - { from: [{ source: { notNamespaces: [default] } }], to: [{ operation: { paths: [/not-namespace] } }] }`),
    );
  });

  it.each<[number, string, string?, string?]>([
    [200, '/'],
    [403, '/exact'],
    [403, '/exact?x=1'],
    [200, '/exact/'],
    [200, '/Exact'],
    [403, '/./exact'],
    [403, '/x/../exact'],
    [403, '/%65xact'],
    [403, '/prefix'],
    [403, '/prefixed/x'],
    [200, '/x/prefix'],
    [403, '/a/suffix'],
    [200, '/a/suffix/b'],
    [403, '/t/a/x'],
    [200, '/t/a/b/x'],
    [403, '/u/a/b'],
    [403, '/', 'DELETE'],
    [403, '/', 'PUT'],
    [200, '/', 'OPTIONS'],
    [403, '/', 'GET', 'evil.test'],
    [403, '/', 'GET', 'EVIL.test'],
    [200, '/', 'GET', 'evil.test.other'],
    // As on Istio: a Host with a port is another one.
    [200, '/', 'GET', 'evil.test:80'],
    [403, '/', 'GET', 'a.wild.test'],
    [200, '/', 'GET', 'wild.test'],
    [403, '/', 'GET', 'with.port:81'],
    [200, '/not-method'],
    [403, '/not-method', 'OPTIONS'],
    [403, '/not-path'],
    [200, '/not-path/ok/x'],
    [200, '/not-host'],
    [403, '/not-host', 'GET', 'other.test'],
    [200, '/other-port'],
    [403, '/own-port'],
    [403, '/not-port'],
    // A caller without mutual TLS is nobody.
    [200, '/anybody'],
    [403, '/nobody'],
    [200, '/namespace'],
    [403, '/not-namespace'],
  ])('%i for %s %s %s', async (expected, ...request) => {
    expect(await status(...request)).toBe(expected);
  });
});

describe('S30 actions of AuthorizationPolicies', () => {
  it.each<[string, string, [number, string, string?][]]>([
    [
      'an allowance lets nothing else in',
      `  rules:\n${to('methods: [GET], paths: [/open]')}`,
      [
        [200, '/open'],
        [403, '/open', 'PUT'],
        [403, '/'],
      ],
    ],
    ['an allowance without rules lets nothing in', '  action: ALLOW', [[403, '/']]],
    ['an empty rule lets everything in', '  rules: [{}]', [[200, '/']]],
    ['a denial by an empty rule lets nothing in', '  action: DENY\n  rules: [{}]', [[403, '/']]],
    ['every path that is there', `  rules:\n${to("paths: ['*'], methods: ['*'], hosts: ['*']")}`, [[200, '/x']]],
  ])('%s', async (_, spec, expected) => {
    await mesh.apply(policy(spec));
    for (const [code, path, method] of expected) expect(await status(path, method)).toBe(code);
  });

  it('what one denies no other allows', async () => {
    await mesh.apply(policy('  rules: [{}]'));
    await mesh.apply(policy(`  action: DENY\n  rules:\n${to('paths: [/closed]')}`, 'closed'));
    expect(await status('/closed')).toBe(403);
    expect(await status('/open')).toBe(200);
    await mesh.remove('AuthorizationPolicy', 'closed');
    expect(await status('/closed')).toBe(200);
  });
});
