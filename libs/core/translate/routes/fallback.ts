import { OutboundTrafficPolicy_Mode } from '@keelson/api/istio/networking/v1alpha3/sidecar';
import { MeshConfig_OutboundTrafficPolicy_Mode } from '@keelson/api/istio/mesh/v1alpha1/config';
import type { Scope } from '@keelson/core/mesh';
import type { VirtualHost } from '@keelson/api/envoy/config/route/v3/route_components';
import { noTimeout } from '../durations';
import { passthrough } from '../names';
import { anyRequest } from './match';

/** Whether traffic to a host that is not in the mesh may go where it wanted: allowed, and known where that is. */
export function passesUnknown(scope: Scope): boolean {
  if (scope.interception === 'NONE') return false;
  const ofSidecar = scope.sidecar?.spec.outboundTrafficPolicy;
  if (ofSidecar !== undefined) return ofSidecar.mode === OutboundTrafficPolicy_Mode.ALLOW_ANY;
  const ofMesh = scope.settings.config.outboundTrafficPolicy;
  return ofMesh === undefined || ofMesh.mode !== MeshConfig_OutboundTrafficPolicy_Mode.REGISTRY_ONLY;
}

/** What a route configuration does with a Host that it does not have. */
export function fallbackHost(scope: Scope): VirtualHost {
  if (passesUnknown(scope))
    return {
      name: 'allow_any',
      domains: ['*'],
      routes: [
        {
          name: 'allow_any',
          match: anyRequest,
          action: {
            $case: 'route',
            value: { clusterSpecifier: { $case: 'cluster', value: passthrough }, timeout: noTimeout },
          },
        },
      ],
      includeRequestAttemptCount: true,
    };
  return {
    name: 'block_all',
    domains: ['*'],
    routes: [{ name: 'block_all', match: anyRequest, action: { $case: 'directResponse', value: { status: 502 } } }],
  };
}
