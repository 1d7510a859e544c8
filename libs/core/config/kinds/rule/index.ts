import { Rule } from '@keelson/api/istio/policy/v1beta1/cfg';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { policy } from '../groups';

const headers = { name: true, values: true, operation: ['REPLACE', 'REMOVE', 'APPEND'] } as const;
const served: Served = {
  match: true,
  actions: { handler: true, instances: true, name: true },
  requestHeaderOperations: headers,
  responseHeaderOperations: headers,
};

/** Which instances go to which handlers, for requests that match. Its expression and its names are judged with all others. */
export const rule = defineKind<Rule>({
  ...policy,
  kind: 'rule',
  plural: 'rules',
  collection: 'istio/policy/v1beta1/rules',
  typeName: 'istio.policy.v1beta1.Rule',
  served,
  decode: (bytes) => Rule.decode(bytes),
  validate: ({ spec }, _, findings) => {
    for (const [i, { handler = '' }] of (spec.actions ?? []).entries())
      if (handler === '') findings.add(`spec.actions[${i}].handler`, 'is missing');
  },
});
