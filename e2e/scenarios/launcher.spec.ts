import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EnvoyAdmin } from '../harness/envoy-admin';
import { endLeftovers, processesNaming } from '../harness/leftovers';
import { meshctl, type MeshctlRun } from '../harness/meshctl';
import { Site } from '../harness/site';
import { takesConnections } from '../harness/takes-connections';
import { root } from '../harness/test-process';
import { figure, http, until } from '../harness';

/** `npm start` with addresses of its own. */
class Launcher {
  output = '';
  private readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(flags: readonly string[]) {
    this.child = spawn(process.execPath, [join(root, 'samples', 'bookinfo', 'start.mjs'), ...flags], {
      cwd: root,
      env: { ...process.env, JEST_WORKER_ID: undefined },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async says(text: string, withinMs = 100_000): Promise<void> {
    await until(`npm start says '${text}'`, withinMs, () => {
      if (this.child.exitCode !== null) return 'ended';
      return this.output.includes(text) && 'said';
    }).then((state) => {
      if (state === 'ended') throw new Error(`it ended:\n${this.output}`);
    });
  }
}

describe('npm start', () => {
  const site = Site.claim();
  const dataDir = join(site.folder, 'keelson');
  const loopback = site.address().split('.').slice(0, 3).join('.');
  let flags: string[];
  let httpPort: number;
  let httpsPort: number;
  let metricsPort: string;

  beforeAll(async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    httpPort = await site.port();
    httpsPort = await site.port();
    const named = ['galley', 'mcp', 'pilot', 'citadel', 'citadel-admin', 'nats', 'mixer', 'prometheus'];
    const monitored = ['pilot', 'galley', 'citadel', 'mixer'].map((name) => `${name}-monitoring`);
    const ports = await Promise.all(
      [...named, ...monitored].map(async (name) => `--${name}-port=${await site.port()}`),
    );
    metricsPort = ports.find((flag) => flag.startsWith('--prometheus-port='))?.split('=')[1] ?? '';
    flags = [
      `--data-dir=${dataDir}`,
      `--http-port=${httpPort}`,
      `--https-port=${httpsPort}`,
      `--application-port=${await site.ports(16)}`,
      `--loopback=${loopback}`,
      ...ports,
    ];
  });
  afterAll(() => {
    const left = endLeftovers(site.folder);
    site.release(false);
    expect(left).toEqual([]);
  });

  const run = (...args: string[]): Promise<MeshctlRun> => meshctl(join(dataDir, 'meshctl.json'), root, args);
  const page = (user?: string): ReturnType<typeof http> =>
    http(`http://127.0.0.1:${httpPort}/productpage`, { headers: user === undefined ? {} : { 'end-user': user } });

  it('brings the sample up, serves what is applied, and leaves nothing behind after Ctrl-C', async () => {
    const started = performance.now();
    const launcher = new Launcher(flags);
    await launcher.says('Ctrl-C stops everything.');
    figure('npm start is up after', `${Math.round(performance.now() - started)} ms`);
    try {
      const credential = join(dataDir, 'credentials', 'istio-system', 'bookinfo-credential', 'root.crt');
      const secure = await http(`https://127.0.0.1:${httpsPort}/productpage`, {
        tls: { ca: readFileSync(credential) },
      });
      for (const { status, text } of [await page(), secure]) {
        expect(status).toBe(200);
        for (const part of ['William Shakespeare', 'Reviews served by', 'slapstick']) expect(text).toContain(part);
      }
      // S61: productpage's own address is served by its proxy, to members of the mesh alone.
      await expect(http(`http://${loopback}.1:9080/productpage`)).rejects.toThrow();
      const details = new EnvoyAdmin(`http://${loopback}.2:15000`);
      expect(await details.stat('^listener\\..*_9082\\.ssl\\.handshake$')).toBeGreaterThan(0);
      const applied = await run('apply', '--wait', '-f', join(root, 'samples/bookinfo/try/reviews-jason-v2.yaml'));
      expect(applied).toMatchObject({ code: 0 });
      expect((await page('jason')).text).toContain('reviews-v2');
      expect((await page('anna')).text).toContain('reviews-v1');
      // S47 S13 S11: Mixer's denylist, quota and metrics.
      const denied = await http(`http://127.0.0.1:${httpPort}/productpage`, { headers: { 'user-agent': 'bad-bot' } });
      expect(denied).toMatchObject({
        status: 403,
        text: 'PERMISSION_DENIED:denylist.default:bad-bot is blacklisted',
      });
      const limited = await run('apply', '--wait', '-f', join(root, 'samples/bookinfo/try/ratings-quota.yaml'));
      expect(limited).toMatchObject({ code: 0 });
      await until('ratings is over its quota', 20_000, async () =>
        (await page('jason')).text.includes('Ratings are currently unavailable'),
      );
      const metrics = await until('requests to ratings in the metrics', 20_000, async () => {
        const { text } = await http(`http://127.0.0.1:${metricsPort}/metrics`);
        return text
          .split('\n')
          .find(
            (line) =>
              line.startsWith('istio_requests_total{') && /workload="ratings-v1".*reporter="destination"/.test(line),
          );
      });
      expect(metrics).toContain('connection_security_policy="mutual_tls"');
      const rows = JSON.parse((await run('proxy-status', '-o', 'json')).stdout) as Record<string, unknown>[];
      expect(rows).toHaveLength(7);
      expect(new Set(rows.map(({ revision, acked }) => `${String(revision)} ${String(acked)}`)).size).toBe(1);
      expect(rows.every(({ nack }) => nack === null)).toBe(true);
    } finally {
      launcher.signal('SIGINT');
      await launcher.ended;
    }
    expect(processesNaming(site.folder)).toEqual([]);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
    expect(await takesConnections('127.0.0.1', httpPort)).toBe(false);
  }, 150_000);

  it('leaves nothing behind either when it is stopped while it starts, or killed', async () => {
    const stopped = new Launcher(flags);
    await stopped.says('workloads', 60_000);
    stopped.signal('SIGTERM');
    await stopped.ended;
    expect(processesNaming(site.folder)).toEqual([]);

    const killed = new Launcher(flags);
    await killed.says('galley', 60_000);
    killed.signal('SIGKILL');
    await killed.ended;
    await until('the watchdog has ended everything', 20_000, () => processesNaming(site.folder).length === 0);
  }, 150_000);

  it('ends what was started in the moment of its death, before the watchdog could hear of it', async () => {
    const mark = 'a-launcher-that-died';
    // In `sh -c`, so that what a started process has started bears the mark too.
    const marked = spawn('/bin/sh', ['-c', 'sleep 60 & wait'], { env: { ...process.env, KEELSON_LAUNCHER: mark } });
    const other = spawn('sleep', ['60'], { env: { ...process.env, KEELSON_LAUNCHER: `${mark}-not` } });
    const endOfMarked = once(marked, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const watchdog = spawn(process.execPath, [join(root, 'dist', 'samples', 'launcher', 'watchdog.js'), mark], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const endOfWatchdog = once(watchdog, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    watchdog.stdin.end();
    expect(await endOfMarked).toEqual([null, 'SIGKILL']);
    expect(await endOfWatchdog).toEqual([0, null]);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill('SIGKILL');
  }, 30_000);

  it('names a port that is in use, and the flag that moves it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(httpPort, '127.0.0.1', resolve));
    const launcher = new Launcher(flags);
    const code = await launcher.ended;
    await new Promise((resolve) => holder.close(resolve));
    expect(code).toBe(1);
    expect(launcher.output).toContain(
      `port ${httpPort} on 127.0.0.1 (gateway, HTTP) is in use by process ${process.pid} (`,
    );
    expect(launcher.output).toContain('--http-port');
    expect(processesNaming(site.folder)).toEqual([]);
  }, 60_000);
});
