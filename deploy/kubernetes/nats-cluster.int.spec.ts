import { signLeaf } from '@keelson/core/pki';
import { findBinary, type TlsMaterial } from '@keelson/edge/service';
import { freePort, TrialAuthority } from '@keelson/edge/service/testing';
import { connect, type NatsConnection } from 'nats';
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsClusterConfig } from './nats-config';

interface Route {
  remote_name: string;
}

/** One server with the configuration of the manifests, moved to free ports of this machine. */
class ClusterServer {
  output = '';
  private readonly child: ChildProcess;

  constructor(
    readonly name: string,
    folder: string,
    material: TlsMaterial,
    readonly ports: { client: number; route: number; monitoring: number },
    routes: readonly string[],
  ) {
    const own = join(folder, name);
    mkdirSync(own);
    const put = (file: string, text: string): string => {
      writeFileSync(join(own, file), text, { mode: 0o600 });
      return join(own, file);
    };
    const config = natsClusterConfig({
      serverName: '$POD_NAME',
      host: '127.0.0.1',
      clientPort: ports.client,
      routePort: ports.route,
      monitoringPort: ports.monitoring,
      routes,
      dataDir: join(own, 'data'),
      pidFile: join(own, 'nats.pid'),
      certFile: put('tls.crt', material.chain),
      keyFile: put('tls.key', material.key),
      caFile: put('ca.crt', material.roots),
    });
    this.child = spawn(findBinary('nats-server'), ['--config', put('nats.conf', config)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, POD_NAME: name },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** The names of the servers that it has routes with. */
  async peers(): Promise<string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.monitoring}/routez`);
    const { routes } = (await answer.json()) as { routes?: Route[] };
    return [...new Set((routes ?? []).map(({ remote_name }) => remote_name))].sort();
  }

  async healthy(query = ''): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.ports.monitoring}/healthz${query}`)).ok;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (let reason = 'not yet'; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      if (await holds()) return;
    } catch (error) {
      reason = String(error);
    }
    if (Date.now() > deadline) throw new Error(`${what}: ${reason}`);
  }
}

describe('three NATS servers with the configuration of the manifests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-nats-cluster-'));
  const authority = new TrialAuthority();
  const servers: ClusterServer[] = [];
  const started: ClusterServer[] = [];
  let routes: string[] = [];

  const ports = async (): Promise<ClusterServer['ports']> => ({
    client: await freePort(),
    route: await freePort(),
    monitoring: await freePort(),
  });
  const start = (
    name: string,
    material: TlsMaterial,
    own: ClusterServer['ports'],
    others: readonly string[],
  ): ClusterServer => {
    const server = new ClusterServer(name, folder, material, own, others);
    started.push(server);
    return server;
  };
  const client = (account: string): Promise<NatsConnection> => {
    const { key, chain, roots } = authority.material(`istio-system/${account}`);
    return connect({
      servers: servers.map((server) => `localhost:${server.ports.client}`),
      inboxPrefix: `_INBOX.${account}`,
      tls: { key, cert: chain, ca: roots },
      reconnectTimeWait: 50,
    });
  };

  beforeAll(async () => {
    const all = [await ports(), await ports(), await ports()];
    routes = all.map(({ route }) => `localhost:${route}`);
    for (const [index, own] of all.entries())
      servers.push(start(`nats-${index}`, authority.material('istio-system/nats'), own, routes));
    await until('all servers are healthy', async () =>
      (await Promise.all(servers.map((server) => server.healthy('?js-server-only=true')))).every(Boolean),
    );
  });
  afterAll(async () => {
    await Promise.all(started.map((server) => server.kill()));
    rmSync(folder, { recursive: true });
  });

  it('are one cluster, each under the name that its environment gives it', async () => {
    for (const server of servers) {
      const others = servers.filter((other) => other !== server).map((other) => other.name);
      await until(`${server.name} has routes`, async () => (await server.peers()).length >= others.length);
      expect(await server.peers()).toEqual(others);
    }
  });

  it('take no route from a workload, although its certificate is of the same root', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const chain = signLeaf(authority.issuer, {
      publicKey,
      names: { uris: ['spiffe://cluster.local/ns/default/sa/web'] },
      validity: { notBefore: Date.now() - 10_000, notAfter: Date.now() + 600_000 },
    });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const intruder = start('intruder', { key, chain, roots: authority.rootPem }, await ports(), routes);
    const seen = new Set<string>();
    await until('each server has refused the route', async () => {
      for (const server of servers) for (const peer of await server.peers()) seen.add(peer);
      return servers.every(({ ports: { route } }) =>
        new RegExp(`:${route} - .*Authorization Violation`).test(intruder.output),
      );
    });
    expect([...seen].sort()).toEqual(['nats-0', 'nats-1', 'nats-2']);
  });

  it('hold a log of three copies, which the loss of one server does not stop', async () => {
    const galley = await client('galley');
    const manager = await galley.jetstreamManager({ checkAPI: false });
    await until('the servers have a leader', async () => {
      await manager.streams.add({ name: 'MESH_CONFIG', subjects: ['mesh.config.commit'], num_replicas: 3 });
      return true;
    });
    await galley.jetstream().publish('mesh.config.commit', 'one');
    await servers[0]!.kill();
    let sequence = 0;
    await until('a commit is taken', async () => {
      sequence = (await galley.jetstream().publish('mesh.config.commit', 'two', { msgID: 'two' })).seq;
      return true;
    });
    expect(sequence).toBe(2);
    await galley.close();
  });
});
