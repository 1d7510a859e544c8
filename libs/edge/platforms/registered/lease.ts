import { createHash } from 'node:crypto';
import type { EndpointHealth, Workload } from '@keelson/core/mesh';

/** A workload's lease as it is stored, format 1. Times are milliseconds since 1970, for people: judgement never reads them. */
export interface Lease {
  format: 1;
  /** As the agent named it, unique within its namespace. */
  uid: string;
  cluster: string;
  network: string;
  locality: string;
  namespace: string;
  name: string;
  serviceAccount: string;
  address: string;
  ports: Readonly<Record<string, number>>;
  labels: Readonly<Record<string, string>>;
  weight: number;
  health: EndpointHealth;
  renewedAt: number;
}

/** A lease without what a renewal alone changes. */
export type LeaseContent = Omit<Lease, 'format' | 'renewedAt'>;

const healths: readonly EndpointHealth[] = ['healthy', 'unhealthy', 'draining'];

/** The key of a lease: `<namespace>.<hash of uid>`. Keys of the store refuse `:` and `~`, which a uid may have. */
export function leaseKey(namespace: string, uid: string): string {
  return `${namespace}.${createHash('sha256').update(uid).digest('hex').slice(0, 32)}`;
}

/** The stored text of a lease; the same lease is the same text. */
export function encodeLease(content: LeaseContent, renewedAt: number): string {
  return JSON.stringify({ format: 1, ...inOrder(content), renewedAt });
}

/** Reads a stored lease, or gives undefined where the text is of another format: it is left alone then. */
export function decodeLease(text: string): Lease | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isLease(value) ? value : undefined;
}

/** Whether two leases say the same of the workload: a renewal is no change. */
export function sameContent(a: LeaseContent, b: LeaseContent): boolean {
  return JSON.stringify(inOrder(a)) === JSON.stringify(inOrder(b));
}

/** The workload as the model sees it. Its uid carries the namespace, so that no namespace can shadow another's. */
export function workloadOf(lease: Lease): Workload {
  return {
    uid: workloadUid(lease),
    cluster: lease.cluster,
    network: lease.network,
    locality: lease.locality,
    namespace: lease.namespace,
    name: lease.name,
    serviceAccount: lease.serviceAccount,
    address: lease.address,
    ports: lease.ports,
    labels: lease.labels,
    weight: lease.weight,
    health: lease.health,
  };
}

/** The uid under which the model knows a lease: `<namespace>/<uid>`. */
export function workloadUid(lease: Pick<Lease, 'namespace' | 'uid'>): string {
  return `${lease.namespace}/${lease.uid}`;
}

function inOrder(content: LeaseContent): LeaseContent {
  return {
    uid: content.uid,
    cluster: content.cluster,
    network: content.network,
    locality: content.locality,
    namespace: content.namespace,
    name: content.name,
    serviceAccount: content.serviceAccount,
    address: content.address,
    ports: sorted(content.ports),
    labels: sorted(content.labels),
    weight: content.weight,
    health: content.health,
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isLease(value: unknown): value is Lease {
  if (!isRecord(value) || value.format !== 1) return false;
  const texts = ['uid', 'cluster', 'network', 'locality', 'namespace', 'name', 'serviceAccount', 'address'];
  return (
    texts.every((field) => typeof value[field] === 'string') &&
    isRecord(value.ports) &&
    Object.values(value.ports).every((port) => typeof port === 'number') &&
    isRecord(value.labels) &&
    Object.values(value.labels).every((label) => typeof label === 'string') &&
    typeof value.weight === 'number' &&
    typeof value.renewedAt === 'number' &&
    healths.some((health) => health === value.health)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
