import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { Resources, RequestResources } from '@keelson/api/istio/mcp/v1alpha1/mcp';
import { BackOff, channelCredentials, createLog, GrpcClient, GrpcServer, Health } from '@keelson/edge/service';
import { connectMcpSink, encodeResource, mcpSourceService, ResourceStore, type Round } from './index';
import { encodeResponse } from './response';
import { resourceSource } from './wire';

const routes = 'istio/networking/v1alpha3/virtualservices';
const rules = 'istio/networking/v1alpha3/destinationrules';
const log = createLog('test', 'silent');

function resource(name: string, version: string): ReturnType<typeof encodeResource> {
  return encodeResource({ name, version, typeUrl: 'type.googleapis.com/test.Kind', body: new Uint8Array([1, 2]) });
}

/** Rounds as they come, to be awaited. */
class Rounds {
  readonly all: Round[] = [];
  private waiting: (() => void)[] = [];

  readonly take = (round: Round): void => {
    this.all.push(round);
    for (const wake of this.waiting.splice(0)) wake();
  };

  async until(condition: (rounds: Round[]) => boolean): Promise<void> {
    while (!condition(this.all)) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

describe('MCP over a real connection', () => {
  const servers: GrpcServer[] = [];
  const stopping = new AbortController();

  async function serve(store: ResourceStore, port = 0): Promise<{ server: GrpcServer; port: number }> {
    const server = new GrpcServer({ log });
    const { methods, handlers } = mcpSourceService({ store });
    server.addService(methods, handlers);
    servers.push(server);
    return { server, port: await server.listen({ host: '127.0.0.1', port }) };
  }

  async function serveForeign(handle: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => void): Promise<number> {
    const server = new GrpcServer({ log });
    server.addService(resourceSource, { EstablishResourceStream: handle });
    servers.push(server);
    return server.listen({ host: '127.0.0.1', port: 0 });
  }

  function follow(port: number, health?: Health): Rounds {
    const rounds = new Rounds();
    connectMcpSink({
      address: `mcp://127.0.0.1:${port}`,
      collections: [routes, rules],
      sinkNode: { id: 'test' },
      onRound: rounds.take,
      log,
      health,
      signal: stopping.signal,
      backOff: new BackOff(5, 50),
    });
    return rounds;
  }

  afterAll(async () => {
    stopping.abort();
    await Promise.all(servers.map((server) => server.stop(0)));
  });

  it('carries commits whole, and outlives its source', async () => {
    const store = new ResourceStore([routes, rules]);
    store.replace('e-1', new Map([[routes, [resource('a/r', 'e-1')]]]));
    const { server, port } = await serve(store);
    const health = new Health();
    const rounds = follow(port, health);
    await rounds.until((all) => all.length === 1);
    expect(rounds.all[0]).toMatchObject({ revision: 'e-1', full: true, synced: true });
    expect(health.ready()).toBe(true);

    store.publish('e-2', [
      { collection: routes, put: [resource('a/r', 'e-2')], remove: [] },
      { collection: rules, put: [resource('a/d', 'e-2')], remove: [] },
    ]);
    await rounds.until((all) => all.at(-1)?.revision === 'e-2');
    expect(rounds.all.at(-1)!.changes.map(({ collection }) => collection)).toEqual([routes, rules]);

    await server.stop(0);
    store.publish('e-3', [{ collection: rules, put: [], remove: ['a/d'] }]);
    const before = rounds.all.length;
    await serve(store, port);
    await rounds.until((all) => all.length > before);
    expect(rounds.all.slice(before)).toMatchObject([
      { revision: 'e-3', full: false, changes: [{ collection: rules, put: [], remove: ['a/d'] }] },
    ]);
    expect(health.ready()).toBe(true);
  });

  it('follows a source that knows no marks and not all collections', async () => {
    const port = await serveForeign((call) => {
      call.on('data', (bytes: Uint8Array) => {
        const { collection = '', responseNonce } = RequestResources.decode(bytes);
        if (collection !== routes) {
          call.emit('error', { code: status.INVALID_ARGUMENT, details: `unsupported collection "${collection}"` });
          return;
        }
        if (responseNonce) return;
        const resources = [resource('a/r', 'v1')];
        call.write(
          encodeResponse({ revision: 'x/1', collection, resources, removed: [], incremental: false, nonce: '1' }),
        );
      });
    });
    const rounds = follow(port);
    await rounds.until((all) => all.length === 1);
    expect(rounds.all[0]).toMatchObject({ revision: 'x/1', full: false, changes: [{ collection: routes }] });
  });

  it('drops a source that sends what is no response, and comes back', async () => {
    let connections = 0;
    const port = await serveForeign((call) => {
      const first = connections++ === 0;
      call.on('data', (bytes: Uint8Array) => {
        const { collection = '', responseNonce } = RequestResources.decode(bytes);
        if (responseNonce) return;
        const parts = { revision: 'e-1', collection, resources: [], removed: [], incremental: true, nonce: collection };
        const whole = encodeResponse(parts);
        if (collection !== routes && collection !== rules) return;
        call.write(first ? whole.subarray(0, whole.length - 3) : whole);
        if (!first) connected();
      });
    });
    let connected: () => void = () => undefined;
    const again = new Promise<void>((resolve) => (connected = resolve));
    const rounds = follow(port);
    await again;
    expect(connections).toBeGreaterThan(1);
    expect(rounds.all).toEqual([]);
  });

  it.each([
    ['bytes that are no request', Buffer.from([0x12, 0x7f, 1])],
    ['an unknown collection', Buffer.from(RequestResources.encode({ collection: 'x/y' }).finish())],
  ])('answers %s with INVALID_ARGUMENT and serves on', async (_, bytes) => {
    const store = new ResourceStore([routes]);
    store.replace('e-1', new Map());
    const { port } = await serve(store);
    const client = new GrpcClient(`127.0.0.1:${port}`, channelCredentials(undefined));
    const bad = client.bidi(resourceSource.EstablishResourceStream);
    const ended = new Promise<{ code: number }>((resolve) => bad.on('error', resolve));
    bad.on('data', () => undefined);
    bad.write(bytes);
    expect((await ended).code).toBe(status.INVALID_ARGUMENT);

    const good = client.bidi(resourceSource.EstablishResourceStream);
    const answered = new Promise<Uint8Array>((resolve) => good.on('data', resolve));
    good.on('error', () => undefined);
    good.write(RequestResources.encode({ collection: routes }).finish());
    expect(Resources.decode(await answered)).toMatchObject({ collection: routes, systemVersionInfo: 'e-1' });
    good.cancel();
    client.close();
  });
});
