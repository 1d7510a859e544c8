import {
  fiveOf,
  istioSample,
  mixerClientCounts,
  startMesh,
  stopMeshes,
  until,
  useUpConnections,
  type FullMesh,
  type Workload,
} from '../harness';

/** Lets a caller choose which replica serves it. */
const byReplica = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: server, namespace: default }
spec:
  host: server
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: server, namespace: default }
spec:
  hosts: [server]
  http:
    - match: [{ headers: { x-replica: { exact: v1 } } }]
      route: [{ destination: { host: server, subset: v1 } }]
    - match: [{ headers: { x-replica: { exact: v2 } } }]
      route: [{ destination: { host: server, subset: v2 } }]
    - route: [{ destination: { host: server } }]
`;

describe('S13 S41 a quota that two replicas of a service take from one Mixer', () => {
  let mesh: FullMesh;
  let client: Workload;
  let replicas: Workload[];

  beforeAll(async () => {
    mesh = await startMesh({ mixers: 1 });
    const workloads = await mesh.workloads({ client: { calls: ['server'] }, 'server-v1': {}, 'server-v2': {} });
    ({ client } = workloads);
    replicas = [workloads['server-v1'], workloads['server-v2']];
    const changes = async (): Promise<number[]> =>
      (await Promise.all(replicas.map((each) => mixerClientCounts(each, 'policy_changes')))).flat();
    const before = await changes();
    await mesh.apply(
      [byReplica, istioSample('attributes.yaml'), fiveOf('server', '{ path: request.path | "" }')].join('\n---\n'),
    );
    // An agent that hears of it later forgets what it has by then.
    await until('both agents have heard that the policies changed', 10_000, async () =>
      (await changes()).every((count, i) => count > before[i]!),
    );
    await useUpConnections('server', client);
  });
  afterAll(stopMeshes);

  const call = async (version: 'v1' | 'v2', path: string): Promise<string> => {
    const { status, text } = await client.call('server', path, { headers: { 'x-replica': version } });
    return status === 200 ? (JSON.parse(text) as { workload: string }).workload : String(status);
  };

  it('is one quota for both, of which nothing is lost', async () => {
    // An agent asks for one at first, and from then on ahead of need: the third call brings v1 all that is left.
    expect(await call('v1', '/limited/a')).toBe('server-v1');
    expect(await call('v2', '/limited/a')).toBe('server-v2');
    for (const answer of ['server-v1', '429'])
      expect(await call(answer === '429' ? 'v2' : 'v1', '/limited/a')).toBe(answer);
    // What an agent holds it serves until it is used up, so none of the five is wasted.
    for (let i = 0; i < 2; i++) expect(await call('v1', '/limited/a')).toBe('server-v1');
    for (let i = 0; i < 3; i++)
      expect([await call('v1', '/limited/a'), await call('v2', '/limited/a')]).toEqual(['429', '429']);
  });

  it('lets exactly N pass over both, however they are called', async () => {
    const answers: string[] = [];
    const worker = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) answers.push(await call(i % 2 === 0 ? 'v1' : 'v2', '/limited/b'));
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    // A replica that was refused holds nothing any more, and each was at the end.
    for (const version of ['v1', 'v2'] as const)
      for (let i = 0; i < 6; i++) answers.push(await call(version, '/limited/b'));
    expect(answers.slice(-1)).toEqual(['429']);
    expect(answers.filter((each) => each !== '429')).toHaveLength(5);
  });
});
