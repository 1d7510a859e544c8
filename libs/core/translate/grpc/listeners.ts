import type { Scope, Service } from '@keelson/core/mesh';
import { Listener } from '@keelson/api/envoy/config/listener/v3/listener';
import { HttpConnectionManager } from '@keelson/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager';
import type { Built } from '../built';
import { discovered, faults, router } from '../http-connection';
import { outboundCluster } from '../names';
import { provenanceOf } from '../provenance';
import { anyOf } from '../wire';
import { dialledNames, dialledPorts } from './served';

/**
 * The API listeners of a service: what the target `xds:///<name>:<port>` asks for (gRFC A27). There is one for each port and
 * each name that callers can use; all names of a port lead to one route configuration.
 */
export function grpcListeners(scope: Scope, service: Service): Built[] {
  const names = dialledNames(scope, service);
  const provenance = provenanceOf([service.source]);
  return dialledPorts(service).flatMap(({ number }) => {
    const apiListener = { apiListener: manager(outboundCluster(service.hostname, number)) };
    return names.map((host) => {
      const name = `${host}:${number}`;
      return { name, body: Listener.encode({ name, apiListener }).finish(), ...provenance };
    });
  });
}

/** Of a connection manager gRPC reads its filters and where its routes come from. */
function manager(routeConfigName: string) {
  return anyOf(
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    HttpConnectionManager,
    { routeSpecifier: discovered(routeConfigName), httpFilters: [faults, router] },
  );
}
