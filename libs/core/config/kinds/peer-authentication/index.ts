import { PeerAuthentication } from '@keelson/api/istio/security/v1beta1/peer_authentication';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import { checkSelector } from '../../rules/labels';
import { checkPort } from '../../rules/values';
import type { Served } from '../../served';
import { security } from '../groups';

const served: Served = { selector: true, mtls: true, portLevelMtls: true };

/** Whether workloads take mutual TLS, plaintext or both. */
export const peerAuthentication = defineKind<PeerAuthentication>({
  ...security,
  kind: 'PeerAuthentication',
  plural: 'peerauthentications',
  collection: 'istio/security/v1beta1/peerauthentications',
  typeName: 'istio.security.v1beta1.PeerAuthentication',
  served,
  decode: (bytes) => PeerAuthentication.decode(bytes),
  validate,
});

function validate({ spec }: MeshObject<PeerAuthentication>, _: NameScope, findings: Findings): void {
  const labels = spec.selector?.matchLabels;
  if (spec.selector) checkSelector(findings, 'spec.selector.matchLabels', labels);
  const ports = Object.keys(spec.portLevelMtls ?? {});
  if (ports.length > 0 && Object.keys(labels ?? {}).length === 0)
    findings.add('spec.portLevelMtls', 'needs a selector with labels: ports belong to workloads');
  for (const port of ports) checkPort(findings, `spec.portLevelMtls[${port}]`, Number(port));
}
