import type { VirtualService } from '@keelson/api/istio/networking/v1alpha3/virtual_service';
import type { NameScope, Reference } from '../../kind';
import { fullHostName, resolveGatewayName } from '../../names';
import type { MeshObject } from '../../object';
import { referenceToGateway, referenceToHost, referenceToSubset } from '../../provided';

/** The Gateways, hosts and subsets that a VirtualService names. */
export function references({ namespace, spec }: MeshObject<VirtualService>, scope: NameScope): Reference[] {
  const found = gatewayReferences('spec.gateways', spec.gateways, namespace);
  for (const [i, route] of (spec.http ?? []).entries()) {
    const field = `spec.http[${String(i)}]`;
    for (const [j, match] of (route.match ?? []).entries())
      found.push(...gatewayReferences(`${field}.match[${String(j)}].gateways`, match.gateways, namespace));
    for (const [j, { destination }] of (route.route ?? []).entries()) {
      const at = `${field}.route[${String(j)}].destination`;
      const host = fullHostName(destination?.host ?? '', namespace, scope.domainSuffix);
      found.push(referenceToHost(`${at}.host`, host));
      if (destination?.subset) found.push(referenceToSubset(`${at}.subset`, host, destination.subset));
    }
  }
  return found;
}

function gatewayReferences(field: string, names: readonly string[] | undefined, namespace: string): Reference[] {
  return (names ?? []).flatMap((name, i) => {
    const resolved = resolveGatewayName(name, namespace);
    return resolved === 'mesh' ? [] : [referenceToGateway(`${field}[${String(i)}]`, resolved)];
  });
}
