import type { Scope, Service, ServicePort } from '@keelson/core/mesh';
import { shortForms } from '../routes/domains';

/** The ports of a service that a gRPC client can dial by name; a host with a wildcard is no name. */
export function dialledPorts(service: Service): readonly ServicePort[] {
  return service.hostname.startsWith('*') ? [] : service.ports.filter((port) => port.protocol !== 'UDP');
}

/** The names by which callers of a scope may dial a service; of a short one that several have, one of them gets the calls. */
export function dialledNames(scope: Scope, service: Service): string[] {
  return [service.hostname, ...shortForms(scope, service)];
}

/** Whether a cluster, `outbound|<port>|<subset>|<host>`, is among those that gRPC clients of a scope are given. */
export function isServed(scope: Scope, cluster: string): boolean {
  const [, port, subset, hostname = ''] = cluster.split('|');
  const service = scope.service(hostname);
  if (service === undefined || !dialledPorts(service).some(({ number }) => String(number) === port)) return false;
  if (subset === '') return true;
  return scope.destinationRule(hostname)?.spec.subsets?.some(({ name }) => name === subset) === true;
}
