import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findBinary } from '@keelson/edge/service';
import { freePort } from '@keelson/edge/service/testing';

import { bootstrap, envoyResources } from './testing/envoy-resources';
import { ServedLayers } from './testing/served-layers';

const { cluster, endpoints, host, listener, routes } = envoyResources;

/** A backend that answers with its name, and the port it has. */
async function backend(name: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function get(options: object, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', path, agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('S1 a real Envoy on one delta stream', () => {
  let served: ServedLayers;
  let envoy: ChildProcess;
  let folder: string;
  let admin: string;
  let one: { server: Server; port: number };
  let two: { server: Server; port: number };
  let port: number;
  const ask = async (name: string) => {
    const { status, body } = await get({ port, headers: { host: name } });
    return status === 200 ? body : status;
  };

  beforeAll(async () => {
    [one, two] = [await backend('one'), await backend('two')];
    port = await freePort();
    folder = mkdtempSync(join(tmpdir(), 'xds-'));
    admin = join(folder, 'admin');
    served = new ServedLayers();
    served.change({
      cds: { one: [cluster('one')], two: [cluster('two')] },
      eds: { one: [endpoints('one', one.port)], two: [endpoints('two', two.port)] },
      lds: { http: [listener('http', port, '80')] },
      rds: { 80: [routes('80')] },
      vhds: { a: [host('80', 'a.test', 'one')], b: [host('80', 'b.test', 'two')] },
    });
    await served.listen();
    const config = join(folder, 'bootstrap.json');
    writeFileSync(config, JSON.stringify(bootstrap(served.port, admin)));
    envoy = spawn(
      findBinary('envoy'),
      ['-c', config, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'error', '--drain-time-s', '1'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    await served.until(() => served.progressed.acked === served.tick && versions().length === 5);
  });

  afterAll(async () => {
    envoy.kill('SIGKILL');
    await served.close();
    one.server.close();
    two.server.close();
    rmSync(folder, { recursive: true });
  });

  /** The types that the one stream has. */
  function versions(): string[] {
    return [...new Set(served.xds.streams().flatMap(({ types }) => types.map(({ typeUrl }) => typeUrl)))];
  }

  const acked = (tick: number) => served.until(() => served.progressed.acked >= tick);

  it('serves what the layers hold', async () => {
    expect(await ask('a.test')).toBe('one');
    expect(await ask('b.test')).toBe('two');
    expect(await ask('c.test')).toBe(404);
    expect(served.nacks).toEqual([]);
  });

  it('serves a changed, a new and a removed host', async () => {
    await acked(served.change({ vhds: { a: [host('80', 'a.test', 'two')], c: [host('80', 'c.test', 'one')] } }));
    expect(await ask('a.test')).toBe('two');
    expect(await ask('c.test')).toBe('one');
    await acked(served.change({ vhds: { a: [host('80', 'a.test', 'one')], c: [] } }));
    expect(await ask('a.test')).toBe('one');
    expect(await ask('c.test')).toBe(404);
  });

  it('swaps the cluster under a host without a failed request', async () => {
    const statuses = new Set<string | number>();
    const swap = { on: true };
    const load = (async () => {
      while (swap.on) statuses.add(await ask('b.test'));
    })();
    const tick = served.change({
      cds: { three: [cluster('three')], two: [] },
      eds: { three: [endpoints('three', two.port)], two: [] },
      vhds: { b: [host('80', 'b.test', 'three')] },
    });
    await acked(tick);
    const gone = () => get({ socketPath: admin }, '/clusters').then(({ body }) => !body.includes('two::'));
    while (!(await gone())) await acked(served.tick);
    swap.on = false;
    await load;
    expect([...statuses]).toEqual(['two']);
  });

  it('serves a changed cluster whose endpoints did not change', async () => {
    await acked(served.change({ cds: { one: [cluster('one', '2s')] } }));
    expect(await ask('a.test')).toBe('one');
    const { body } = await get({ socketPath: admin }, '/stats?filter=warming_clusters|cluster.one.warming_state');
    expect(body).toContain('cluster_manager.warming_clusters: 0');
  });

  it('serves a new listener with a route configuration of its own, and takes both away', async () => {
    const other = await freePort();
    served.change({
      lds: { other: [listener('other', other, '81')] },
      rds: { 81: [routes('81')] },
      vhds: { o: [host('81', 'o.test', 'one')] },
    });
    await served.until(() =>
      served.xds.streams().some(({ types }) => types.some(({ scope, acked: tick }) => scope === '81' && tick >= 0)),
    );
    for (;;) {
      const answer = await get({ port: other, headers: { host: 'o.test' } }).catch(() => undefined);
      if (answer === undefined) continue; // the port opens when the hosts have come
      expect(answer).toEqual({ status: 200, body: 'one' });
      break;
    }
    await acked(served.change({ lds: { other: [] }, rds: { 81: [] }, vhds: { o: [] } }));
    expect(await ask('a.test')).toBe('one');
    expect(served.nacks).toEqual([]);
  });

  it('M6 reports the one listener whose port is taken, and takes the others', async () => {
    const good = await freePort();
    const tick = served.change({
      lds: { bad: [listener('bad', one.port, '80')], good: [listener('good', good, '80')] },
    });
    await served.until(() => served.nacks.length > 0);
    expect(served.nacks).toMatchObject([{ names: ['bad'], exact: true, tick }]);
    expect(served.nacks[0]?.message).toMatch(/in use/);
    await acked(tick);
    expect(await get({ port: good, headers: { host: 'a.test' } })).toEqual({ status: 200, body: 'one' });
    await acked(served.change({ lds: { bad: [], good: [] } }));
    served.nacks.length = 0;
  });

  it('finds the refused virtual host, and serves the others', async () => {
    const good = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`g${i}`, [host('80', `g${i}.test`, 'one')]]));
    const tick = served.change({
      vhds: { ...good, y: [host('80', 'z', 'one', 'a.test')] },
    });
    await acked(tick);
    expect(served.nacks.at(-1)).toMatchObject({ names: ['80/z'], exact: true });
    for (const name of Object.keys(good)) expect(await ask(`${name}.test`)).toBe('one');
    expect(await ask('a.test')).toBe('one');
    await acked(served.change({ vhds: { y: [], ...Object.fromEntries(Object.keys(good).map((name) => [name, []])) } }));
    served.nacks.length = 0;
  });

  it('takes leave of the hosts of a listener that has drained', async () => {
    const scopes = () => served.xds.streams().flatMap(({ types }) => types.flatMap(({ scope }) => scope ?? []));
    await served.until(() => scopes().join() === '80');
    const { body } = await get({ socketPath: admin }, '/config_dump');
    expect(body).not.toContain('o.test');
  });

  it('resends nothing on a reconnect', async () => {
    const before = served.xds.work().responses;
    const streams = served.opened.length;
    const { port: same } = served;
    await served.close();
    expect(await ask('a.test')).toBe('one');
    await served.listen(same);
    await served.until(() => served.opened.length > streams && versions().length === 5);
    expect(served.xds.work().responses).toBe(before);
    await acked(served.change({ vhds: { a: [host('80', 'a.test', 'three')] } }));
    expect(await ask('a.test')).toBe('two');
    expect(served.xds.work().responses).toBe(before + 1);
    expect(served.nacks).toEqual([]);
    expect(served.errors).toEqual([]);
  });
});
