import { binaryToJson, type JsonObject } from '@keelson/api';
import { typeUrls, type ProxySets } from '@keelson/core/translate';
import type { ResourceLayer } from '@keelson/edge/xds';
import type { ConnectedProxy, Discovery } from './discovery';

/**
 * What a proxy has been given, in the shape of Envoy's `/config_dump`. Virtual hosts stand inside of their route
 * configuration, whether the proxy discovers them one by one or not.
 */
export function configDump(proxy: ConnectedProxy): JsonObject {
  const { sets } = proxy;
  const hosts = hostsByRoute(sets);
  const routes = all(sets, typeUrls.route).map(({ name, version, json }) => ({
    versionInfo: version,
    routeConfig: hosts.has(name)
      ? { ...json, virtualHosts: [...listOf(json.virtualHosts), ...(hosts.get(name) ?? [])] }
      : json,
  }));
  return {
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
        dynamicActiveClusters: all(sets, typeUrls.cluster).map(({ version, json }) => ({
          versionInfo: version,
          cluster: json,
        })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamicListeners: all(sets, typeUrls.listener).map(({ name, version, json }) => ({
          name,
          activeState: { versionInfo: version, listener: json },
        })),
      },
      { '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump', dynamicRouteConfigs: routes },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
        dynamicEndpointConfigs: all(sets, typeUrls.endpoint).map(({ version, json }) => ({
          versionInfo: version,
          endpointConfig: json,
        })),
      },
    ],
  };
}

/** How far each connected proxy is, one row a proxy. */
export function syncStatus(discovery: Discovery): JsonObject[] {
  const { timeline } = discovery;
  return [...discovery.proxies.values()]
    .map(({ node, sent, acked, delta }) => ({
      proxy: node.id,
      type: node.client.kind === 'grpc' ? 'grpc' : node.role,
      namespace: node.namespace,
      cluster: node.cluster,
      envoy: node.client.version,
      mode: delta ? 'delta' : 'sotw',
      revision: timeline.now.revision,
      sent: timeline.at(sent).revision,
      acked: timeline.at(acked).revision,
    }))
    .sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}

interface Dumped {
  name: string;
  version: string;
  json: JsonObject;
}

function all(sets: ProxySets<ResourceLayer>, typeUrl: string): Dumped[] {
  const found: Dumped[] = [];
  for (const layer of sets.get(typeUrl) ?? [])
    for (const name of layer.names()) {
      const resource = layer.get(name);
      if (!resource) continue;
      const json = binaryToJson(typeUrl.slice(typeUrl.indexOf('/') + 1), resource.body);
      found.push({ name, version: resource.version, json: { '@type': typeUrl, ...json } });
    }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function hostsByRoute(sets: ProxySets<ResourceLayer>): Map<string, JsonObject[]> {
  const hosts = new Map<string, JsonObject[]>();
  for (const { name, json } of all(sets, typeUrls.virtualHost)) {
    const host = { ...json };
    delete host['@type'];
    const route = name.slice(0, name.lastIndexOf('/'));
    hosts.set(route, [...(hosts.get(route) ?? []), host]);
  }
  return hosts;
}

function listOf(value: JsonObject[string] | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}
