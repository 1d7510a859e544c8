import { cloneRoot, findBinary } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { Agent } from './agent';
import { get, TestWorkload, until } from './testing/agent-under-test';
import { answeringListener } from './testing/listener';
import { StandInCitadel, StandInPilot, TestRoot } from './testing/stand-in';

const endings: (() => unknown)[] = [];
const identity = 'spiffe://cluster.local/ns/default/sa/web';

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function workload(): Promise<TestWorkload> {
  const made = await TestWorkload.create();
  endings.push(() => {
    made.remove();
  });
  return made;
}

async function start(agent: Agent): Promise<Agent> {
  endings.push(() => agent.stop('SIGTERM'));
  await agent.start();
  return agent;
}

async function pilot(made: StandInPilot, root?: TestRoot, port?: number): Promise<number> {
  endings.push(() => made.stop());
  return made.listen(root, port);
}

function dial(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket);
    });
    socket.on('error', reject);
    endings.push(() => socket.destroy());
  });
}

const serialOf = (socket: TLSSocket): string => socket.getPeerCertificate().serialNumber;

async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString().split('\r\n', 1)[0] ?? '';
}

describe('S1 the agent and a real Envoy, in plaintext', () => {
  test('ready only when the first snapshot was taken, and says what is missing until then', async () => {
    const port = await freePort();
    const served = await freePort();
    const web = await workload();
    await start(web.agent(['--insecure', '--pilot-address', `127.0.0.1:${port}`]));
    await until(async () => (await web.get('readiness', '/healthz/ready')).body.includes('Envoy has no clusters'));
    expect((await web.get('readiness', '/healthz/ready')).status).toBe(503);
    expect((await web.get('metrics', '/healthz')).status).toBe(200);

    const made = new StandInPilot(() => [answeringListener('127.0.0.1', served)]);
    await pilot(made, undefined, port);
    await web.ready();
    expect((await get(served, '/')).body).toBe('hello\n');
    expect(made.nodes[0]).toBe('sidecar~127.0.0.1~web.default~default.svc.cluster.local');

    const metrics = (await web.get('metrics', '/stats/prometheus')).body;
    expect(metrics).toContain('keelson_agent_ready 1');
    expect(metrics).toMatch(/envoy_cluster_upstream_cx_total\{cluster_name="xds-grpc"\} \d/);
    expect(metrics.match(/# TYPE keelson_agent_ready /g)).toHaveLength(1);
  });

  test("the bootstrap is Envoy's: --mode validate takes it as it was written", async () => {
    const web = await workload();
    await start(web.agent(['--insecure', '--pilot-address', '127.0.0.1:1']));
    const file = join(web.dataDir, 'agent', 'bootstrap.json');
    await until(() => statSync(file, { throwIfNoEntry: false }) !== undefined);
    const { stderr, status } = spawnSync(findBinary('envoy'), ['--mode', 'validate', '-c', file, '-l', 'warning']);
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(web.dataDir, 'agent')).mode & 0o777).toBe(0o700);
    expect(statSync(join(web.dataDir, 'agent', 'sds.sock')).mode & 0o777).toBe(0o600);
  });

  test('a port that is taken is named by its flag', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    endings.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const web = await workload();
    const flags = ['--insecure', '--pilot-address', '127.0.0.1:1'];
    const admin = await start(web.agent([...flags, '--admin-port', String(port)]));
    await expect(admin.ended).rejects.toThrow('--admin-port');
    await admin.stop('SIGTERM');
    await expect(start(web.agent([...flags, '--readiness-port', String(port)]))).rejects.toThrow('--readiness-port');
  });

  test('a crashed Envoy is started again', async () => {
    const made = new StandInPilot(() => []);
    const port = await pilot(made);
    const web = await workload();
    await start(web.agent(['--insecure', '--pilot-address', `127.0.0.1:${port}`]));
    await web.ready();
    const first = pidIn(web);
    process.kill(first, 'SIGKILL');
    await until(() => pidIn(web) !== first && pidIn(web) !== 0);
    await web.ready();
    await until(async () => (await web.get('metrics', '/metrics')).body.includes('keelson_agent_envoy_crashes 1'));
  });

  test('S16 Envoy survives its agent: the next one takes it up, and one stops it', async () => {
    const served = await freePort();
    const made = new StandInPilot(() => [answeringListener('127.0.0.1', served)]);
    const port = await pilot(made);
    const web = await workload();
    const flags = ['--insecure', '--pilot-address', `127.0.0.1:${port}`];
    const main = join(cloneRoot() ?? '', 'dist', 'apps', 'agent', 'main.js');
    const first = spawn(process.execPath, [main, ...web.flags(flags)], { stdio: 'ignore' });
    await web.ready();
    const pid = pidIn(web);
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect((await get(served, '/')).status).toBe(200);

    const next = await start(web.agent(flags));
    await web.ready();
    expect(pidIn(web)).toBe(pid);
    await next.stop('SIGTERM');
    expect(await next.ended).toBe(0);
    expect((await get(served, '/')).status).toBe(0);
  });

  test("the application waits for the proxy if told to, and its exit code is the agent's", async () => {
    const port = await freePort();
    const web = await workload();
    const marker = join(web.dataDir, 'started');
    const agent = await start(
      web.agent(
        ['--insecure', '--hold-application', '--pilot-address', `127.0.0.1:${port}`],
        ['sh', '-c', `touch ${marker}; exit 42`],
      ),
    );
    await until(async () => (await web.get('admin', '/ready')).body.includes('PRE_INITIALIZING'));
    expect(statSync(marker, { throwIfNoEntry: false })).toBeUndefined();
    await pilot(new StandInPilot(() => []), undefined, port);
    expect(await agent.ended).toBe(42);
    expect(statSync(marker).isFile()).toBe(true);
    expect((await web.get('admin', '/ready')).status).toBe(0);
  });

  test('signals reach the application, and /quitquitquit ends both', async () => {
    const web = await workload();
    const out = join(web.dataDir, 'out');
    const script = `trap 'echo hup >> ${out}' HUP; trap 'echo term >> ${out}; exit 7' TERM; echo up > ${out}; while :; do sleep 0.05; done`;
    const agent = await start(web.agent(['--insecure', '--pilot-address', '127.0.0.1:1'], ['bash', '-c', script]));
    const said = (): string => (statSync(out, { throwIfNoEntry: false }) ? readFileSync(out, 'utf8') : '');
    await until(() => said() === 'up\n');
    agent.forward('SIGHUP');
    await until(() => said() === 'up\nhup\n');
    expect((await web.get('metrics', '/quitquitquit')).status).toBe(405);
    expect((await web.get('metrics', '/quitquitquit', 'POST')).status).toBe(200);
    expect(await agent.ended).toBe(7);
    expect(said()).toBe('up\nhup\nterm\n');
  });
});

