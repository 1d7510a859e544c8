import { Sidecar } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import { checkSelector } from '../../rules/labels';
import type { Served } from '../../served';
import { networking } from '../groups';
import { checkEgress } from './egress';
import { checkIngress } from './ingress';

const port: Served = { number: true, protocol: true, name: true };
const served: Served = {
  workloadSelector: true,
  ingress: { port, bind: true, captureMode: true, defaultEndpoint: true },
  egress: { port, bind: true, captureMode: true, hosts: true },
  outboundTrafficPolicy: { mode: true },
};

/** What proxies beside workloads listen for and what they see of the mesh. */
export const sidecar = defineKind<Sidecar>({
  ...networking,
  kind: 'Sidecar',
  plural: 'sidecars',
  collection: 'istio/networking/v1alpha3/sidecars',
  typeName: 'istio.networking.v1alpha3.Sidecar',
  served,
  decode: (bytes) => Sidecar.decode(bytes),
  validate,
});

function validate({ namespace, spec }: MeshObject<Sidecar>, _: NameScope, findings: Findings): void {
  if (spec.workloadSelector) checkSelector(findings, 'spec.workloadSelector.labels', spec.workloadSelector.labels);
  const { ingress = [], egress = [] } = spec;
  if (ingress.length === 0 && egress.length === 0 && !spec.outboundTrafficPolicy)
    findings.add('spec', 'needs ingress, egress or outboundTrafficPolicy');
  checkIngress(findings, ingress);
  checkEgress(findings, egress, namespace);
}
