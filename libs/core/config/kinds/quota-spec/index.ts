import { QuotaSpec } from '@keelson/api/istio/mixer/v1/config/client/quota';
import { RE2JS } from 're2js';
import { defineKind } from '../../kind';
import { childPath } from '@keelson/core/problems';
import type { Served } from '../../served';
import { policy } from '../groups';

const served: Served = {
  rules: { match: { clause: true }, quotas: { quota: true, charge: true } },
};

/** Which quotas a request takes, and how much of each. */
export const quotaSpec = defineKind<QuotaSpec>({
  ...policy,
  kind: 'QuotaSpec',
  plural: 'quotaspecs',
  collection: 'istio/mixer/v1/config/client/quotaspecs',
  typeName: 'istio.mixer.v1.config.client.QuotaSpec',
  served,
  decode: (bytes) => QuotaSpec.decode(bytes),
  provides: ({ namespace, name }) => [`QuotaSpec ${namespace}/${name}`],
  validate: ({ spec }, _, findings) => {
    for (const [i, { match = [], quotas = [] }] of (spec.rules ?? []).entries()) {
      const field = `spec.rules[${i}]`;
      if (quotas.length === 0) findings.add(`${field}.quotas`, 'names no quota');
      for (const [j, { quota = '', charge = 0 }] of quotas.entries()) {
        if (quota === '') findings.add(`${field}.quotas[${j}].quota`, 'is missing');
        if (charge < 0) findings.add(`${field}.quotas[${j}].charge`, 'must not be negative');
      }
      for (const [j, { clause = {} }] of match.entries())
        for (const [name, { matchType }] of Object.entries(clause)) {
          const at = childPath(`${field}.match[${j}].clause`, name);
          if (matchType === undefined) findings.add(at, 'must be exact, prefix or regex');
          else if (matchType.$case === 'regex' && !compiles(matchType.value))
            findings.add(`${at}.regex`, 'is not a regular expression');
        }
    }
  },
});

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
