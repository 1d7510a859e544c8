import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { DeltaDiscoveryRequest, DiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { IstioCertificateRequest } from '@keelson/api/istio/security/v1alpha1/ca';
import { encodeCheckRequest, encodeReportRequest, type Attributes } from '@keelson/core/attributes';
import { makeCsr } from '@keelson/core/pki';
import { mutations } from '@keelson/core/testing';
import { createLog, obtainIdentity, type TlsMaterial } from '@keelson/edge/service';
import {
  figure,
  hostOf,
  http,
  istioSample,
  policy,
  startMesh,
  stopMeshes,
  until,
  type FullMesh,
  type Workload,
} from '../harness';
import { fuzzGrpc } from '../harness/fuzzer';
import type { TestProcess } from '../harness/test-process';

const durationMs = 30_000;
/** Beside caches that fill, and what was not collected yet. */
const growthMiB = 150;
/** How a call ends whose messages nobody has read. */
const refusedUnread = ['none', ...[status.UNIMPLEMENTED, status.UNAVAILABLE, status.UNAUTHENTICATED].map(String)];

const attributes: Attributes = new Map([
  ['context.reporter.kind', { type: 'STRING', value: 'inbound' }],
  ['destination.namespace', { type: 'STRING', value: 'default' }],
  ['request.headers', { type: 'STRING_MAP', value: new Map([['x-user', 'somebody']]) }],
  ['source.ip', { type: 'IP_ADDRESS', value: Uint8Array.of(127, 0, 0, 1) }],
  ['request.size', { type: 'INT64', value: 12 }],
  ['request.time', { type: 'TIMESTAMP', value: { seconds: 1, nanos: 2 } }],
]);
const headerRule = (name: string, host: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: default }
spec:
  hosts: [${host}]
  http:
    - headers: { response: { set: { x-rule: ${name} } } }
      route: [{ destination: { host: ${hostOf('server')} } }]
`;
const cds = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const node = { id: 'sidecar~127.0.0.9~client.default~default.svc.cluster.local' };

describe('S43 M6 messages that nobody would send, for half a minute each', () => {
  let mesh: FullMesh;
  let client: Workload;
  let workload: TlsMaterial;
  let pilot: TlsMaterial;
  let probes = 0;
  let seed = Number(process.env['KEELSON_SEED'] ?? 1);

  beforeAll(async () => {
    mesh = await startMesh({ mixers: 1 });
    ({ client } = await mesh.workloads({ client: { calls: ['server'] }, server: {} }));
    await mesh.apply(
      `${istioSample('attributes.yaml')}\n---${policy(
        'no-guests',
        'denier',
        '{ status: { code: 7 } }',
        'checknothing',
        '{}',
        `'(request.headers["x-user"] | "") == "guest" || (ip("127.0.0.2") == (source.ip | ip("0.0.0.0")))'`,
      )}`,
    );
    const file = (name: string): string => readFileSync(join(mesh.agentFolder('client'), 'agent', name), 'utf8');
    workload = { key: file('key.pem'), chain: file('cert-chain.pem'), roots: file('root-cert.pem') };
    pilot = await certificateFor('istio-system', 'pilot');
    await until('the rule at work', 10_000, async () => (await statusFor('guest')) === 403);
  });
  afterAll(stopMeshes);

  const addressOf = (name: string): string => mesh.listeners().find((each) => each.name === name)?.address ?? '';
  const statusFor = async (user: string): Promise<number> =>
    (await client.call('server', '/', { headers: { 'x-user': user } })).status;

  /** A certificate that nobody has had before. */
  async function certificateFor(namespace: string, account: string): Promise<TlsMaterial> {
    const identity = obtainIdentity({
      citadelAddress: addressOf('Citadel'),
      token: await mesh.joinToken(namespace, account),
      dir: join(mesh.folder, `certificate-${++probes}`),
      log: createLog('test', 'silent'),
    });
    await identity.ready();
    identity.stop();
    return identity.current();
  }

  // What only the component itself can do, each time for the first time.
  const mixerDecides = async (): Promise<void> => {
    expect(await statusFor(`user-${++probes}`)).toBe(200);
  };
  const citadelSigns = async (): Promise<void> => {
    const account = `account-${++probes}`;
    const [leaf] = (await certificateFor('default', account)).chain.split(/(?<=-----END CERTIFICATE-----)/);
    expect(new X509Certificate(leaf ?? '').subjectAltName).toContain(`spiffe://cluster.local/ns/default/sa/${account}`);
  };
  const galleyCommits = async (): Promise<void> => {
    const name = `probe-${++probes}`;
    expect(await mesh.galley.apply(headerRule(name, `${name}.example.com`))).toMatchObject({
      committed: true,
      results: [{ op: 'created', kind: 'VirtualService', name }],
    });
  };
  const pilotTells = async (): Promise<void> => {
    const name = `probe-${++probes}`;
    const { revision } = await mesh.apply(headerRule(name, hostOf('server')));
    expect((await mesh.galley.revision(revision)).receipts).toMatchObject({ proxies: 2, acked: 2 });
    expect((await client.call('server')).headers['x-rule']).toBe(name);
  };

  const mutated =
    (...messages: Uint8Array[]) =>
    (): Buffer[] =>
      messages.flatMap((message) => [...mutations(message, ++seed, 10)]);

  const rssMiB = ({ pid }: TestProcess): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

  /**
   * Sends for half a minute after a warm-up, by which caches and heaps have grown, and looks at the memory of the process, and
   * whether it still does its work.
   */
  async function endures(
    component: TestProcess,
    send: (ms: number) => Promise<string>,
    stillWorks: () => Promise<void>,
  ): Promise<void> {
    const { pid } = component;
    await send(5_000);
    const before = rssMiB(component);
    const sent = await send(durationMs);
    const after = rssMiB(component);
    figure(`fuzzed ${component.name}`, `${sent}; ${Math.round(before)} MiB, then ${Math.round(after)} MiB`);
    expect(component.pid).toBe(pid);
    expect(after - before).toBeLessThan(growthMiB);
    await stillWorks();
  }

  /** Calls a method for a time. A first message makes it a streaming one. */
  const grpc =
    (
      address: string,
      who: TlsMaterial,
      path: string,
      first: Uint8Array | undefined,
      messages: () => Iterable<Buffer>,
    ) =>
    async (ms: number): Promise<string> => {
      const { calls, messages: sent, statuses } = await fuzzGrpc(address, who, path, first, messages, ms);
      // They got past the door: none broke, nor was refused for what it is; only some for whom they say they speak for.
      expect(Object.keys(statuses).filter((each) => refusedUnread.includes(each))).toEqual([]);
      expect(calls - (statuses[status.PERMISSION_DENIED] ?? 0)).toBeGreaterThan(ms / 1000);
      if (first === undefined)
        expect((statuses[status.OK] ?? 0) + (statuses[status.INVALID_ARGUMENT] ?? 0)).toBeGreaterThan(0);
      return `${sent} messages in ${calls} calls, which ended with ${JSON.stringify(statuses)}`;
    };

  it.concurrent(
    'S40 attributes of checks and reports',
    async () => {
      const check = encodeCheckRequest({ attributes, quotas: new Map([['five', { amount: 1, bestEffort: false }]]) });
      const report = encodeReportRequest([
        attributes,
        new Map([...attributes, ['request.size', { type: 'INT64', value: 13 }]]),
      ]);
      const address = mesh.mixers[0]!.address;
      const checks = grpc(address, workload, '/istio.mixer.v1.Mixer/Check', undefined, mutated(check));
      const reports = grpc(address, workload, '/istio.mixer.v1.Mixer/Report', undefined, mutated(report));
      await endures(
        mesh.mixers[0]!.process,
        async (ms) => (await Promise.all([checks(ms), reports(ms)])).join('; '),
        mixerDecides,
      );
    },
    90_000,
  );

  it.concurrent(
    'xDS requests',
    async () => {
      const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
      const delta = DeltaDiscoveryRequest.encode({
        node,
        typeUrl: cds,
        resourceNamesSubscribe: ['*'],
        initialResourceVersions: { a: '1' },
      }).finish();
      const sotw = DiscoveryRequest.encode({ node, typeUrl: cds, resourceNames: ['a'], versionInfo: '1' }).finish();
      const address = addressOf('pilot');
      const deltas = grpc(address, workload, `${service}/DeltaAggregatedResources`, delta, mutated(delta));
      const states = grpc(address, workload, `${service}/StreamAggregatedResources`, sotw, mutated(sotw));
      await endures(
        mesh.pilots[0]!.process,
        async (ms) => (await Promise.all([deltas(ms), states(ms)])).join('; '),
        pilotTells,
      );
    },
    90_000,
  );

  it.concurrent(
    'MCP requests',
    async () => {
      const collection = 'istio/networking/v1alpha3/virtualservices';
      const request = RequestResources.encode({
        sinkNode: { id: 'sink' },
        collection,
        incremental: true,
        initialResourceVersions: { 'default/a': '1' },
      }).finish();
      const path = '/istio.mcp.v1alpha1.ResourceSource/EstablishResourceStream';
      const requests = grpc(addressOf('galley, MCP'), pilot, path, request, mutated(request));
      await endures(mesh.galleys[0]!.process, requests, galleyCommits);
    },
    90_000,
  );

  it.concurrent(
    'requests for certificates',
    async () => {
      const csr = makeCsr(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
      const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
      const armoured = (bytes: Buffer): string =>
        `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      const request = (csrText: string): Buffer =>
        Buffer.from(IstioCertificateRequest.encode({ csr: csrText, validityDuration: 60 }).finish());
      const forged = (): Buffer[] =>
        [...mutations(der, ++seed, 10)].filter((bytes) => !bytes.equals(der)).map((bytes) => request(armoured(bytes)));
      const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
      const address = addressOf('Citadel');
      const send = async (ms: number): Promise<string> => {
        const { calls, statuses } = await fuzzGrpc(address, workload, path, undefined, forged, ms / 2);
        // A signature that does not fit is refused, whatever was changed.
        expect(statuses).toEqual({ [status.INVALID_ARGUMENT]: calls });
        return grpc(address, workload, path, undefined, mutated(request(csr)))(ms / 2);
      };
      await endures(mesh.citadel, send, citadelSigns);
    },
    90_000,
  );

  it.concurrent(
    'expressions of rules',
    async () => {
      const expressions = [
        '(request.headers["x-user"] | "") == "guest" && source.ip == ip("127.0.0.1")',
        'request.path.startsWith("/a") || match(request.host, "*.b") ? 1 : 2',
        'timestamp("2026-01-01T00:00:00Z") < request.time && response.duration > "1s"',
        '((((1 + 2) * 3))) == size && conditional(true, "a", emptyStringMap()["b"])',
      ].map((text) => Buffer.from(text));
      const send = async (ms: number): Promise<string> => {
        const statuses: Record<number, number> = {};
        for (const end = Date.now() + ms; Date.now() < end; ) {
          const rules = expressions.flatMap((bytes) => [...mutations(bytes, ++seed, 10)]);
          const items = rules.map((text, i) => ({
            apiVersion: 'config.istio.io/v1alpha2',
            kind: 'rule',
            metadata: { name: `fuzz-${i}`, namespace: 'default' },
            spec: { match: text.toString('latin1'), actions: [{ handler: 'no-guests.istio-system', instances: [] }] },
          }));
          const answer = await mesh.galley.call('/v1/apply?dryRun=true', {
            method: 'POST',
            body: items.map((item) => JSON.stringify(item)).join('\n---\n'),
          });
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          // A bundle whose expressions are all sound after all, or one in which some are not.
          if (![200, 422].includes(answer.status)) throw new Error(`${answer.status}: ${answer.text.slice(0, 2_000)}`);
        }
        expect(statuses[422]).toBeGreaterThan(0);
        return `bundles of ${expressions.length * 10} rules: ${JSON.stringify(statuses)}`;
      };
      await endures(mesh.galleys[0]!.process, send, galleyCommits);
    },
    90_000,
  );

  it('leave all as it was', async () => {
    expect(await statusFor('guest')).toBe(403);
    expect(await statusFor('somebody')).toBe(200);
    expect((await http(`http://${client.address}:15021/healthz/ready`)).status).toBe(200);
    expect(await mesh.apply(policy('more', 'noop', '{}', 'checknothing', '{}', "'true'"))).toMatchObject({
      committed: true,
    });
  });
});
