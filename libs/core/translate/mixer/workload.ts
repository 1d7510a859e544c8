import type { Endpoint } from '@keelson/core/mesh';

/** Where an endpoint's metadata say which workload it is, as Istio has it. */
export const workloadKey = { namespace: 'istio', key: 'workload' } as const;

/** Tells by an endpoint which workload it is: `name;namespace;app;version;cluster`, Istio's format. */
export function workloadMetadata({ namespace, labels, workload }: Endpoint): Record<string, Record<string, string>> {
  const { app = '', version = '' } = labels;
  const text = [workload?.name ?? '', namespace, app, version, workload?.cluster ?? ''].join(';');
  return { [workloadKey.namespace]: { [workloadKey.key]: text } };
}
