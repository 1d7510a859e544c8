import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { DeltaDiscoveryRequest } from '@keelson/api/envoy/service/discovery/v3/discovery';
import { clusterType, endpointType, hostType, listenerType, routeType } from '@keelson/edge/xds';
import { discoversHosts, endpointsOf, readResponse, routesOf, type Response } from './wire-fields';

const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const messageHead = 5;
const streamWindow = 8 << 20;
const connectionWindow = 16 << 20;

/** What a proxy keeps of one type of resources. */
class Watch {
  asked = false;
  answered = false;
  names: ReadonlySet<string> = new Set();
  /** Of the names those that were not answered yet. */
  readonly missing = new Set<string>();
}

/** What proxies tell. */
export interface ProxyListener {
  /** A response came, whole. */
  received(proxy: DeltaProxy, response: Response, bytes: Buffer): void;
  failed(error: Error): void;
}

/**
 * A proxy as Pilot sees one, on a connection and a delta stream of its own: it asks for what Envoy asks for and in Envoy's
 * order (clusters, their endpoints, listeners, their routes, virtual hosts where routes leave them to be discovered),
 * acknowledges everything, and keeps only names.
 */
export class DeltaProxy {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #watches = new Map(
    [clusterType, endpointType, listenerType, routeType, hostType].map((typeUrl) => [typeUrl, new Watch()]),
  );
  readonly #endpoints = new Map<string, string>();
  readonly #routes = new Map<string, readonly string[]>();
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    port: number,
    readonly index: number,
    readonly listener: ProxyListener,
  ) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: streamWindow } });
    this.#session.once('connect', () => {
      this.#session.setLocalWindowSize(connectionWindow);
    });
    const failed = (error: Error): void => {
      listener.failed(error);
    };
    this.#session.on('error', failed);
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.#stream.on('error', failed);
    this.#stream.on('end', () => {
      failed(new Error('Pilot ended a stream'));
    });
    this.#stream.on('data', (chunk: Buffer) => {
      try {
        this.#take(chunk);
      } catch (error) {
        failed(error as Error);
      }
    });
    this.#subscribe(clusterType, [], [], node(index));
  }

  close(): void {
    this.#stream.removeAllListeners('end');
    this.#session.destroy();
  }

  /** What it still waits for, in words; "" once it has everything that it asked for. */
  missing(): string {
    for (const [typeUrl, watch] of this.#watches) {
      if (typeUrl === hostType && !watch.asked) continue;
      const none = watch.asked && watch.names.size === 0 && (typeUrl === endpointType || typeUrl === routeType);
      if (!watch.answered && !none) return shortType(typeUrl);
      if (watch.missing.size > 0) return `${watch.missing.size} of ${shortType(typeUrl)}`;
    }
    return '';
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#length < messageHead) return;
      let [first] = this.#chunks;
      if (first === undefined) return;
      if (first.length < messageHead) this.#chunks = [(first = Buffer.concat(this.#chunks))];
      const length = messageHead + first.readUInt32BE(1);
      if (this.#length < length) return;
      const whole = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#length);
      this.#chunks = whole.length === length ? [] : [whole.subarray(length)];
      this.#length -= length;
      this.#receive(whole.subarray(messageHead, length));
    }
  }

  #receive(bytes: Buffer): void {
    const response = readResponse(bytes);
    const { typeUrl, nonce, resources, removed } = response;
    const watch = this.#watch(typeUrl);
    watch.answered = true;
    this.#send({ typeUrl, responseNonce: nonce });
    for (const { name } of resources) watch.missing.delete(name);
    // That there is no such resource is an answer too.
    for (const name of removed) watch.missing.delete(name);
    if (typeUrl === clusterType) {
      for (const resource of resources) {
        const name = endpointsOf(bytes, resource);
        if (name === undefined) this.#endpoints.delete(resource.name);
        else this.#endpoints.set(resource.name, name);
      }
      for (const name of removed) this.#endpoints.delete(name);
      this.#want(endpointType, new Set(this.#endpoints.values()));
    } else if (typeUrl === listenerType) {
      for (const resource of resources) this.#routes.set(resource.name, routesOf(bytes, resource));
      for (const name of removed) this.#routes.delete(name);
      this.#want(routeType, new Set([...this.#routes.values()].flat()));
    } else if (typeUrl === routeType && !this.#watch(hostType).asked) {
      if (resources.some((resource) => discoversHosts(bytes, resource))) this.#subscribe(hostType, [], []);
    }
    const clusters = this.#watch(clusterType);
    if (!this.#watch(listenerType).asked && clusters.answered && this.#watch(endpointType).missing.size === 0)
      this.#subscribe(listenerType, [], []);
    this.listener.received(this, response, bytes);
  }

  #watch(typeUrl: string): Watch {
    const watch = this.#watches.get(typeUrl);
    if (watch === undefined) throw new Error(`Pilot sends ${typeUrl}, which nobody asked for`);
    return watch;
  }

  /** Makes names what the stream is subscribed to, by asking for the difference. */
  #want(typeUrl: string, names: ReadonlySet<string>): void {
    const watch = this.#watch(typeUrl);
    const added = [...names].filter((name) => !watch.names.has(name));
    const dropped = [...watch.names].filter((name) => !names.has(name));
    if (added.length + dropped.length === 0) return;
    watch.names = names;
    for (const name of added) watch.missing.add(name);
    for (const name of dropped) watch.missing.delete(name);
    this.#subscribe(typeUrl, added, dropped);
  }

  #subscribe(typeUrl: string, added: string[], dropped: string[], node?: DeltaDiscoveryRequest['node']): void {
    this.#watch(typeUrl).asked = true;
    this.#send({
      typeUrl,
      resourceNamesSubscribe: added,
      resourceNamesUnsubscribe: dropped,
      ...(node !== undefined && { node }),
    });
  }

  #send(request: DeltaDiscoveryRequest): void {
    const message = DeltaDiscoveryRequest.encode(request).finish();
    const bytes = Buffer.allocUnsafe(messageHead + message.length);
    bytes[0] = 0;
    bytes.writeUInt32BE(message.length, 1);
    bytes.set(message, messageHead);
    this.#stream.write(bytes);
  }
}

function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

/** How a sidecar without an application of its own describes itself. */
function node(index: number): DeltaDiscoveryRequest['node'] {
  const address = `10.250.${Math.floor(index / 250)}.${(index % 250) + 1}`;
  return {
    id: `sidecar~${address}~app-${index}.default~default.svc.cluster.local`,
    cluster: 'bench',
    userAgentName: 'envoy',
    metadata: {
      NAMESPACE: 'default',
      CLUSTER_ID: 'Kubernetes',
      ISTIO_VERSION: '1.31.0',
      MESH_ID: 'cluster.local',
      INTERCEPTION_MODE: 'REDIRECT',
      LABELS: { app: 'client' },
    },
  };
}
