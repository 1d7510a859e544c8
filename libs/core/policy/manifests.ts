import type { AttributeManifest } from '@keelson/api/istio/policy/v1beta1/cfg';
import { valueTypes, type ValueType } from '@keelson/core/attributes';
import { childPath, type Problem } from '@keelson/core/problems';
import { titleOf, type PolicyObject } from './object';

const typesByNumber = new Map<number, ValueType>(
  Object.entries(valueTypes).map(([name, number]) => [number, name as ValueType]),
);

/**
 * The attributes that manifests declare, all in one. Two that give a name different types are told; the first by
 * namespace and name counts.
 */
export function mergeManifests(
  manifests: readonly PolicyObject[],
  problems: Problem[],
): ReadonlyMap<string, ValueType> {
  const declared = new Map<string, { type: ValueType; by: PolicyObject }>();
  for (const manifest of manifests) {
    const { attributes = {} } = manifest.spec as AttributeManifest;
    for (const [name, { valueType }] of Object.entries(attributes)) {
      const type = typesByNumber.get(valueType ?? 0);
      const where = { object: titleOf(manifest), field: childPath('spec.attributes', name) };
      const known = declared.get(name);
      if (type === undefined) problems.push({ code: 'invalid-value', message: 'has no valueType', ...where });
      else if (known === undefined) declared.set(name, { type, by: manifest });
      else if (known.type !== type)
        problems.push({
          code: 'duplicate',
          message: `is ${type} here and ${known.type} in ${titleOf(known.by)}, which counts`,
          ...where,
        });
    }
  }
  return new Map([...declared].map(([name, { type }]) => [name, type]));
}
