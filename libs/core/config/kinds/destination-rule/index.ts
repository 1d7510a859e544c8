import { DestinationRule } from '@keelson/api/istio/networking/v1alpha3/destination_rule';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import { fullHostName } from '../../names';
import type { MeshObject } from '../../object';
import { providedSubset, referenceToHost } from '../../provided';
import { checkExportTo } from '../../rules/export-to';
import { checkLabels } from '../../rules/labels';
import { checkHostPattern, isDnsLabel } from '../../rules/names';
import { Repeated } from '../../rules/repeated';
import { networking } from '../groups';
import { served } from './served';
import { checkTrafficPolicy } from './traffic-policy';

/** How a service is called: its subsets, and how connections to it are made. */
export const destinationRule = defineKind<DestinationRule>({
  ...networking,
  kind: 'DestinationRule',
  plural: 'destinationrules',
  collection: 'istio/networking/v1alpha3/destinationrules',
  typeName: 'istio.networking.v1alpha3.DestinationRule',
  served,
  decode: (bytes) => DestinationRule.decode(bytes),
  validate,
  provides: ({ namespace, spec }, { domainSuffix }) => {
    const host = fullHostName(spec.host ?? '', namespace, domainSuffix);
    return (spec.subsets ?? []).map((subset) => providedSubset(host, subset.name ?? ''));
  },
  references: ({ namespace, spec }, { domainSuffix }) => {
    const host = fullHostName(spec.host ?? '', namespace, domainSuffix);
    return host.startsWith('*') ? [] : [referenceToHost('spec.host', host)];
  },
});

function validate({ namespace, spec }: MeshObject<DestinationRule>, _: NameScope, findings: Findings): void {
  checkHostPattern(findings, 'spec.host', spec.host);
  checkTrafficPolicy(findings, 'spec.trafficPolicy', spec.trafficPolicy);
  const names = new Repeated(findings, 'subset');
  for (const [i, subset] of (spec.subsets ?? []).entries()) {
    const field = `spec.subsets[${String(i)}]`;
    if (!isDnsLabel(subset.name ?? ''))
      findings.add(`${field}.name`, `${JSON.stringify(subset.name ?? '')} is not the name of a subset`);
    names.check(`${field}.name`, subset.name);
    checkLabels(findings, `${field}.labels`, subset.labels);
    checkTrafficPolicy(findings, `${field}.trafficPolicy`, subset.trafficPolicy);
  }
  checkExportTo(findings, spec.exportTo, namespace, false);
}
