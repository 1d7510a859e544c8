import type { HeaderValueOption } from '@keelson/api/envoy/config/core/v3/base';
import { HeaderValueOption_HeaderAppendAction as Append } from '@keelson/api/envoy/config/core/v3/base';
import {
  Config as HeaderToMetadata,
  Config_ValueType as ValueType,
} from '@keelson/api/envoy/extensions/filters/http/header_to_metadata/v3/header_to_metadata';
import type { VirtualHost } from '@keelson/api/envoy/config/route/v3/route_components';
import type { HttpFilter } from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import type { Scope } from '@keelson/core/mesh';
import { typedConfig } from '../wire';

/** In which a proxy tells the next one, of the same mesh, about its workload; Istio's name for it. */
export const peerHeader = 'x-istio-attributes';
/** Under which Envoy's dynamic metadata have it, for checks and access logs. */
export const peerNamespace = 'istio.mixer';

/**
 * Tells the called workload's proxy about the caller. The text comes from Envoy's own environment, where its agent puts it,
 * so that what is configured is the same for all proxies of a class.
 */
const tellPeer: HeaderValueOption = {
  header: { key: peerHeader, value: '%ENVIRONMENT(ISTIO_ATTRIBUTES)%' },
  appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD,
};

/**
 * What a virtual host does with the header by which proxies tell each other about their workloads: nobody outside of the
 * mesh is told, and a router lets nobody from outside tell.
 */
export function aboutCaller(
  scope: Scope,
  clusters: readonly string[],
): Pick<VirtualHost, 'requestHeadersToAdd' | 'requestHeadersToRemove'> {
  if (scope.tells && clusters.length > 0 && clusters.every((cluster) => leadsIntoMesh(scope, cluster)))
    return { requestHeadersToAdd: [tellPeer] };
  return scope.role === 'router' ? { requestHeadersToRemove: [peerHeader] } : {};
}

function leadsIntoMesh(scope: Scope, cluster: string): boolean {
  return scope.service(cluster.slice(cluster.lastIndexOf('|') + 1))?.location === 'mesh';
}

/** Takes what a caller tells out of the request and into its metadata. */
export const hearPeer: HttpFilter = {
  name: 'envoy.filters.http.header_to_metadata',
  configType: typedConfig('envoy.extensions.filters.http.header_to_metadata.v3.Config', HeaderToMetadata, {
    requestRules: [
      {
        header: peerHeader,
        onHeaderPresent: { metadataNamespace: peerNamespace, key: 'attributes', type: ValueType.STRING },
        remove: true,
      },
    ],
  }),
};
