import { QuotaSpecBinding } from '@keelson/api/istio/mixer/v1/config/client/quota';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { isHostName } from '../../rules/names';
import { policy } from '../groups';

const served: Served = {
  quotaSpecs: { name: true, namespace: true },
  services: { name: true, namespace: true, domain: true, service: true },
};

/** Which services a QuotaSpec is for. */
export const quotaSpecBinding = defineKind<QuotaSpecBinding>({
  ...policy,
  kind: 'QuotaSpecBinding',
  plural: 'quotaspecbindings',
  collection: 'istio/mixer/v1/config/client/quotaspecbindings',
  typeName: 'istio.mixer.v1.config.client.QuotaSpecBinding',
  served,
  decode: (bytes) => QuotaSpecBinding.decode(bytes),
  references: ({ namespace: own, spec }) =>
    (spec.quotaSpecs ?? []).map(({ name = '', namespace }, i) => {
      const title = `QuotaSpec ${namespace ? namespace : own}/${name}`;
      return { field: `spec.quotaSpecs[${i}]`, title, names: [title], required: true };
    }),
  validate: ({ spec }, _, findings) => {
    if ((spec.quotaSpecs ?? []).length === 0) findings.add('spec.quotaSpecs', 'names no QuotaSpec');
    if ((spec.services ?? []).length === 0) findings.add('spec.services', 'names no service');
    for (const [i, { name = '', service = '', namespace = '', domain = '' }] of (spec.services ?? []).entries()) {
      const field = `spec.services[${i}]`;
      if (service === '' && name === '') findings.add(field, 'has neither name nor service');
      else if (service !== '' && name !== '') findings.add(field, 'has name and service, of which only one is allowed');
      else if (service !== '' && service !== '*' && !isHostName(service))
        findings.add(`${field}.service`, `${JSON.stringify(service)} is not a host name`);
      if (service !== '' && (namespace !== '' || domain !== ''))
        findings.add(field, 'a service is a whole host name, without namespace and domain');
    }
  },
});
