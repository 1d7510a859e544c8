import { once } from 'node:events';

import { Client, credentials, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import * as fc from 'fast-check';

import {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@keelson/api/envoy/service/discovery/v3/discovery';

import { XdsRefusal } from './handler';
import { type ResourceLayer } from './layer';
import { type Resource } from './resource';
import { shortTypes } from './testing/clients';
import { ServedLayers } from './testing/served-layers';

const resource = (name: string, body = name): Resource => ({ name, body: Buffer.from(body) });
const path = (method: string) => `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`;
const same = (bytes: Buffer) => bytes;

describe('an xDS server on a socket', () => {
  let served: ServedLayers;
  let client: Client;
  let calls: ClientDuplexStream<Buffer, Buffer>[];

  beforeEach(async () => {
    served = new ServedLayers({
      limits: { subscriptions: 10, nameLength: 20, requestsPerSecond: 200, namesPerSecond: 100, types: 4 },
    });
    await served.listen();
    client = new Client(`127.0.0.1:${served.port}`, credentials.createInsecure());
    calls = [];
  });

  afterEach(async () => {
    for (const call of calls) call.cancel();
    client.close();
    await served.close();
  });

  function open(method = 'DeltaAggregatedResources'): ClientDuplexStream<Buffer, Buffer> {
    const call = client.makeBidiStreamRequest(path(method), same, same);
    call.on('error', () => undefined); // tests that expect one wait for it
    calls.push(call);
    return call;
  }

  function send(call: ClientDuplexStream<Buffer, Buffer>, request: Partial<DeltaDiscoveryRequest>): void {
    call.write(Buffer.from(DeltaDiscoveryRequest.encode({ node: { id: 'proxy' }, ...request }).finish()));
  }

  async function response(call: ClientDuplexStream<Buffer, Buffer>): Promise<DeltaDiscoveryResponse> {
    const [bytes] = (await once(call, 'data')) as [Buffer];
    return DeltaDiscoveryResponse.decode(bytes);
  }

  async function ended(call: ClientDuplexStream<Buffer, Buffer>): Promise<{ code: status; details: string }> {
    const [error] = (await once(call, 'error')) as [ServiceError];
    return { code: error.code, details: error.details };
  }

  it('serves delta, tells of progress, and of the end', async () => {
    const tick = served.change({ cds: { a: [resource('a')] }, lds: { l: [resource('l')] } });
    const call = open();
    for (const type of ['cds', 'lds'] as const) {
      send(call, { typeUrl: shortTypes[type] });
      const { resources, nonce, systemVersionInfo } = await response(call);
      expect(resources).toMatchObject([{ name: type === 'cds' ? 'a' : 'l' }]);
      expect(systemVersionInfo).toBe(String(tick));
      send(call, { typeUrl: shortTypes[type], responseNonce: nonce });
    }
    await served.until(() => served.progressed.acked === tick);
    const next = served.change({ cds: { b: [resource('b')] } });
    const { resources, nonce } = await response(call);
    expect(resources).toMatchObject([{ name: 'b', resource: { typeUrl: shortTypes.cds } }]);
    await served.until(() => served.progressed.sent === next);
    expect(served.progressed.acked).toBe(tick);
    send(call, { typeUrl: shortTypes.cds, responseNonce: nonce });
    await served.until(() => served.progressed.acked === next);
    const [opened] = served.opened;
    expect(opened).toMatchObject({ delta: true, node: { id: 'proxy' }, peer: undefined });
    expect(served.xds.streams()).toMatchObject([{ id: opened?.id, node: 'proxy', sent: next, acked: next }]);
    call.cancel();
    await served.until(() => served.ended.length === 1);
    expect(served.xds.streams()).toEqual([]);
  });

  it('tells of a tick at which nothing of a stream changed', async () => {
    const call = open();
    send(call, { typeUrl: shortTypes.lds });
    const { nonce } = await response(call);
    send(call, { typeUrl: shortTypes.lds, responseNonce: nonce });
    const tick = served.change({ eds: { a: [resource('a')] } });
    await served.until(() => served.progressed.acked === tick);
  });

  it('serves the state of the world', async () => {
    served.change({ cds: { a: [resource('a')] } });
    const call = open('StreamAggregatedResources');
    call.write(Buffer.from(DiscoveryRequest.encode({ node: { id: 'grpc' }, typeUrl: shortTypes.cds }).finish()));
    const [bytes] = (await once(call, 'data')) as [Buffer];
    const { resources, typeUrl } = DiscoveryResponse.decode(bytes);
    expect(typeUrl).toBe(shortTypes.cds);
    expect(resources?.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual(['a']);
    expect(served.opened[0]?.delta).toBe(false);
  });

  it('sends what differs when the view changes, whether a push follows or not', async () => {
    served.change({ cds: { a: [resource('a')], b: [resource('b')] } });
    const call = open();
    send(call, { typeUrl: shortTypes.cds });
    const first = await response(call);
    send(call, { typeUrl: shortTypes.cds, responseNonce: first.nonce });
    const other = new ServedLayers();
    const layer = other.layers.get('cds');
    layer?.replace(0, 'all', [resource('a'), resource('b', 'changed')]);
    served.xds.setView(1, { layers: new Map([[shortTypes.cds, [layer as ResourceLayer]]]) });
    const second = await response(call);
    expect(second.resources?.map(({ name }) => name)).toEqual(['b']);
    other.xds.stop(status.OK, '');
  });

  it('ends a stream as the handler says', async () => {
    served.connect = () => {
      throw new XdsRefusal(status.PERMISSION_DENIED, 'not you');
    };
    const call = open();
    send(call, { typeUrl: shortTypes.cds });
    expect(await ended(call)).toEqual({ code: status.PERMISSION_DENIED, details: 'not you' });
    expect(served.ended).toEqual([]);
  });

  it('ends a stream when told', async () => {
    const call = open();
    send(call, { typeUrl: shortTypes.cds });
    await response(call);
    served.xds.close(1, status.UNAVAILABLE, 'moved');
    expect(await ended(call)).toEqual({ code: status.UNAVAILABLE, details: 'moved' });
    expect(served.ended).toEqual([1]);
  });

  it('keeps an error of the handler to its stream', async () => {
    const good = open();
    send(good, { typeUrl: shortTypes.cds });
    const { nonce } = await response(good);
    send(good, { typeUrl: shortTypes.cds, responseNonce: nonce });
    served.connect = () => {
      throw new TypeError('a bug');
    };
    const bad = open();
    send(bad, { typeUrl: shortTypes.cds });
    expect((await ended(bad)).code).toBe(status.INTERNAL);
    expect(served.errors).toMatchObject([{ message: 'a bug' }]);
    served.change({ cds: { a: [resource('a')] } });
    expect((await response(good)).resources).toHaveLength(1);
  });

  describe('hostile clients', () => {
    const many = Array.from({ length: 11 }, (_, i) => `n${i}`);
    const hostile: [string, status, (call: ClientDuplexStream<Buffer, Buffer>) => void][] = [
      [
        'no node',
        status.INVALID_ARGUMENT,
        (call) => {
          send(call, { typeUrl: shortTypes.cds, node: undefined });
        },
      ],
      [
        'no type',
        status.INVALID_ARGUMENT,
        (call) => {
          send(call, { node: { id: 'p' } });
        },
      ],
      ['a truncated request', status.INVALID_ARGUMENT, (call) => void call.write(Buffer.from([0x0a, 0x7f, 1]))],
      [
        'a long name',
        status.INVALID_ARGUMENT,
        (call) => {
          send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: ['x'.repeat(21)] });
        },
      ],
      [
        'a name with a line feed',
        status.INVALID_ARGUMENT,
        (call) => {
          send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: ['a\nb'] });
        },
      ],
      [
        'many names at once',
        status.INVALID_ARGUMENT,
        (call) => {
          send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: many });
        },
      ],
      [
        'many names one by one',
        status.INVALID_ARGUMENT,
        (call) => {
          for (const name of many) send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: [name] });
        },
      ],
      [
        'many types',
        status.INVALID_ARGUMENT,
        (call) => {
          for (const typeUrl of many) send(call, { typeUrl });
        },
      ],
      [
        'a flood',
        status.RESOURCE_EXHAUSTED,
        (call) => {
          for (let i = 0; i < 500; i++) send(call, { typeUrl: shortTypes.cds });
        },
      ],
      [
        'few requests, each of which changes a large subscription',
        status.RESOURCE_EXHAUSTED,
        (call) => {
          send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: many.slice(0, 9) });
          for (let i = 0; i < 100; i++)
            send(call, {
              typeUrl: shortTypes.eds,
              resourceNamesSubscribe: [`x${i}`],
              resourceNamesUnsubscribe: [`x${i - 1}`],
            });
        },
      ],
    ];

    it.each(hostile)('%s', async (_, code, attack) => {
      const call = open();
      const end = ended(call);
      call.resume();
      attack(call);
      expect((await end).code).toBe(code);
      expect(served.errors).toEqual([]);
    });

    it('none of them are proxies that begin with thousands of names, and change some at the same time', async () => {
      await served.close();
      served = new ServedLayers();
      const port = await served.listen();
      client.close();
      client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
      const names = Array.from({ length: 3_000 }, (_, i) => `n${i}`);
      served.change({ eds: { last: [resource('x29')] } });
      const proxies = Array.from({ length: 10 }, () => open());
      const all = proxies.map(async (call) => {
        send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: names });
        const { nonce } = await response(call);
        send(call, { typeUrl: shortTypes.eds, responseNonce: nonce });
        const answer = new Promise<boolean>((resolve) => {
          call.on('data', (bytes: Buffer) => {
            const { resources, nonce: next } = DeltaDiscoveryResponse.decode(bytes);
            send(call, { typeUrl: shortTypes.eds, responseNonce: next });
            if (resources?.[0]?.name === 'x29') resolve(true);
          });
          call.on('error', () => {
            resolve(false);
          });
        });
        for (let i = 0; i < 30; i++) send(call, { typeUrl: shortTypes.eds, resourceNamesSubscribe: [`x${i}`] });
        return answer;
      });
      expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
    });

    it('any bytes: the stream ends with a status, and others go on', async () => {
      const good = open();
      send(good, { typeUrl: shortTypes.cds });
      const { nonce } = await response(good);
      send(good, { typeUrl: shortTypes.cds, responseNonce: nonce });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 4 }), async (frames) => {
          const call = open(frames.length % 2 === 0 ? 'DeltaAggregatedResources' : 'StreamAggregatedResources');
          const end = new Promise((resolve) => call.on('status', resolve));
          call.resume();
          for (const frame of frames) call.write(Buffer.from(frame));
          call.end();
          await end;
          expect(served.errors).toEqual([]);
        }),
        { numRuns: 60 },
      );
      served.change({ cds: { a: [resource('a')] } });
      expect((await response(good)).resources).toHaveLength(1);
    });
  });
});
