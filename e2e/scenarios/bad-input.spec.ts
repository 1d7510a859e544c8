import { hostOf, startMesh, stopMeshes, timed, type FullMesh, type Workload } from '../harness';
import { hostileBytes, hostileMessages, sendBytes, sendGrpc } from '../harness/hostile';

const reviews = hostOf('reviews');

const rule = (header: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  http:
    - headers: { response: { set: { x-rule: ${header} } } }
      route: [{ destination: { host: ${reviews} }, weight: 100 }]
`;

let mesh: FullMesh;
let client: Workload;
let pids: number[];

beforeAll(async () => {
  mesh = await startMesh();
  ({ client } = await mesh.workloads({ client: { calls: ['reviews'] }, reviews: {} }));
  await mesh.apply(rule('before'));
  pids = processIds();
});
afterAll(stopMeshes);

function processIds(): number[] {
  return [mesh.citadel, mesh.nats, mesh.galleys[0]!.process, mesh.pilots[0]!.process].map(({ pid }) => pid);
}

/** Nothing acknowledged is lost, and nothing has stopped. */
async function expectUnharmed(header: string): Promise<void> {
  expect(processIds()).toEqual(pids);
  expect((await client.call('reviews')).headers['x-rule']).toBeDefined();
  await mesh.apply(rule(header));
  expect((await client.call('reviews')).headers['x-rule']).toBe(header);
}

describe('bad configuration is refused with its object and field', () => {
  const object = 'VirtualService default/reviews';
  const cases: [string, string, Record<string, unknown>][] = [
    ['text that is no YAML', 'a: [1\nb: {', { code: 'malformed' }],
    [
      'a kind that nobody knows',
      rule('x').replace('kind: VirtualService', 'kind: VirtualServant'),
      { code: 'unknown-kind' },
    ],
    [
      'a value of the wrong type',
      rule('x').replace('weight: 100', 'weight: many'),
      { object, field: 'spec.http[0].route[0].weight' },
    ],
    ['a key that stands twice', rule('x').replace('spec:', 'spec:\n  hosts: [a.b]'), { code: 'duplicate' }],
    [
      'a field that does not exist',
      rule('x').replace('weight: 100', 'wait: 100'),
      { object, field: 'spec.http[0].route[0].wait' },
    ],
    [
      'a field that is not served yet',
      rule('x').replace('route:', 'mirror: { host: a.b }\n      route:'),
      { code: 'not-supported', object, field: 'spec.http[0].mirror' },
    ],
    [
      'a subset that is nowhere',
      rule('x').replace(`host: ${reviews} }`, `host: ${reviews}, subset: v9 }`),
      { code: 'bad-reference', object, field: 'spec.http[0].route[0].destination.subset' },
    ],
    [
      'a gateway that is nowhere',
      rule('x').replace('http:', 'gateways: [nowhere]\n  http:'),
      { code: 'bad-reference', object, field: 'spec.gateways[0]' },
    ],
    ['an object without a name', rule('x').replace('name: reviews, ', ''), { field: 'metadata.name' }],
  ];

  it.each(cases)('%s', async (_, yaml, expected) => {
    const { status, problems } = await mesh.galley.refusal(yaml);
    expect(status).toBeLessThan(500);
    expect(problems).toContainEqual(expect.objectContaining(expected));
  });

  it('10 MB of YAML, and aliases that multiply', async () => {
    const large = rule('x') + `# ${'x'.repeat(1000)}\n`.repeat(10_000);
    expect(
      (await timed('10 MB refused', () => mesh.galley.call('/v1/apply', { method: 'POST', body: large }))).status,
    ).toBe(413);
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    const bomb = `l0: &l0 [x]\n${levels.join('\n')}\n`;
    expect((await mesh.galley.refusal(bomb)).status).toBe(413);
  });

  it('of two objects neither is taken when one is bad', async () => {
    const { problems } = await mesh.galley.refusal(`${rule('half')}---${rule('x').replace('spec:', 'speck:')}`);
    expect(problems.length).toBeGreaterThan(0);
    expect((await client.call('reviews')).headers['x-rule']).toBe('before');
  });

  it('and everything goes on', () => expectUnharmed('after-bad-yaml'));
});

describe('hostile bytes on every port', () => {
  it('on each gRPC method', async () => {
    for (const listener of mesh.listeners())
      for (const path of [...listener.grpc, '/nobody/Knows'].slice(0, listener.grpc.length === 0 ? 0 : undefined))
        await Promise.all(hostileMessages.map(({ bytes }) => sendGrpc(listener, mesh.operator(), path, bytes)));
    await expectUnharmed('after-grpc');
  });

  it('on each port, with and without TLS', async () => {
    for (const listener of mesh.listeners())
      await Promise.all(
        hostileBytes.flatMap((bytes) => [
          sendBytes(listener, undefined, bytes),
          ...(listener.tls ? [sendBytes(listener, mesh.operator(), bytes)] : []),
        ]),
      );
    await expectUnharmed('after-bytes');
  });
});
