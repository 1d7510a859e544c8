import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { http } from './http';
import { root } from './test-process';
import type { Workload } from './workload';

/** One of the files that Istio brought for Mixer: `attributes.yaml`, `metrics.yaml`. */
export function istioSample(file: string): string {
  return readFileSync(join(root, 'apps', 'mixer', 'testing', 'mixer-full', file), 'utf8');
}

/** A handler, an instance and a rule between them, all of one name in the root namespace. */
export function policy(
  name: string,
  adapter: string,
  params: string,
  template: string,
  fields: string,
  match: string,
): string {
  return `
apiVersion: config.istio.io/v1alpha2
kind: handler
metadata: { name: ${name}, namespace: istio-system }
spec: { compiledAdapter: ${adapter}, params: ${params} }
---
apiVersion: config.istio.io/v1alpha2
kind: instance
metadata: { name: ${name}, namespace: istio-system }
spec: { compiledTemplate: ${template}, params: ${fields} }
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: { name: ${name}, namespace: istio-system }
spec:
  match: ${match}
  actions: [{ handler: ${name}, instances: [${name}] }]
`;
}

/** A quota of five requests a minute to the paths of a service that begin with `/limited`, for each set of dimensions. */
export function fiveOf(service: string, dimensions: string): string {
  const handler = '{ quotas: [{ name: five.instance.istio-system, maxAmount: 5, validDuration: 60s }] }';
  return `${policy('five', 'memquota', handler, 'quota', `{ dimensions: ${dimensions} }`, "'true'")}---
apiVersion: config.istio.io/v1alpha2
kind: QuotaSpec
metadata: { name: five, namespace: default }
spec: { rules: [{ match: [{ clause: { request.path: { prefix: /limited } } }], quotas: [{ quota: five, charge: 1 }] }] }
---
apiVersion: config.istio.io/v1alpha2
kind: QuotaSpecBinding
metadata: { name: five, namespace: default }
spec: { quotaSpecs: [{ name: five }], services: [{ name: ${service} }] }
`;
}

/** Connections from before a rule serve one request more without it; so many at once use all of them. */
export async function useUpConnections(service: string, ...callers: Workload[]): Promise<void> {
  for (let i = 0; i < 2; i++)
    await Promise.all(callers.flatMap((caller) => Array.from({ length: 100 }, () => caller.call(service))));
}

/** What the agent of a workload counted as a client of Mixer. */
export async function mixerClientCounts(workload: Workload, ...names: string[]): Promise<number[]> {
  const { text } = await http(`http://${workload.address}:15020/stats/prometheus`);
  return names.map((name) =>
    Number(new RegExp(`^keelson_mixer_client_${name}_total (\\d+)$`, 'm').exec(text)?.[1] ?? NaN),
  );
}
