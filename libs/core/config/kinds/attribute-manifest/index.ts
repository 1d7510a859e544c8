import { AttributeManifest } from '@keelson/api/istio/policy/v1beta1/cfg';
import { ValueType } from '@keelson/api/istio/policy/v1beta1/value_type';
import { childPath } from '@keelson/core/problems';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { policy } from '../groups';

const served: Served = { revision: true, name: true, attributes: { description: true, valueType: true } };

/** Attributes that proxies and services may tell Mixer, with their types. */
export const attributeManifest = defineKind<AttributeManifest>({
  ...policy,
  kind: 'attributemanifest',
  plural: 'attributemanifests',
  collection: 'istio/policy/v1beta1/attributemanifests',
  typeName: 'istio.policy.v1beta1.AttributeManifest',
  served,
  decode: (bytes) => AttributeManifest.decode(bytes),
  validate: ({ spec }, _, findings) => {
    for (const [name, { valueType }] of Object.entries(spec.attributes ?? {})) {
      const field = childPath('spec.attributes', name);
      if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(name))
        findings.add(field, `${JSON.stringify(name)} is not the name of an attribute`);
      if ((valueType ?? ValueType.VALUE_TYPE_UNSPECIFIED) === ValueType.VALUE_TYPE_UNSPECIFIED)
        findings.add(`${field}.valueType`, 'is missing');
    }
  },
});
