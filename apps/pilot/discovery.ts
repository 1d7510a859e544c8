import { status } from '@grpc/grpc-js';
import type { Node } from '@keelson/api/envoy/config/core/v3/base';
import { MeshModel, type MeshDefaults, type MeshDelta, type ProxyNode, type Workload } from '@keelson/core/mesh';
import type { MeshObject, ObjectRef } from '@keelson/core/config';
import { ViewRegistry, type ProxySets } from '@keelson/core/translate';
import type { Logger, PeerIdentity } from '@keelson/edge/service';
import {
  ResourceLayer,
  XdsServer,
  type Progress,
  type RefusedResource,
  type Refusal,
  type XdsHandler,
} from '@keelson/edge/xds';
import { admitProxy } from './admission';
import { Timeline } from './timeline';

/** A NACK with what is known of where it comes from. */
export interface Rejection {
  proxy: string;
  typeUrl: string;
  names: readonly string[];
  message: string;
  provenance: readonly string[];
  revision: string;
}

/** A connected proxy and how far it is, in ticks of the timeline. */
export interface ConnectedProxy {
  node: ProxyNode;
  delta: boolean;
  sets: ProxySets<ResourceLayer>;
  sent: number;
  acked: number;
  /** What it refuses as it is now. */
  refused: readonly RefusedResource[];
  connectedAt: number;
}

export interface DiscoveryEvents {
  moved(proxy: string): void;
  gone(proxy: string): void;
  rejected(rejection: Rejection): void;
  /** A change was folded. */
  changed(type: 'config' | 'workloads'): void;
  /** A proxy acknowledged a change that it was sent, so many seconds after it was folded. */
  converged(seconds: number): void;
}

/** Where model, views and streams meet: each change is folded, followed by the views, and pushed. */
export class Discovery implements XdsHandler {
  readonly timeline = new Timeline(() => this.ticksInUse());
  readonly model: MeshModel;
  readonly xds: XdsServer;
  readonly proxies = new Map<number, ConnectedProxy>();
  private readonly views: ViewRegistry<ResourceLayer>;
  private readonly sweeping: NodeJS.Timeout;

  constructor(
    private readonly defaults: MeshDefaults,
    private readonly events: DiscoveryEvents,
    private readonly log: Logger,
  ) {
    this.model = new MeshModel(defaults);
    this.views = new ViewRegistry(this.model, (typeUrl, label) => new ResourceLayer(typeUrl, label));
    this.xds = new XdsServer(this, {
      onError: (error) => {
        log.error({ err: error }, 'a discovery stream met an error and ends');
      },
    });
    this.sweeping = setInterval(() => {
      this.views.sweep();
    }, 60_000).unref();
  }

  /** Sends every proxy to another replica. */
  endStreams(): void {
    this.xds.stop(status.UNAVAILABLE, 'this replica stops');
  }

  stop(): void {
    clearInterval(this.sweeping);
  }

  /** Takes up configuration at a revision. */
  applyConfig(revision: string, change: { put: readonly MeshObject[]; remove: readonly ObjectRef[] }): void {
    const tick = this.timeline.advance({ revision }, Date.now());
    this.follow(tick, this.model.applyConfig(change));
    this.events.changed('config');
  }

  /** Takes up registered workloads; `sequence` numbers the states of the registry. */
  applyWorkloads(sequence: number, change: { put: readonly Workload[]; remove: readonly string[] }): void {
    const delta = this.model.applyWorkloads(change);
    if (delta.empty) return;
    this.follow(this.timeline.advance({ workloads: sequence }, Date.now()), delta);
    this.events.changed('workloads');
  }

  connect(stream: { id: number; delta: boolean; node: Node; peer: PeerIdentity | undefined; remote: string }): {
    layers: ProxySets<ResourceLayer>;
  } {
    const node = admitProxy(stream.node, stream.peer, this.defaults.trustDomain);
    const { tick } = this.timeline.now;
    const sets = this.views.attach(stream.id, node, stream.delta && node.client.kind === 'envoy', tick);
    this.proxies.set(stream.id, {
      node,
      delta: stream.delta,
      sets,
      sent: 0,
      acked: 0,
      refused: [],
      connectedAt: Date.now(),
    });
    this.log.info({ proxy: node.id, remote: stream.remote, delta: stream.delta }, 'proxy connected');
    this.events.moved(node.id);
    return { layers: sets };
  }

  disconnected(stream: number): void {
    const proxy = this.proxies.get(stream);
    if (!proxy) return;
    this.proxies.delete(stream);
    this.views.detach(stream);
    this.log.info({ proxy: proxy.node.id }, 'proxy disconnected');
    const elsewhere = [...this.proxies.values()].some((other) => other.node.id === proxy.node.id);
    if (!elsewhere) this.events.gone(proxy.node.id);
  }

  nacked(nack: Refusal): void {
    const proxy = this.proxies.get(nack.stream);
    // A response of many is sent again in parts until the culprit stands alone; only that is worth a receipt.
    if (!proxy || !nack.exact) return;
    const { typeUrl, names, message } = nack;
    const provenance = [...new Set(names.flatMap((name) => this.provenanceOf(proxy, typeUrl, name) ?? []))].sort();
    const rejection = {
      proxy: proxy.node.id,
      typeUrl,
      names,
      message,
      provenance,
      revision: this.timeline.at(nack.tick).revision,
    };
    this.log.warn(rejection, 'a proxy refused configuration');
    this.events.rejected(rejection);
  }

  progress(progress: Progress): void {
    const proxy = this.proxies.get(progress.stream);
    if (!proxy) return;
    const moment = this.timeline.at(progress.acked);
    // One that it had passed before stands for ticks that were forgotten: nobody knows when they were folded.
    if (moment.tick > proxy.acked && proxy.acked < proxy.sent && proxy.sent > 0)
      this.events.converged((Date.now() - moment.time) / 1000);
    proxy.sent = progress.sent;
    proxy.acked = progress.acked;
    proxy.refused = progress.refused;
    this.events.moved(proxy.node.id);
  }

  private *ticksInUse(): Generator<number> {
    for (const { sent, acked } of this.proxies.values()) {
      yield sent;
      yield acked;
    }
  }

  private follow(tick: number, delta: MeshDelta): void {
    for (const [id, sets] of this.views.follow(tick, delta)) {
      const proxy = this.proxies.get(id);
      if (proxy) proxy.sets = sets;
      this.xds.setView(id, { layers: sets });
    }
    this.xds.push(tick);
  }

  private provenanceOf(proxy: ConnectedProxy, typeUrl: string, name: string): string | undefined {
    for (const layer of proxy.sets.get(typeUrl) ?? []) {
      const found = layer.get(name)?.provenance;
      if (found) return found;
    }
    return undefined;
  }
}