describe('the agent, mutual TLS and secrets', () => {
  async function secured(lifeMs: number, extra: readonly string[], secret: string) {
    const root = new TestRoot();
    const citadel = new StandInCitadel(root, identity, lifeMs);
    endings.push(() => citadel.stop());
    const served = await freePort();
    const made = new StandInPilot(() => [answeringListener('127.0.0.1', served, secret)], 1_500);
    const port = await pilot(made, root);
    const web = await workload();
    const agent = web.agent([
      ...['--citadel-address', await citadel.listen(), '--join-token', citadel.token, '--service-account', 'web'],
      ...['--pilot-address', `127.0.0.1:${port}`, '--ports', 'http=80', '--labels', 'app=web', ...extra],
    ]);
    await start(agent);
    return { root, citadel, served, made, web, agent };
  }

  test('S30 S32 the certificate comes by token, is renewed by itself, and no connection breaks', async () => {
    const { citadel, served, made, web, agent } = await secured(6_000, [], 'default');
    await web.ready();
    expect(made.callers).toEqual([identity]);
    const [old, fresh] = [await dial(served), await dial(served)];
    expect(new X509Certificate(old.getPeerCertificate().raw).subjectAltName).toContain(identity);
    expect(await ask(old)).toBe('HTTP/1.1 200 OK');

    await until(() => citadel.issued.length >= 2);
    expect(citadel.issued.slice(0, 2).map(({ by }) => by)).toEqual(['token', 'certificate']);
    await until(async () => {
      const socket = await dial(served);
      const renewed = serialOf(socket) !== serialOf(fresh);
      socket.destroy();
      return renewed;
    });
    expect(await ask(old)).toBe('HTTP/1.1 200 OK');
    expect(made.nodes).toHaveLength(1);

    const text = web.logLines.join('');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toContain(citadel.token.split('.')[2]);
    await agent.stop('SIGTERM');
  });

  test('the workload is registered when it is ready, and not any more when it stopped', async () => {
    const { made, agent } = await secured(3_600_000, [], 'default');
    const seen: string[] = [];
    made.workloads.onChange(({ put, remove }) => {
      seen.push(...put.map((each) => `+${each.uid} ${each.serviceAccount} ${JSON.stringify(each.ports)}`));
      seen.push(...remove.map((uid) => `-${uid}`));
    });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatch(/^\+default\/.*\/web\/127\.0\.0\.1 web \{"http":80\}$/);
    // Longer than a lease: renewed without a change.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(seen).toHaveLength(1);
    expect(made.workloads.report().leases).toBe(1);
    await agent.stop('SIGTERM');
    await until(() => seen.length === 2);
    expect(seen[1]).toMatch(/^-default\//);
  });

  test('S16 a Pilot that dies is left for another: the stream of configuration and the lease go on', async () => {
    const root = new TestRoot();
    const citadel = new StandInCitadel(root, identity, 3_600_000);
    endings.push(() => citadel.stop());
    const served = await freePort();
    const pilots = [0, 1].map(() => new StandInPilot(() => [answeringListener('127.0.0.1', served, 'default')], 1_500));
    const ports = [await pilot(pilots[0]!, root), await pilot(pilots[1]!, root)];
    const web = await workload();
    await start(
      web.agent([
        ...['--citadel-address', await citadel.listen(), '--join-token', citadel.token, '--ports', 'http=80'],
        ...['--pilot-address', ports.map((port) => `127.0.0.1:${port}`).join(',')],
      ]),
    );
    await web.ready();
    await until(() => pilots.some((each) => each.workloads.report().leases === 1));
    const socket = await dial(served);
    expect(await ask(socket)).toBe('HTTP/1.1 200 OK');
    const [first, second] = [pilots[0]!, pilots[1]!];
    await first.stop();
    await until(() => second.nodes.length > 0 && second.workloads.report().leases === 1);
    expect(await ask(socket)).toBe('HTTP/1.1 200 OK');
    expect((await web.get('readiness', '/healthz/ready')).status).toBe(200);
  });

  test('S26 credentials come from files: absent is no answer, a new file is served at once', async () => {
    const folder = join((await workload()).dataDir, 'credentials');
    const { root, served, web } = await secured(3_600_000, ['--credentials-dir', folder], 'credential://default/web');
    await until(() => web.logLines.some((line) => line.includes('no such credential yet')));
    expect((await web.get('readiness', '/healthz/ready')).status).toBe(503);
    const write = (dns: string): void => {
      const { chain, key } = root.issue({ dns: [dns] });
      mkdirSync(join(folder, 'default', 'web'), { recursive: true });
      writeFileSync(join(folder, 'default', 'web', 'tls.crt'), chain);
      writeFileSync(join(folder, 'default', 'web', 'tls.key'), key);
    };
    write('one.example');
    await web.ready();
    const nameOf = async (): Promise<string> => (await dial(served)).getPeerCertificate().subjectaltname ?? '';
    expect(await nameOf()).toBe('DNS:one.example');
    write('two.example');
    await until(async () => (await nameOf()) === 'DNS:two.example');
  });
});

function pidIn(web: TestWorkload): number {
  try {
    return (JSON.parse(readFileSync(join(web.dataDir, 'agent', 'envoy.json'), 'utf8')) as { pid: number }).pid;
  } catch {
    return 0;
  }
}
