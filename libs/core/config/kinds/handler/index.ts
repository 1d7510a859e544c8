import { Handler } from '@keelson/api/istio/policy/v1beta1/cfg';
import { defineKind } from '../../kind';
import type { Served } from '../../served';
import { policy } from '../groups';

// Beside `compiledAdapter` the older `adapter` says the same and is not looked at.
const served: Served = { compiledAdapter: true, adapter: true, params: true };

/** One of Mixer's adapters with its settings. Which adapters there are, and what their settings mean, is judged with the rules. */
export const handler = defineKind<Handler>({
  ...policy,
  kind: 'handler',
  plural: 'handlers',
  collection: 'istio/policy/v1beta1/handlers',
  typeName: 'istio.policy.v1beta1.Handler',
  served,
  decode: (bytes) => Handler.decode(bytes),
  validate: ({ spec }, _, findings) => {
    if (spec.compiledAdapter) return;
    if (spec.adapter) findings.unsupported('spec.adapter', 'an adapter in a process of its own');
    else findings.add('spec.compiledAdapter', 'is missing');
  },
});
