import { BoundedMap } from '@keelson/edge/service';
import type { CalledService } from './facts';

const known = new BoundedMap<string, CalledService>(4_096);

/** The service of a cluster that is named `outbound|<port>|<subset>|<host>`; undefined for other clusters. */
export function calledService(cluster: string | undefined): CalledService | undefined {
  if (cluster === undefined || !cluster.startsWith('outbound|')) return undefined;
  let service = known.get(cluster);
  if (service !== undefined) return service;
  const host = cluster.split('|')[3] ?? '';
  if (host === '') return undefined;
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\./.exec(host) ?? [];
  service = { host, name: name ?? host, namespace };
  known.set(cluster, service);
  return service;
}
