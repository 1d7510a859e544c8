import { MeshConfig } from '@keelson/api/istio/mesh/v1alpha1/config';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import type { Served } from '../../served';
import { isIP } from '../../rules/addresses';
import { isDnsLabel, isHostName } from '../../rules/names';

const served: Served = {
  trustDomain: true,
  rootNamespace: true,
  accessLogFile: true,
  accessLogFormat: true,
  accessLogEncoding: true,
  mixerCheckServer: true,
  mixerReportServer: true,
  disablePolicyChecks: true,
  policyCheckFailOpen: true,
  disableMixerHttpReports: true,
  outboundTrafficPolicy: { mode: ['REGISTRY_ONLY', 'ALLOW_ANY'] },
};

/** Settings of the mesh as an object of the log: there is one. */
export const meshConfig = defineKind<MeshConfig>({
  kind: 'MeshConfig',
  group: 'mesh.istio.io',
  versions: ['v1alpha1'],
  plural: 'meshconfigs',
  collection: 'istio/mesh/v1alpha1/MeshConfig',
  typeName: 'istio.mesh.v1alpha1.MeshConfig',
  served,
  decode: (bytes) => MeshConfig.decode(bytes),
  validate,
});

function validate({ name, namespace, spec }: MeshObject<MeshConfig>, scope: NameScope, findings: Findings): void {
  if (name !== 'default') findings.add('metadata.name', 'the settings of the mesh are named default');
  if (namespace !== scope.rootNamespace)
    findings.add('metadata.namespace', `the settings of the mesh live in its root namespace, ${scope.rootNamespace}`);
  if (spec.trustDomain && !isHostName(spec.trustDomain)) findings.add('spec.trustDomain', 'is not a domain name');
  for (const field of ['mixerCheckServer', 'mixerReportServer'] as const) {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(spec[field] ?? '') ?? [];
    if (spec[field] && (!(isHostName(host) || isIP(host)) || Number(port) < 1 || Number(port) > 65_535))
      findings.add(`spec.${field}`, `${JSON.stringify(spec[field])} is not host:port`);
  }
  if (spec.rootNamespace && !isDnsLabel(spec.rootNamespace)) findings.add('spec.rootNamespace', 'is not a namespace');
}
