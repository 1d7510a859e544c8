import { objectTitle, type MeshObject, type ObjectRef } from '@keelson/core/config';
import type { Metadata } from '@keelson/api/envoy/config/core/v3/base';

/** `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`, as Istio names an object in metadata. */
export function configPath(object: MeshObject): string {
  const group = object.apiVersion.split('/')[0] ?? '';
  const kind = object.kind.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase();
  return `/apis/${group}/v1/namespaces/${object.namespace}/${kind}/${object.name}`;
}

/** Metadata under `istio`, read in logs as `%METADATA(ROUTE:istio:config)%`; keys are put in order. */
export function istioMetadata(fields: Readonly<Record<string, string | undefined>>): Metadata | undefined {
  const known = Object.entries(fields)
    .filter((field): field is [string, string] => field[1] !== undefined && field[1] !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return known.length === 0 ? undefined : { filterMetadata: { istio: Object.fromEntries(known) } };
}

/** The objects that made something, each once, for reports. */
export function provenanceOf(objects: readonly (ObjectRef | undefined)[]): { provenance?: string } {
  const titles = objects.filter((object): object is ObjectRef => object !== undefined).map(objectTitle);
  return titles.length === 0 ? {} : { provenance: [...new Set(titles)].join(', ') };
}
