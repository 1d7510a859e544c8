import { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import { defineKind, type NameScope } from '../../kind';
import type { Findings } from '../../findings';
import type { MeshObject } from '../../object';
import { isIP } from '../../rules/addresses';
import { checkExportTo } from '../../rules/export-to';
import { checkHostPattern, isHostPattern } from '../../rules/names';
import { networking } from '../groups';
import { checkGatewayNames } from './gateways';
import { checkReachable } from './reachable';
import { references } from './references';
import { checkRoute } from './route';
import { served } from './served';

/** Where requests for some hosts go. */
export const virtualService = defineKind<VirtualService>({
  ...networking,
  kind: 'VirtualService',
  plural: 'virtualservices',
  collection: 'istio/networking/v1alpha3/virtualservices',
  typeName: 'istio.networking.v1alpha3.VirtualService',
  served,
  decode: (bytes) => VirtualService.decode(bytes),
  validate,
  references,
});

function validate({ namespace, spec }: MeshObject<VirtualService>, _: NameScope, findings: Findings): void {
  const { hosts = [], gateways = [], http = [] } = spec;
  checkHosts(findings, hosts, gateways.length === 0 || gateways.includes('mesh'));
  checkGatewayNames(findings, 'spec.gateways', gateways);
  if (http.length === 0) findings.add('spec.http', 'at least one route is required');
  for (const [i, route] of http.entries()) checkRoute(findings, `spec.http[${String(i)}]`, route);
  checkReachable(findings, http);
  checkExportTo(findings, spec.exportTo, namespace, false);
}

function checkHosts(findings: Findings, hosts: readonly string[], mesh: boolean): void {
  if (hosts.length === 0) findings.add('spec.hosts', 'at least one host is required');
  for (const [i, host] of hosts.entries()) {
    const field = `spec.hosts[${String(i)}]`;
    if (!isIP(host)) checkHostPattern(findings, field, host);
    if (host === '*' && mesh) findings.add(field, 'every host, *, is allowed at a gateway only, not in the mesh');
    const before = hosts.slice(0, i).find((other) => overlap(host, other));
    if (before !== undefined && isHostPattern(host))
      findings.add(field, `${host} and ${before} are the same hosts`, 'duplicate');
  }
}

function overlap(a: string, b: string): boolean {
  return a === b || covers(a, b) || covers(b, a);
}

function covers(pattern: string, host: string): boolean {
  return pattern.startsWith('*') && host.endsWith(pattern.slice(1));
}
