import { ClassScope, inboundScope, type MeshDelta, type MeshModel, type ProxyNode } from '@keelson/core/mesh';
import { typeUrls } from '../built';
import { inboundClusters } from '../clusters/inbound';
import { inboundListeners } from '../listeners/inbound';
import { ClassView, placeKey } from './class-view';
import type { MakeResourceSet, ResourceSet } from './resource-set';

/** The sets that a proxy takes its resources from, by type URL. */
export type ProxySets<S> = ReadonlyMap<string, readonly S[]>;

interface InboundView<S> {
  key: string;
  clusters: S;
  listeners: S;
  users: number;
}

interface Attached<S extends ResourceSet> {
  node: ProxyNode;
  /** Whether the client discovers virtual hosts one by one. */
  hosts: boolean;
  view: ClassView<S>;
  inbound: InboundView<S>;
}

/**
 * Which views there are, and which proxy uses which. A view is made for the first proxy of its class and dropped some
 * time after the last one left.
 */
export class ViewRegistry<S extends ResourceSet> {
  private readonly classes = new Map<string, { view: ClassView<S>; users: number }>();
  private readonly inbounds = new Map<string, InboundView<S>>();
  private readonly attached = new Map<number, Attached<S>>();

  constructor(
    private readonly model: MeshModel,
    private readonly make: MakeResourceSet<S>,
  ) {}

  /** Finds or makes the views of a proxy. `hosts` tells whether it discovers virtual hosts. */
  attach(id: number, node: ProxyNode, hosts: boolean, tick: number): ProxySets<S> {
    const attached = { node, hosts, view: this.viewOf(node, tick), inbound: this.inboundOf(node, tick) };
    this.attached.set(id, attached);
    return this.setsOf(attached, tick);
  }

  detach(id: number): void {
    const attached = this.attached.get(id);
    if (!attached) return;
    this.attached.delete(id);
    this.leave(attached.view.scope.key, attached.inbound);
  }

  /** Drops views that no proxy uses, and the endpoints for places where none is. */
  sweep(): void {
    const places = new Map<ClassView<S>, Set<string>>();
    for (const { view, node } of this.attached.values()) {
      const used = places.get(view);
      if (used) used.add(placeKey(node));
      else places.set(view, new Set([placeKey(node)]));
    }
    for (const [key, { users, view }] of this.classes)
      if (users === 0) this.classes.delete(key);
      else view.keepPlaces(places.get(view) ?? new Set());
    for (const [key, { users }] of this.inbounds) if (users === 0) this.inbounds.delete(key);
  }

  /** Lets all views follow a change; gives the proxies that now take their resources from other sets. */
  follow(tick: number, delta: MeshDelta): Map<number, ProxySets<S>> {
    for (const { view } of this.classes.values()) view.follow(tick, delta);
    const moved = new Map<number, ProxySets<S>>();
    const root = this.model.settings.rootNamespace;
    const everybody = delta.settings || delta.policies.has(root) || delta.sidecars.has(root);
    const own = delta.policies.size + delta.sidecars.size + delta.addresses.size + delta.services.size > 0;
    if (!everybody && !own && !delta.mixer && !delta.gateways) return moved;
    for (const [id, attached] of this.attached) {
      const { node } = attached;
      const concerned =
        everybody ||
        (delta.mixer && node.client.kind !== 'grpc') ||
        delta.policies.has(node.namespace) ||
        delta.sidecars.has(node.namespace) ||
        delta.addresses.has(node.address) ||
        (delta.gateways && node.role === 'router') ||
        this.serves(node, delta);
      if (concerned && this.move(attached, tick)) moved.set(id, this.setsOf(attached, tick));
    }
    return moved;
  }

  private serves(node: ProxyNode, delta: MeshDelta): boolean {
    return (
      delta.services.size > 0 &&
      this.model.services
        .servicesAt(node.address, node.namespace)
        .some((service) => delta.services.has(service.hostname))
    );
  }

  private move(attached: Attached<S>, tick: number): boolean {
    const { view, inbound, node } = attached;
    attached.view = this.viewOf(node, tick);
    attached.inbound = this.inboundOf(node, tick);
    this.leave(view.scope.key, inbound);
    return attached.view !== view || attached.inbound !== inbound;
  }

  private leave(key: string, inbound: InboundView<S>): void {
    const shared = this.classes.get(key);
    if (shared) shared.users--;
    inbound.users--;
  }

  private viewOf(node: ProxyNode, tick: number): ClassView<S> {
    const key = ClassScope.keyOf(this.model, node);
    let shared = this.classes.get(key);
    if (!shared) {
      shared = { view: new ClassView(new ClassScope(this.model, node), this.make, tick), users: 0 };
      this.classes.set(key, shared);
    }
    shared.users++;
    return shared.view;
  }

  private inboundOf(node: ProxyNode, tick: number): InboundView<S> {
    // A gRPC client is given nothing of what its workload serves.
    const scope = node.client.kind === 'grpc' ? undefined : inboundScope(this.model, node);
    // Revision and age tell objects apart but are not translated.
    const key =
      scope === undefined
        ? ''
        : JSON.stringify(scope, (name, value: unknown) =>
            name === 'revision' || name === 'created' ? undefined : value,
          );
    let view = this.inbounds.get(key);
    if (!view) {
      view = {
        key,
        clusters: this.make(typeUrls.cluster, 'inbound'),
        listeners: this.make(typeUrls.listener, 'inbound'),
        users: 0,
      };
      if (scope?.role === 'sidecar') {
        view.clusters.replace(tick, '', inboundClusters(scope));
        view.listeners.replace(tick, '', inboundListeners(scope));
      }
      this.inbounds.set(key, view);
    }
    view.users++;
    return view;
  }

  private setsOf({ node, hosts, view, inbound }: Attached<S>, tick: number): ProxySets<S> {
    const endpoints = view.endpointsAt({ network: node.network, locality: node.locality }, tick);
    return new Map<string, S[]>([
      [typeUrls.cluster, [view.clusters, inbound.clusters]],
      [typeUrls.endpoint, [endpoints]],
      [typeUrls.listener, [view.listeners, inbound.listeners]],
      [typeUrls.route, [hosts ? view.routes : view.routesInline(tick)]],
      [typeUrls.virtualHost, hosts ? [view.hosts] : []],
    ]);
  }
}
