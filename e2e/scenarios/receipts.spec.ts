import { createServer, type Server } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FullMesh, hostOf, startMesh, stopMeshes, timed, until, type Workload } from '../harness';

const reviews = hostOf('reviews');

const rule = (header: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [${reviews}]
  http:
    - headers: { response: { set: { x-rule: ${header} } } }
      route: [{ destination: { host: ${reviews} } }]
`;

let mesh: FullMesh;
let client: Workload;
let server: Workload;

beforeAll(async () => {
  mesh = await startMesh();
  ({ client, reviews: server } = await mesh.workloads({ client: { calls: ['reviews'] }, reviews: {} }));
});
afterAll(stopMeshes);

function file(name: string, text: string): string {
  const path = join(mesh.folder, name);
  writeFileSync(path, text);
  return path;
}

describe('M6 receipts', () => {
  it('apply --wait returns when all have ACKed, and the rule is served then', async () => {
    const result = await timed('M6 meshctl apply --wait', () =>
      mesh.meshctl('apply', '--wait', '-f', file('rule.yaml', rule('one'))),
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('VirtualService default/reviews created');
    expect(result.stdout).toMatch(/ACKed by 2 of 2 proxies/);
    expect((await client.call('reviews')).headers['x-rule']).toBe('one');
  });

  it('proxy-status shows every proxy at the same revision', async () => {
    const { stdout } = await mesh.meshctl('proxy-status', '-o', 'json');
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['proxy', 'type', 'revision', 'sent', 'acked', 'nack']);
      expect(row).toMatchObject({ type: 'sidecar', revision: rows[0]?.revision, acked: rows[0]?.revision });
    }
  });

  it('refuses a bad object with its field, and takes nothing of the commit', async () => {
    const bad = `${rule('two')}---${rule('three').replace('name: reviews', 'name: broken').replace('host:', 'hots:')}`;
    const result = await mesh.meshctl('apply', '-f', file('bad.yaml', bad));
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('VirtualService default/broken');
    expect(result.stderr).toContain('spec.http[0].route[0].destination');
    expect(result.stderr).toMatch(/bad\.yaml:\d+/);
    expect((await client.call('reviews')).headers['x-rule']).toBe('one');
  });

  it('names the object of a NACK, while everything else goes on', async () => {
    const port = await mesh.freePort();
    const holder = await hold(client.address, port);
    try {
      const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: client, namespace: default }
spec:
  workloadSelector: { labels: { workload: client } }
  ingress:
    - port: { number: ${client.inbound.port}, name: http, protocol: HTTP }
      bind: ${client.address}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${client.app.port}
    - port: { number: ${port}, name: http-held, protocol: HTTP }
      bind: ${client.address}
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${client.app.port}
  egress:
    - port: { number: ${server.inbound.port}, name: http-reviews, protocol: HTTP }
      bind: ${client.address}
      captureMode: NONE
      hosts: ['*/${reviews}']
`;
      const result = await mesh.meshctl(
        'apply',
        '--wait',
        '-f',
        file('held.yaml', `${sidecar}---${rule('four')}`),
        '--timeout',
        '20s',
      );
      expect(result.code).toBe(3);
      expect(result.stdout).toContain('Sidecar default/client');
      expect(result.stdout).toMatch(/in use|cannot bind/i);
      await until('the rest goes on', 10_000, async () => (await client.call('reviews')).headers['x-rule'] === 'four');
      expect(await server.admin.stat('update_rejected$')).toBe(0);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });
});

/** A process of somebody else on a port that the proxy is told to serve. */
function hold(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      resolve(server);
    });
  });
}
