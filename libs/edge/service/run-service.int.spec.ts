import { Module } from '@nestjs/common';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commonSettings } from './component-settings';
import { grpcMethod, rawCodec } from './grpc-method';
import { channelCredentials } from './grpc-credentials';
import { GrpcClient } from './grpc-client';
import { GrpcServer } from './grpc-server';
import { type Runtime } from './runtime';
import { startService, type ServiceOptions } from './run-service';
import { settings, type SettingValues } from './settings';

@Module({})
class Wiring {}

const spec = settings({ ...commonSettings, monitoringPort: { type: 'number', default: 0, help: 'Port.' } });
type Values = SettingValues<typeof spec.declarations>;

const echo = { echo: grpcMethod('/test.Echo/Echo', 'unary', rawCodec, rawCodec) };

function service(use: (runtime: Runtime<Values>) => void): ServiceOptions<typeof spec.declarations> {
  return {
    name: 'trial',
    settings: spec,
    monitoringPort: (values) => values.monitoringPort,
    module: (runtime) => {
      use(runtime);
      return { module: Wiring };
    },
  };
}

describe('a service', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'service-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const flags = (): string[] => ['--data-dir', join(dir, 'data'), '--log-level', 'silent'];

  it('starts the servers that its modules registered, and stops them', async () => {
    let port = 0;
    const events: string[] = [];
    const running = await startService(
      service((runtime) => {
        const server = new GrpcServer({ log: runtime.log });
        server.addService(echo, { echo: (request) => request });
        runtime.openDataDir();
        runtime.onStop(() => void events.push('ending'));
        runtime.serve({
          name: 'grpc',
          start: async () => {
            port = await server.listen({ host: '127.0.0.1', port: 0 });
          },
          stop: async () => {
            await server.stop();
            events.push('stopped');
          },
        });
      }),
      flags(),
    );
    const client = new GrpcClient(`127.0.0.1:${port}`, channelCredentials(undefined));
    await expect(client.unary(echo.echo, Buffer.from('hello'))).resolves.toEqual(Buffer.from('hello'));
    client.close();
    await expect(
      startService(
        service((runtime) => void runtime.openDataDir()),
        flags(),
      ),
    ).rejects.toThrow('is in use by process');
    expect(await running.stop()).toBe(0);
    expect(events).toEqual(['stopped', 'ending']);
    // The folder is free again.
    const again = await startService(
      service((runtime) => void runtime.openDataDir()),
      flags(),
    );
    await again.stop();
  });

  it('is healthy at once and ready when all its parts are', async () => {
    let seen: Runtime<Values> | undefined;
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const starting = startService(
      service((runtime) => {
        seen = runtime;
        runtime.serve({ name: 'slow', start: () => blocked, stop: () => undefined });
      }),
      [...flags(), '--monitoring-port', String(port)],
    );
    const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (seen === undefined) setImmediate(look);
        else resolve();
      };
      look();
    });
    expect((await get('/healthz')).status).toBe(200);
    const unready = await get('/readyz');
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({ parts: { startup: { ready: false, reason: 'starting' } } });
    release();
    const running = await starting;
    expect((await get('/readyz')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('process_cpu_user_seconds_total');
    expect((await get('/nothing')).status).toBe(404);
    await running.stop();
  });

  it('names a port that is in use and the flag that changes it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    await expect(
      startService(
        service(() => undefined),
        [...flags(), '--monitoring-port', String(port)],
      ),
    ).rejects.toThrow(`port ${port} on 127.0.0.1 is in use (choose another with --monitoring-port)`);
    await new Promise((resolve) => holder.close(resolve));
  });

  it('gives up its parts when one of them cannot start', async () => {
    const events: string[] = [];
    const starting = startService(
      service((runtime) => {
        runtime.serve({
          name: 'good',
          start: () => void events.push('started'),
          stop: () => void events.push('stopped'),
        });
        runtime.serve({ name: 'bad', start: () => Promise.reject(new Error('no')), stop: () => undefined });
      }),
      flags(),
    );
    await expect(starting).rejects.toThrow('no');
    expect(events).toEqual(['started', 'stopped']);
  });
});
