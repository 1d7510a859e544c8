import type { ClassScope } from '@keelson/core/mesh';
import type { Built } from '../built';
import { grpcListeners } from '../grpc/listeners';
import { grpcRouteConfigs } from '../grpc/route-configs';
import type { RouteFollower, Touched } from './class-view';
import { DomainClaims } from './domain-claims';
import type { ResourceSet } from './resource-set';

/** API listeners and route configurations of gRPC clients: each belongs to one service, and is made again with it. */
export class GrpcRoutes<S extends ResourceSet> implements RouteFollower {
  /** Who has a listener's name, where the short names of several services are the same. */
  private readonly claims = new DomainClaims();

  constructor(
    private readonly scope: ClassScope,
    private readonly listeners: S,
    private readonly routes: S,
  ) {}

  follow(tick: number, { services, namesakes, routes }: Touched): void {
    for (const host of new Set([...services, ...namesakes])) this.remakeListeners(tick, host);
    for (const host of routes) this.remakeRoutes(tick, host);
  }

  private remakeListeners(tick: number, host: string): void {
    const made = this.listenersOf(host);
    const names = made.map(({ name }) => name);
    const moved = this.claims.claim(host, names, this.scope.service(host)?.created);
    this.grant(tick, host, made);
    for (const other of moved) this.grant(tick, other, this.listenersOf(other));
  }

  private listenersOf(host: string): Built[] {
    const service = this.scope.service(host);
    return service ? grpcListeners(this.scope, service) : [];
  }

  private grant(tick: number, host: string, made: readonly Built[]): void {
    const granted = new Set(this.claims.granted(host));
    this.listeners.replace(
      tick,
      host,
      made.filter(({ name }) => granted.has(name)),
    );
  }

  private remakeRoutes(tick: number, host: string): void {
    const service = this.scope.service(host);
    this.routes.replace(tick, host, service ? grpcRouteConfigs(this.scope, service) : []);
  }
}
