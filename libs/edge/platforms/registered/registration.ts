import { Health, type Workload as WireWorkload } from '@keelson/api/keelson/workload/v1/workload';
import type { EndpointHealth } from '@keelson/core/mesh';
import { problemError } from '@keelson/core/problems';
import { isIP } from 'node:net';
import type { LeaseContent } from './lease';

const limits = { text: 512, entries: 64, key: 317, value: 253 };

/** Who registers, by the certificate of the stream. */
export interface Registrant {
  namespace: string;
  serviceAccount: string;
}

/** The registrant that a SPIFFE id names, or undefined where it is of another trust domain or form. */
export function registrantOf(spiffeId: string, trustDomain: string): Registrant | undefined {
  const [, domain, namespace, serviceAccount] = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(spiffeId) ?? [];
  if (domain !== trustDomain || namespace === undefined || serviceAccount === undefined) return undefined;
  return { namespace, serviceAccount };
}

/** Checks what an agent says of its workload; throws a ProblemError that names the field. */
export function leaseContentOf(workload: WireWorkload, registrant: Registrant): LeaseContent {
  const uid = text(workload.uid, 'workload.uid', true);
  const address = text(workload.address, 'workload.address', true);
  if (isIP(address) === 0) refuse('workload.address', `${JSON.stringify(address)} is not an IP address`);
  const weight = workload.weight ?? 0;
  return {
    uid,
    cluster: text(workload.cluster, 'workload.cluster'),
    network: text(workload.network, 'workload.network'),
    locality: text(workload.locality, 'workload.locality'),
    namespace: registrant.namespace,
    name: text(workload.name, 'workload.name', true),
    serviceAccount: registrant.serviceAccount,
    address,
    ports: entries(workload.ports, 'workload.ports', (port, field) => {
      if (port < 1 || port > 65_535) refuse(field, `${port} is not a port from 1 to 65535`);
    }),
    labels: entries(workload.labels, 'workload.labels', (value, field) => {
      if (value.length > limits.value) refuse(field, `a label's value is longer than ${limits.value} characters`);
    }),
    weight: weight === 0 ? 1 : weight,
    health: healthOf(workload.health),
  };
}

function healthOf(health: Health | undefined): EndpointHealth {
  switch (health) {
    case undefined:
    case Health.HEALTH_UNSPECIFIED:
    case Health.HEALTHY:
      return 'healthy';
    case Health.DRAINING:
      return 'draining';
    default:
      return 'unhealthy';
  }
}

function text(value: string | undefined, field: string, required = false): string {
  const given = value ?? '';
  if (required && given === '') refuse(field, 'is missing');
  if (given.length > limits.text) refuse(field, `is longer than ${limits.text} characters`);
  return given;
}

function entries<T>(
  record: Record<string, T> | undefined,
  field: string,
  check: (value: T, field: string) => void,
): Record<string, T> {
  const given = Object.entries(record ?? {});
  if (given.length > limits.entries) refuse(field, `has more than ${limits.entries} entries`);
  for (const [key, value] of given) {
    if (key === '' || key.length > limits.key) refuse(field, `a key is empty or longer than ${limits.key} characters`);
    check(value, `${field}[${key}]`);
  }
  return Object.fromEntries(given);
}

function refuse(field: string, message: string): never {
  throw problemError('invalid-value', message, { field });
}
