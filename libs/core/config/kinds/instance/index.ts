import { Instance } from '@keelson/api/istio/policy/v1beta1/cfg';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { policy } from '../groups';

const served: Served = { compiledTemplate: true, template: true, params: true };

/** What an adapter is given of a request: expressions in the shape of a template, judged with the vocabulary. */
export const instance = defineKind<Instance>({
  ...policy,
  kind: 'instance',
  plural: 'instances',
  collection: 'istio/policy/v1beta1/instances',
  typeName: 'istio.policy.v1beta1.Instance',
  served,
  decode: (bytes) => Instance.decode(bytes),
  validate: ({ spec }, _, findings) => {
    if (spec.compiledTemplate) return;
    if (spec.template) findings.unsupported('spec.template', 'a template of an adapter in a process of its own');
    else findings.add('spec.compiledTemplate', 'is missing');
  },
});
