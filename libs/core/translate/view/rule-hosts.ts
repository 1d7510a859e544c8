import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { MeshObject } from '@keelson/core/config';
import { hostCovers, type ClassScope, type Service } from '@keelson/core/mesh';
import { isHttp } from '../protocol';
import type { Touched } from './class-view';

/** Where hosts are served that no service of their rule gives a port to. */
const usualPort = 80;

/**
 * The hosts that VirtualServices alone name: no service has them. As on Istio they are served on the HTTP ports of the
 * services that the same rule names, and on port 80 where it names none.
 */
export class RuleHosts {
  private readonly ports = new Map<string, ReadonlySet<number>>();

  constructor(private readonly scope: ClassScope) {}

  has(host: string): boolean {
    return this.ports.has(host);
  }

  hosts(): Iterable<string> {
    return this.ports.keys();
  }

  /** The rule of a host on a port; nothing where it is not served there. */
  rule(host: string, port: number): MeshObject<VirtualService> | undefined {
    return this.ports.get(host)?.has(port) === true ? this.scope.virtualServices('mesh', host)[0] : undefined;
  }

  /** Follows a change; gives the hosts that have to be made again or taken away. */
  follow(touched: Touched): Set<string> {
    const changed = new Set<string>();
    for (const host of this.toLookAt(touched)) {
      const ports = this.portsOf(host);
      if (ports.size > 0) this.ports.set(host, ports);
      else if (!this.ports.delete(host)) continue;
      changed.add(host);
    }
    return changed;
  }

  private toLookAt(touched: Touched): Set<string> {
    const { rules } = this.scope.model;
    const hosts = new Set([...touched.routes, ...(touched.all ? this.ports.keys() : [])]);
    // Also rules that lost the service to another: its ports are theirs for the other hosts that they name.
    const touchedRules = touched.all
      ? this.scope.boundTo('mesh')
      : [...touched.services].flatMap((host) => rules.naming(host));
    for (const rule of touchedRules) for (const host of rules.hostsOf(rule)) hosts.add(host);
    return hosts;
  }

  private portsOf(host: string): Set<number> {
    const [rule] = this.scope.virtualServices('mesh', host);
    if (rule === undefined || this.servicesOf(host).length > 0) return new Set();
    const hosts = this.scope.model.rules.hostsOf(rule);
    if (!hosts.includes(host) || (rule.spec.http ?? []).length === 0) return new Set();
    const ports = hosts
      .flatMap((other) => this.servicesOf(other))
      .flatMap((service) => service.ports.filter((port) => isHttp(port.protocol)).map((port) => port.number));
    return new Set(ports.length > 0 ? ports : [usualPort]);
  }

  private servicesOf(host: string): Service[] {
    if (host.startsWith('*')) return this.scope.services().filter((service) => hostCovers(host, service.hostname));
    const service = this.scope.service(host);
    return service === undefined ? [] : [service];
  }
}
